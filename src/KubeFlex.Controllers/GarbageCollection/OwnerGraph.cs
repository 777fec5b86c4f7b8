using KubeFlex.Controllers.Objects;

namespace KubeFlex.Controllers.GarbageCollection;

/// <summary>
/// Who depends on whom: owner uid → objects that name it. Holds only objects with owner references, so it is empty for most control planes.
/// Written by the store's listener, read by workers.
/// </summary>
/// <example>
/// ReplicaSet r (uid 1) owns pods a and b: <c>1 → {a, b}</c>. Pod a goes: <c>1 → {b}</c>. When r goes, b is looked at: its only owner is
/// absent, so b is deleted. The graph only says where to look; what is true is read from the API before anything is deleted.
/// </example>
internal sealed class OwnerGraph
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Dictionary<string, Dependent>> dependents = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dependent> byUid = new(StringComparer.Ordinal);

    /// <summary>Takes in the object's present owners.</summary>
    public void Put(ObjectHead head)
    {
        lock (gate)
        {
            Forget(head.Id.Uid);
            if (head.Owners.Count == 0) return;
            var dependent = new Dependent(head.Id, head.Owners);
            byUid[head.Id.Uid] = dependent;
            foreach (var owner in head.Owners)
            {
                if (!dependents.TryGetValue(owner.Uid, out var of)) dependents[owner.Uid] = of = new(StringComparer.Ordinal);
                of[head.Id.Uid] = dependent;
            }
        }
    }

    /// <summary>The object is gone; returns the owners it had.</summary>
    public IReadOnlyList<OwnerReference> Remove(string uid)
    {
        lock (gate) return Forget(uid)?.Owners ?? [];
    }

    /// <summary>Objects that name this owner.</summary>
    public IReadOnlyList<Dependent> DependentsOf(string ownerUid)
    {
        lock (gate) return dependents.TryGetValue(ownerUid, out var of) ? [.. of.Values] : [];
    }

    /// <summary>True when some object names this owner.</summary>
    public bool HasDependents(string ownerUid)
    {
        lock (gate) return dependents.ContainsKey(ownerUid);
    }

    private Dependent? Forget(string uid)
    {
        if (!byUid.Remove(uid, out var old)) return null;
        foreach (var owner in old.Owners)
            if (dependents.TryGetValue(owner.Uid, out var of) && of.Remove(uid) && of.Count == 0) dependents.Remove(owner.Uid);
        return old;
    }

    internal sealed record Dependent(ObjectId Id, IReadOnlyList<OwnerReference> Owners)
    {
        /// <summary>Whether the owner's foreground deletion waits for this object.</summary>
        public bool Blocks(string ownerUid) => Owners.Any(o => o.Uid == ownerUid && o.BlocksOwnerDeletion);
    }
}
