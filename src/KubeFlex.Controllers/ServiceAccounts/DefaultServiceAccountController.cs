using System.Text.Json.Nodes;
using KubeFlex.Controllers.Objects;
using KubeFlex.Machinery.Objects;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Controllers.ServiceAccounts;

/// <summary>Every active namespace has the service account <c>default</c>.</summary>
internal sealed class DefaultServiceAccountController(IControlPlaneAccess access)
{
    public const string AccountName = "default";

    private static readonly GroupVersionKind Kind = new("", "v1", "ServiceAccount");

    public async Task ReconcileAsync(string ns, CancellationToken cancellation)
    {
        if (await access.HeadAsync(Kind, ns, AccountName, cancellation) is not null || !await access.HasNamespaceAsync(ns, cancellation)) return;
        await access.Client.CreateIfAbsentAsync(Resources.ServiceAccounts.In(ns).Named(AccountName), new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ServiceAccount",
            ["metadata"] = new JsonObject { ["name"] = AccountName, ["namespace"] = ns },
        }, cancellation);
    }
}
