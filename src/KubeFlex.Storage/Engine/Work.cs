using System.Collections.Immutable;
using KubeFlex.Storage.Dialects;

namespace KubeFlex.Storage.Engine;

/// <summary>Something in the committer's queue. Its caller continues elsewhere, never on the committer's thread.</summary>
internal abstract class Work() : TaskCompletionSource<object?>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    /// <summary>Rough cost of keeping it.</summary>
    public long Bytes { get; init; } = 200;

    /// <summary>What its caller gets when it is durable.</summary>
    public object? Outcome { get; set; }
}

/// <summary>One step of a store: a transaction, a barrier behind which a read-only transaction waits, or a part of a compaction.</summary>
internal sealed class StoreWork(Store store, int generation, VersionTree tree, long revision) : Work
{
    public Store Store { get; } = store;

    /// <summary>A failed commit starts a new generation: queued steps of the old one were built upon what did not happen.</summary>
    public int Generation { get; } = generation;

    /// <summary>The store after this step.</summary>
    public VersionTree Tree { get; } = tree;

    /// <summary>Its revision.</summary>
    public long Revision { get; } = revision;

    public List<KeyValue>? Changes { get; init; }

    /// <summary>Rows that go.</summary>
    public List<long>? Removed { get; init; }

    /// <summary>Oldest changes that leave the history.</summary>
    public int Trimmed { get; init; }

    /// <summary>New compacted revision, or 0.</summary>
    public long Compacted { get; init; }

    /// <summary>Leases that come, change or go.</summary>
    public List<LeaseRow>? LeaseRows { get; init; }

    /// <summary>The store's leases after this step.</summary>
    public ImmutableDictionary<long, Lease> Leases { get; set; } = LeaseBook.None;

    /// <summary>Bytes of the store's live keys and values after this step.</summary>
    public long LiveBytes { get; set; }

    public bool Writes => Changes is not null || Removed is not null || LeaseRows is not null || Compacted > 0;
}

/// <summary>Creates or takes over a store.</summary>
internal sealed class ClaimWork(StoreClaim claim) : Work
{
    public StoreClaim Claim { get; } = claim;
}

/// <summary>Rows of a store that nobody has open: an import.</summary>
internal sealed class ImportWork(StoreWrites writes) : Work
{
    public StoreWrites Writes { get; } = writes;
}

/// <summary>Imports that take their names, all together.</summary>
internal sealed class RenameWork(IReadOnlyList<StoreRename> renames) : Work
{
    public IReadOnlyList<StoreRename> Renames { get; } = renames;
}

/// <summary>Does nothing; complete when everything that was queued before it is.</summary>
internal sealed class BarrierWork : Work;

/// <summary>Deletes a store.</summary>
internal sealed class DropWork(long store) : Work
{
    public long Store { get; } = store;
}

/// <summary>Removes some rows of a deleted store.</summary>
internal sealed class PurgeWork(StorePurge purge) : Work
{
    public StorePurge Purge { get; } = purge;
}
