using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Types.External;

/// <summary>A token of the account, and its end as the cluster decided.</summary>
internal sealed record AccountToken(string Token, DateTimeOffset NotAfter);

/// <summary>
/// Our account in an adopted cluster: one ServiceAccount and one ClusterRoleBinding, which all control planes that adopt the cluster share, also those of
/// other KubeFlex servers. Annotations say who does. The binding owns the account: the account cannot delete itself and its rights, but it can delete the
/// binding, and the cluster's garbage collector does the rest.
/// </summary>
internal sealed class AdoptedCluster(KubeClient client)
{
    // The contract's names.
    public const string AccountNamespace = "kube-system", AccountName = "kubeflex", BindingName = "kubeflex-clusterrolebinding";

    private static readonly ResourceRef Account = Resources.ServiceAccounts.In(AccountNamespace).Named(AccountName);
    private static readonly ResourceRef Binding = Resources.ClusterRoleBindings.Named(BindingName);

    /// <summary>Makes both, or joins those that are there. What others made without our marks is used and left as it is.</summary>
    public async Task EnsureAccountAsync(ControlPlane cp, CancellationToken cancellation)
    {
        var binding = await EnsureAsync(cp, Binding, new JsonObject
        {
            ["apiVersion"] = "rbac.authorization.k8s.io/v1",
            ["kind"] = "ClusterRoleBinding",
            ["metadata"] = Metadata(cp, BindingName),
            ["roleRef"] = new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = "ClusterRole", ["name"] = "cluster-admin" },
            ["subjects"] = new JsonArray(new JsonObject { ["kind"] = "ServiceAccount", ["name"] = AccountName, ["namespace"] = AccountNamespace }),
        }, cancellation);
        var account = Metadata(cp, AccountName);
        account["namespace"] = AccountNamespace;
        if (IsAdopter(cp, binding))
        {
            account["ownerReferences"] = new JsonArray(new JsonObject
            {
                ["apiVersion"] = "rbac.authorization.k8s.io/v1",
                ["kind"] = "ClusterRoleBinding",
                ["name"] = BindingName,
                ["uid"] = (string?)binding["metadata"]?["uid"],
            });
        }
        await EnsureAsync(cp, Account, new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ServiceAccount", ["metadata"] = account }, cancellation);
    }

    /// <summary>A token; the cluster may grant less time than asked for.</summary>
    public async Task<AccountToken> RequestTokenAsync(long seconds, CancellationToken cancellation)
    {
        var answer = await client.CreateAsync(Account.Sub("token"), new JsonObject
        {
            ["apiVersion"] = "authentication.k8s.io/v1",
            ["kind"] = "TokenRequest",
            ["metadata"] = new JsonObject(),
            ["spec"] = new JsonObject { ["audiences"] = new JsonArray(), ["expirationSeconds"] = seconds },
        }, cancellation);
        return (string?)answer["status"]?["token"] is { Length: > 0 } token && HostingCluster.ParseTime((string?)answer["status"]?["expirationTimestamp"]) is { } end
            ? new AccountToken(token, end) : throw new KubeApiException(500, null, "its answer to a TokenRequest holds no token");
    }

    /// <summary>Takes our mark away; the last one removes account and binding.</summary>
    public async Task RemoveAccountAsync(ControlPlane cp, CancellationToken cancellation)
    {
        // The account first: with the binding go our rights.
        foreach (var at in (ResourceRef[])[Account, Binding])
        {
            if (await client.FindAsync(at, cancellation) is not { } there || !IsAdopter(cp, there)) continue;
            if (Adopters(there).Count() > 1) await client.PatchAsync(at, PatchKind.Merge, Mark(cp, null), cancellation);
            // The binding takes the account along; one that it does not own was there before it.
            else if (at == Binding || !await OwnedByBindingAsync(there, cancellation)) await client.DeleteAsync(at, "Background", cancellation, (string?)there["metadata"]?["uid"]);
        }
    }

    private async Task<JsonObject> EnsureAsync(ControlPlane cp, ResourceRef at, JsonObject wanted, CancellationToken cancellation)
    {
        if (await client.FindAsync(at, cancellation) is not { } there)
        {
            try
            {
                return await client.CreateAsync(at, wanted, cancellation);
            }
            catch (KubeApiException e) when (e.IsAlreadyExists)
            {
                there = await client.GetAsync(at, cancellation);
            }
        }
        if (at == Binding && ((string?)there["roleRef"]?["name"] != "cluster-admin"
            || !(there["subjects"] as JsonArray ?? []).Any(s => (string?)s?["kind"] == "ServiceAccount" && (string?)s["name"] == AccountName && (string?)s["namespace"] == AccountNamespace)))
        {
            throw new ReconcileFailure($"ClusterRoleBinding \"{BindingName}\" of the cluster to adopt does not bind \"{AccountNamespace}/{AccountName}\" to \"cluster-admin\"; delete it there")
                { Unavailable = true };
        }
        return Adopters(there).Any() && !IsAdopter(cp, there) ? await client.PatchAsync(at, PatchKind.Merge, Mark(cp, cp.Name), cancellation) : there;
    }

    private async Task<bool> OwnedByBindingAsync(JsonObject account, CancellationToken cancellation) =>
        (string?)(account["metadata"]?["ownerReferences"] as JsonArray ?? []).FirstOrDefault()?["uid"] is { } owner
        && await client.FindAsync(Binding, cancellation) is { } binding && (string?)binding["metadata"]?["uid"] == owner;

    private static JsonObject Metadata(ControlPlane cp, string name) => new()
    {
        ["name"] = name,
        ["labels"] = new JsonObject { [Names.ManagedByLabel] = Names.ManagedBy },
        ["annotations"] = new JsonObject { [Names.AdoptedByAnnotation + cp.Uid] = cp.Name },
    };

    private static JsonObject Mark(ControlPlane cp, string? value) =>
        new() { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [Names.AdoptedByAnnotation + cp.Uid] = value } } };

    private static bool IsAdopter(ControlPlane cp, JsonObject obj) => obj["metadata"]?["annotations"]?[Names.AdoptedByAnnotation + cp.Uid] is not null;

    private static IEnumerable<string> Adopters(JsonObject obj) =>
        (obj["metadata"]?["annotations"] as JsonObject ?? []).Select(a => a.Key).Where(k => k.StartsWith(Names.AdoptedByAnnotation, StringComparison.Ordinal));
}
