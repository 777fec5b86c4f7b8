using KubeFlex.Operator.Hooks;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Types;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.ControlPlanes;

/// <summary>
/// Takes a control plane apart, from any state of half-creation: cluster-scoped objects of hooks, what the type made outside the namespace
/// (the store of an in-process control plane, say), the namespace, and when all that is gone, the finalizer.
/// </summary>
internal sealed class Deletion(HostingCluster hosting, Foundation foundation, IReadOnlyDictionary<string, IControlPlaneType> types)
{
    private readonly HookCleanup hooks = new(hosting);

    /// <summary>One pass; null when the object is let go, else what is waited for (the watch on namespaces brings us back).</summary>
    public async Task<string?> RunAsync(ControlPlane cp, CancellationToken cancellation)
    {
        // Nothing was ever made under a refused name: what bears it (namespace kube-system!) belongs to others.
        if (ControlPlaneNames.Refusal(cp.Name) is null)
        {
            // Asked live, since half of the states to clean up come from a cache that was late.
            var ns = await hosting.Client.FindAsync(Resources.Namespaces.Named(cp.Namespace), cancellation);
            var foreign = ns is not null && !cp.Owns(ns);
            if (!foreign) await hooks.RunAsync(cp, cancellation);
            // Every type: spec.type may have been another one when things were made.
            foreach (var type in types.Values) await type.DeleteAsync(cp, cancellation);
            if (ns is not null && !foreign)
            {
                var deleted = ns["metadata"]?["deletionTimestamp"] is not null
                    || await hosting.Client.DeleteAsync(Resources.Namespaces.Named(cp.Namespace), "Background", cancellation, (string?)ns["metadata"]?["uid"]);
                // Without content it is gone at once on some servers; ask once more rather than wait for an event that may be past.
                if (deleted && await hosting.Client.FindAsync(Resources.Namespaces.Named(cp.Namespace), cancellation) is not null)
                    return $"waiting for namespace \"{cp.Namespace}\" to be emptied";
            }
            foreach (var type in types.Values)
            {
                if (await type.RemainsAsync(cp, cancellation) is { } remains) return remains;
            }
        }
        await foundation.DropFinalizerAsync(cp, cancellation);
        return null;
    }
}
