using System.Text.Json.Nodes;
using KubeFlex.Operator.Hooks;
using KubeFlex.Operator.Hosting;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.ControlPlanes;

/// <summary>What every control plane has, whatever its type: the finalizer, labels of its hooks, and a namespace of its own.</summary>
internal sealed class Foundation(HostingCluster hosting, HookLabels hooks)
{
    /// <summary>Both at once: the namespace bears an owner reference, so it goes even if the finalizer did not come to be.</summary>
    public Task EnsureAsync(ControlPlane cp, CancellationToken cancellation) =>
        Task.WhenAll(EnsureMetadataAsync(cp, cancellation), EnsureNamespaceAsync(cp, cancellation));

    /// <summary>Lets the object go.</summary>
    public async Task DropFinalizerAsync(ControlPlane cp, CancellationToken cancellation)
    {
        try
        {
            await PatchAsync(cp, new JsonObject { ["finalizers"] = Strings(cp.Finalizers.Where(f => f != Names.Finalizer)) }, cancellation);
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            // Gone already: that is what we want.
        }
    }

    private async Task EnsureMetadataAsync(ControlPlane cp, CancellationToken cancellation)
    {
        var patch = new JsonObject();
        if (!cp.HasFinalizer) patch["finalizers"] = Strings(cp.Finalizers.Append(Names.Finalizer));
        if (hooks.Missing(cp) is { Count: > 0 } labels) patch["labels"] = labels;
        if (patch.Count > 0) hosting.ControlPlanes.Observe(await PatchAsync(cp, patch, cancellation));
    }

    // The resource version guards the finalizers, which a merge patch replaces as a whole.
    private Task<JsonObject> PatchAsync(ControlPlane cp, JsonObject metadata, CancellationToken cancellation)
    {
        metadata["resourceVersion"] = cp.ResourceVersion;
        return hosting.Client.PatchAsync(Resources.ControlPlanes.Named(cp.Name), PatchKind.Merge, new JsonObject { ["metadata"] = metadata }, cancellation);
    }

    private async Task EnsureNamespaceAsync(ControlPlane cp, CancellationToken cancellation)
    {
        var there = hosting.Namespaces.Get(null, cp.Namespace);
        if (there is null)
        {
            try
            {
                hosting.Namespaces.Observe(await hosting.Client.CreateAsync(Resources.Namespaces, new JsonObject
                {
                    ["apiVersion"] = "v1",
                    ["kind"] = "Namespace",
                    ["metadata"] = new JsonObject
                    {
                        ["name"] = cp.Namespace,
                        ["annotations"] = new JsonObject { [Names.MadeAsAnnotation] = SpecRules.MadeAs(cp) },
                        ["ownerReferences"] = new JsonArray(cp.OwnerReference()),
                    },
                }, cancellation));
                return;
            }
            catch (KubeApiException e) when (e.IsAlreadyExists)
            {
                there = await hosting.Client.FindAsync(Resources.Namespaces.Named(cp.Namespace), cancellation)
                    ?? throw new ReconcileFailure($"namespace \"{cp.Namespace}\" was just deleted; it will be made anew");
            }
        }
        // Its deletion is watched, so there is no need to try again before.
        if (there["metadata"]?["deletionTimestamp"] is not null)
            throw new ReconcileFailure($"namespace \"{cp.Namespace}\" is being deleted; it will be made anew when it is gone", permanent: true) { PassesByItself = true };
        if (cp.Owns(there)) return;
        var former = ControlPlane.OwnerOf(there) == cp.Name;
        throw new ReconcileFailure(former
            ? $"namespace \"{cp.Namespace}\" belongs to a former control plane of this name; it will be made anew when it is gone"
            : $"metadata.name: namespace \"{cp.Namespace}\" exists and does not belong to this control plane; delete that namespace, or create the control plane under another name", permanent: true) { PassesByItself = former };
    }

    private static JsonArray Strings(IEnumerable<string> values) => new([.. values.Select(v => (JsonNode?)v)]);
}
