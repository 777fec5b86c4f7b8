using System.Text.Json.Nodes;
using KubeFlex.Controllers.Objects;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Controllers.GarbageCollection;

/// <summary>
/// Deletes objects whose owners are all gone, and finishes foreground and orphaning deletions: the rules of Kubernetes' garbage collector.
/// Level-triggered: each call reads the object and its owners from the API and acts on what is there.
/// </summary>
internal sealed class GarbageCollector(IControlPlaneAccess access, OwnerGraph graph, Action<ObjectId> look)
{
    /// <summary>Looks at one object; running it twice changes nothing.</summary>
    public async Task ReconcileAsync(ObjectId id, CancellationToken cancellation)
    {
        if (await ReadAsync(id, cancellation) is not { } head) return;
        if (head.DeletingAndOrphaning) await OrphanDependentsAsync(head, cancellation);
        else if (head.DeletingInForeground) await AwaitDependentsAsync(head, cancellation);
        if (head.Owners.Count > 0 && (!head.Deleting || head.DeletingInForeground)) await CheckOwnersAsync(head, cancellation);
    }

    private async ValueTask<ObjectHead?> ReadAsync(ObjectId id, CancellationToken cancellation) =>
        await access.HeadAsync(id.Kind, id.Namespace, id.Name, cancellation) is { } head && head.Id.Uid == id.Uid ? head : null;

    private ResourceRef? Reference(ObjectId id) => access.Resolve(id.Kind) is { } r ? r.Collection.In(r.Namespaced ? id.Namespace : null).Named(id.Name) : null;

    private async Task OrphanDependentsAsync(ObjectHead owner, CancellationToken cancellation)
    {
        foreach (var dependent in graph.DependentsOf(owner.Id.Uid))
            await RemoveOwnersAsync(dependent.Id, uid => uid == owner.Id.Uid, cancellation);
        await RemoveFinalizerAsync(owner.Id, Finalizer.Orphan, cancellation);
    }

    private async Task AwaitDependentsAsync(ObjectHead owner, CancellationToken cancellation)
    {
        var blocking = false;
        foreach (var dependent in graph.DependentsOf(owner.Id.Uid))
        {
            if (dependent.Blocks(owner.Id.Uid)) blocking = true;
            look(dependent.Id);
        }
        if (!blocking) await RemoveFinalizerAsync(owner.Id, Finalizer.Foreground, cancellation);
    }

    private async Task CheckOwnersAsync(ObjectHead head, CancellationToken cancellation)
    {
        var solid = 0;
        var waiting = new HashSet<string>(StringComparer.Ordinal);
        var dangling = new HashSet<string>(StringComparer.Ordinal);
        foreach (var owner in head.Owners)
        {
            switch (await StateOfAsync(owner, head.Id, cancellation))
            {
                case OwnerState.Absent: dangling.Add(owner.Uid); break;
                case OwnerState.WaitsForDependents when owner.BlocksOwnerDeletion: waiting.Add(owner.Uid); break;
                default: solid++; break;
            }
        }
        if (waiting.Count + dangling.Count == 0) return;
        if (solid > 0)
        {
            await RemoveOwnersAsync(head.Id, uid => waiting.Contains(uid) || dangling.Contains(uid), cancellation);
            return;
        }
        if (head.Deleting || Reference(head.Id) is not { } reference) return;
        // A dependent with dependents of its own goes in the foreground too, so that the whole tree is gone before the owner is.
        var policy = waiting.Count > 0 && graph.HasDependents(head.Id.Uid) || head.Finalizers.Contains(Finalizer.Foreground) ? "Foreground"
            : head.Finalizers.Contains(Finalizer.Orphan) ? "Orphan" : "Background";
        await access.Client.DeleteAsync(reference, policy, cancellation, head.Id.Uid);
    }

    private enum OwnerState { Present, Absent, WaitsForDependents }

    private async Task<OwnerState> StateOfAsync(OwnerReference owner, ObjectId dependent, CancellationToken cancellation)
    {
        // A kind nobody serves, or a namespaced owner of a cluster-scoped object, cannot be looked up. Never delete on a guess.
        if (access.Resolve(owner.Kind) is not { } r || r.Namespaced && dependent.Namespace.Length == 0) return OwnerState.Present;
        if (await access.HeadAsync(owner.Kind, r.Namespaced ? dependent.Namespace : "", owner.Name, cancellation) is not { } head || head.Id.Uid != owner.Uid) return OwnerState.Absent;
        return head.DeletingInForeground ? OwnerState.WaitsForDependents : OwnerState.Present;
    }

    private Task RemoveOwnersAsync(ObjectId id, Func<string, bool> gone, CancellationToken cancellation) => ChangeAsync(id, metadata =>
    {
        if (metadata["ownerReferences"] is not JsonArray owners) return false;
        var kept = owners.Where(o => !gone((string?)o?["uid"] ?? "")).Select(o => o!.DeepClone()).ToArray();
        if (kept.Length == owners.Count) return false;
        if (kept.Length == 0) metadata.Remove("ownerReferences");
        else metadata["ownerReferences"] = new JsonArray(kept);
        return true;
    }, "ownerReferences", cancellation);

    private Task RemoveFinalizerAsync(ObjectId id, string finalizer, CancellationToken cancellation) => ChangeAsync(id, metadata =>
    {
        if (metadata["finalizers"] is not JsonArray finalizers || !finalizers.Any(f => (string?)f == finalizer)) return false;
        metadata["finalizers"] = new JsonArray([.. finalizers.Where(f => (string?)f != finalizer).Select(f => f!.DeepClone())]);
        return true;
    }, "finalizers", cancellation);

    // A merge patch of one metadata list, guarded by uid and resource version: a change in between is a conflict, and the queue tries again.
    private async Task ChangeAsync(ObjectId id, Func<JsonObject, bool> change, string field, CancellationToken cancellation)
    {
        if (Reference(id) is not { } reference || await access.Client.FindAsync(reference, cancellation) is not { } obj) return;
        if (obj["metadata"] is not JsonObject metadata || (string?)metadata["uid"] != id.Uid || !change(metadata)) return;
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = id.Uid,
                ["resourceVersion"] = (string?)metadata["resourceVersion"],
                [field] = metadata[field]?.DeepClone(),
            },
        };
        try
        {
            await access.Client.PatchAsync(reference, PatchKind.Merge, patch, cancellation);
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            // Gone meanwhile: what was to be done is done.
        }
    }
}
