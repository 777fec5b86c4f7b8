using System.Text.Json.Nodes;
using KubeFlex.Controllers.Objects;
using KubeFlex.Machinery.Objects;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Controllers.Namespaces;

/// <summary>Empties a namespace that is being deleted, says in its conditions what remains, and gives it free when nothing does.</summary>
internal sealed class NamespaceController(IControlPlaneAccess access, TimeProvider time)
{
    private const string Finalizer = "kubernetes";

    /// <summary>Looks at one namespace. It is looked at again whenever an object in it goes.</summary>
    public async Task ReconcileAsync(string name, CancellationToken cancellation)
    {
        if (await access.Client.FindAsync(Resources.Namespaces.Named(name), cancellation) is not { } ns) return;
        if (ns["metadata"]?["deletionTimestamp"] is null) return;
        if (ns["spec"]?["finalizers"] is not JsonArray finalizers || !finalizers.Any(f => (string?)f == Finalizer)) return;

        foreach (var kind in (await ContentAsync(name, cancellation)).Select(h => h.Id.Kind).Distinct())
            if (access.Resolve(kind) is { Namespaced: true } r)
                await access.Client.DeleteAsync(r.Collection.In(name), "Background", cancellation);

        var remaining = await ContentAsync(name, cancellation);
        if (remaining.Count == 0)
        {
            ns["spec"]!["finalizers"] = new JsonArray([.. finalizers.Where(f => (string?)f != Finalizer).Select(f => f!.DeepClone())]);
            await access.Client.UpdateAsync(Resources.Namespaces.Named(name).Sub("finalize"), ns, cancellation);
            return;
        }
        await ReportAsync(ns, remaining, cancellation);
    }

    private async Task<List<ObjectHead>> ContentAsync(string name, CancellationToken cancellation) =>
        [.. (await access.SnapshotAsync(cancellation)).Select(o => ObjectHead.Read(o.Span)).OfType<ObjectHead>().Where(h => h.Id.Namespace == name)];

    // Types, reasons and texts of the conditions are those of kube-controller-manager; people and tools read them.
    private async Task ReportAsync(JsonObject ns, List<ObjectHead> remaining, CancellationToken cancellation)
    {
        string Resource(GroupVersionKind kind) => access.Resolve(kind) is { } r
            ? new GroupResource(r.Collection.Group, r.Collection.Resource) is { Group.Length: 0 } core ? $"{core.Resource}." : $"{r.Collection.Resource}.{r.Collection.Group}"
            : kind.Kind;
        var kinds = remaining.GroupBy(h => Resource(h.Id.Kind)).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => $"{g.Key} has {g.Count()} resource instances").ToList();
        var finalizers = remaining.SelectMany(h => h.Finalizers).GroupBy(f => f).OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => $"{g.Key} in {g.Count()} resource instances").ToList();
        var conditions = new JsonArray(
            Condition("NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered", "All resources successfully discovered"),
            Condition("NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions", "All legacy kube types successfully parsed"),
            Condition("NamespaceDeletionContentFailure", false, "ContentDeleted", "All content successfully deleted, may be waiting on finalization"),
            Condition("NamespaceContentRemaining", true, "SomeResourcesRemain", $"Some resources are remaining: {string.Join(", ", kinds)}"),
            finalizers.Count > 0
                ? Condition("NamespaceFinalizersRemaining", true, "SomeFinalizersRemain", $"Some content in the namespace has finalizers remaining: {string.Join(", ", finalizers)}")
                : Condition("NamespaceFinalizersRemaining", false, "ContentHasNoFinalizers", "All content-preserving finalizers finished"));
        if (Same(ns["status"]?["conditions"] as JsonArray, conditions)) return;
        await access.Client.PatchAsync(Resources.Namespaces.Named((string)ns["metadata"]!["name"]!).Sub("status"), PatchKind.Merge,
            new JsonObject { ["status"] = new JsonObject { ["conditions"] = conditions } }, cancellation);
    }

    private JsonObject Condition(string type, bool status, string reason, string message) => new JsonObject
    {
        ["type"] = type,
        ["status"] = status ? "True" : "False",
        ["lastTransitionTime"] = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture),
        ["reason"] = reason,
        ["message"] = message,
    };

    private static bool Same(JsonArray? old, JsonArray now)
    {
        static string Text(JsonArray conditions) => string.Join('\n', conditions.Select(c => $"{c?["type"]}={c?["status"]} {c?["message"]}").Order(StringComparer.Ordinal));
        return old is not null && Text(old) == Text(now);
    }
}
