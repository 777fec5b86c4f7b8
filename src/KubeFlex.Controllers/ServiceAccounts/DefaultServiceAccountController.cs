using System.Text.Json.Nodes;
using KubeFlex.Controllers.Objects;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Controllers.ServiceAccounts;

/// <summary>Every active namespace has the service account <c>default</c>.</summary>
internal sealed class DefaultServiceAccountController(IControlPlaneAccess access)
{
    public const string AccountName = "default";

    public async Task ReconcileAsync(string ns, CancellationToken cancellation)
    {
        var reference = Resources.ServiceAccounts.In(ns).Named(AccountName);
        if (await access.Client.FindAsync(reference, cancellation) is not null) return;
        if (await access.Client.FindAsync(Resources.Namespaces.Named(ns), cancellation) is not { } owner || owner["metadata"]?["deletionTimestamp"] is not null) return;
        await access.Client.CreateIfAbsentAsync(reference, new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ServiceAccount",
            ["metadata"] = new JsonObject { ["name"] = AccountName, ["namespace"] = ns },
        }, cancellation);
    }
}
