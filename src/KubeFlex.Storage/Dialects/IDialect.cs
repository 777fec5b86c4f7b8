using KubeFlex.Storage.Membership;

namespace KubeFlex.Storage.Dialects;

/// <summary>
/// One database below the engine. Calls block; <see cref="Write"/> is called by the committer alone, the reads by any worker beside it.
/// Every failure is a <see cref="StorageException"/> that names the database and the way out.
/// </summary>
internal interface IDialect : IDisposable
{
    /// <summary>Names of all stores, sorted.</summary>
    IReadOnlyList<string> Stores();

    /// <summary>Deleted stores whose rows are still there.</summary>
    IReadOnlyList<long> Dropped();

    /// <summary>All rows of a store in the order they were written.</summary>
    void Load(long store, Action<KeyValue> row);

    /// <summary>
    /// Makes a batch durable, of each store all or nothing, and fills in its outcomes; throws when nothing of it happened. A dialect that loses sight of a
    /// commit finds out what became of it before it comes back.
    /// </summary>
    void Write(WriteBatch batch);

    /// <summary>The datastore closes: a write that waits for a database that is away gives up soon.</summary>
    void Interrupt();

    /// <summary>Its writes wait for a disk of this machine and for nothing else.</summary>
    bool Local => false;

    /// <summary>The table of the servers that share the database; null when only one can have it open.</summary>
    IMemberTable? Members => null;

    /// <summary>Bytes that the stores take on disk.</summary>
    long Size();
}

/// <summary>What the committer found in its queue.</summary>
internal sealed class WriteBatch
{
    /// <summary>Stores to create or take over.</summary>
    public List<StoreClaim> Claims { get; } = [];

    /// <summary>Changes per store.</summary>
    public List<StoreWrites> Stores { get; } = [];

    /// <summary>Imports that take their names; of each list all or none.</summary>
    public List<IReadOnlyList<StoreRename>> Renames { get; } = [];

    /// <summary>Stores to delete: the name is free at once, the rows go by <see cref="Purges"/>.</summary>
    public List<long> Drops { get; } = [];

    /// <summary>Deleted stores of which a bounded number of rows goes now.</summary>
    public List<StorePurge> Purges { get; } = [];

    /// <summary>Called at most once, while the write goes on, when it takes long to learn whether it has happened: then the callers need not wait.</summary>
    public Action<StorageException>? Doubt { get; init; }

    public bool Empty => Stores.Count == 0 && !MovesStores;

    /// <summary>Whether stores come, go or change hands.</summary>
    public bool MovesStores => Claims.Count + Renames.Count + Drops.Count + Purges.Count > 0;
}

/// <summary>A store's part of a batch. It counts only while the store's epoch in the database is still <paramref name="epoch"/>.</summary>
internal sealed class StoreWrites(long store, long epoch)
{
    public long Store { get; } = store;

    public long Epoch { get; } = epoch;

    /// <summary>New versions, in order.</summary>
    public List<KeyValue> Changes { get; } = [];

    /// <summary>Sequence numbers of rows that compaction drops.</summary>
    public List<long> Removed { get; } = [];

    /// <summary>Leases that are new, changed or (time to live 0) gone, in order.</summary>
    public List<LeaseRow> Leases { get; } = [];

    /// <summary>The new compacted revision; 0 when it does not move.</summary>
    public long Compacted { get; set; }

    /// <summary>Outcome: another owner has taken the store; nothing was written for it.</summary>
    public bool Fenced { get; set; }

    /// <summary>Outcome, only with <see cref="Fenced"/>: the connection was lost and the store taken over since, so something may have been written.</summary>
    public bool Doubtful { get; set; }

    /// <summary>Outcome: nothing was written for it, although other parts of the batch were.</summary>
    public StorageException? Failure { get; set; }
}

/// <summary>Takes a store over, creating it if absent.</summary>
internal sealed class StoreClaim(string name, string owner, long now, bool force)
{
    public string Name { get; } = name;

    public string Owner { get; } = owner;

    /// <summary>Unix milliseconds, for the creation time.</summary>
    public long Now { get; } = now;

    /// <summary>Take it even from an owner that lives; else only from one that is gone. The same for all claims of a datastore.</summary>
    public bool Force { get; } = force;

    /// <summary>Outcome, unless somebody else has it.</summary>
    public StoreRow Row { get; set; }

    /// <summary>Outcome: its owner lives, and keeps it.</summary>
    public StoreOwner? HeldBy { get; set; }

    /// <summary>Outcome: the store's leases.</summary>
    public List<LeaseRow> Leases { get; } = [];
}

/// <summary>
/// Gives a store another name. A store that has the name loses it and counts as deleted (name null, epoch raised). All renames of a list happen or,
/// when one of them is fenced, none.
/// </summary>
internal sealed class StoreRename(long store, long epoch, string name)
{
    public long Store { get; } = store;

    public long Epoch { get; } = epoch;

    public string Name { get; } = name;

    /// <summary>Outcome: another owner has taken the store; no rename of its list was done.</summary>
    public bool Fenced { get; set; }

    /// <summary>Outcome: the store that had the name, whose rows must go.</summary>
    public long? Replaced { get; set; }
}

/// <summary>Removes rows of a deleted store.</summary>
internal sealed class StorePurge(long store)
{
    public long Store { get; } = store;

    /// <summary>Outcome: nothing is left.</summary>
    public bool Done { get; set; }
}

/// <summary>What the database knows about a store.</summary>
/// <param name="Id">Number of the store.</param>
/// <param name="Epoch">Grows with every new owner.</param>
/// <param name="Compacted">Oldest readable revision.</param>
/// <param name="Revision">Last revision.</param>
/// <param name="Sequence">Last change.</param>
internal readonly record struct StoreRow(long Id, long Epoch, long Compacted, long Revision, long Sequence);

/// <summary>A lease in the database.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Ttl">Seconds; 0 in a batch: the row goes.</param>
/// <param name="Expires">Unix milliseconds; 0 when it has been kept alive: then it gets its whole time again after a restart, as from a new leader of etcd.</param>
internal readonly record struct LeaseRow(long Id, long Ttl, long Expires);
