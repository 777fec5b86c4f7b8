using System.Text.Json.Nodes;
using KubeFlex.Machinery.Objects;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Hooks;

/// <summary>Deletes the cluster-scoped objects of a control plane's hooks, which its namespace does not take along.</summary>
internal sealed class HookCleanup(HostingCluster hosting)
{
    // What KubeFlex cleans up, whether or not the hooks that made them still exist.
    private static readonly GroupVersionKind[] Always =
    [
        new("rbac.authorization.k8s.io", "v1", "ClusterRole"),
        new("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding"),
        new("apiextensions.k8s.io", "v1", "CustomResourceDefinition"),
    ];

    public async Task RunAsync(ControlPlane cp, CancellationToken cancellation)
    {
        // Those that were taken out of the spec stay in the status, and what they made is still there.
        var named = cp.Hooks.Select(h => h.Name).Concat((cp.Status?["postCreateHooks"] as JsonObject ?? []).Select(h => h.Key)).Distinct().ToList();
        if (named.Count == 0) return;
        foreach (var kind in Always.Concat(KindsOf(named)).Distinct())
        {
            if (await hosting.Discovery.FindAsync(kind, cancellation) is not { Namespaced: false } mapping) continue;
            var list = await hosting.Client.ListAsync(mapping.Collection, $"labelSelector={Uri.EscapeDataString($"{Names.ManagedByLabel}={Names.HookManagedBy}")}", cancellation);
            foreach (var obj in (list["items"] as JsonArray ?? []).OfType<JsonObject>().Where(o => IsOurs(o, cp)))
                await hosting.Client.DeleteAsync(mapping.Collection.Named((string)obj["metadata"]!["name"]!), "Background", cancellation, (string?)obj["metadata"]?["uid"]);
        }
    }

    private IEnumerable<GroupVersionKind> KindsOf(IEnumerable<string> named) =>
        from name in named
        from template in (hosting.Hooks.Get(null, name)?["spec"]?["templates"] as JsonArray ?? []).OfType<JsonObject>()
        let version = GroupVersion.Parse((string?)template["apiVersion"] ?? "")
        where version is not null
        select new GroupVersionKind(version.Value.Group, version.Value.Version, (string?)template["kind"] ?? "");

    /// <summary>Helm marks its own objects the same way: only what bears our field manager was made by a hook.</summary>
    private static bool IsOurs(JsonObject obj, ControlPlane cp) =>
        (string?)obj["metadata"]?["annotations"]?[Names.HookNamespaceAnnotation] == cp.Namespace
        && (obj["metadata"]?["managedFields"] as JsonArray ?? []).Any(f => (string?)f?["manager"] == Names.ManagedBy);
}
