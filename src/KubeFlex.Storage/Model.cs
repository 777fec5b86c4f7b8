namespace KubeFlex.Storage;

/// <summary>A key with its value at some revision. Immutable; keys and values are shared, never written to.</summary>
public sealed class KeyValue
{
    /// <summary>The key.</summary>
    public required byte[] Key { get; init; }

    /// <summary>The value; empty in key-only answers.</summary>
    public required byte[] Value { get; init; }

    /// <summary>Revision of the put that created the key.</summary>
    public required long CreateRevision { get; init; }

    /// <summary>Revision of the last put.</summary>
    public required long ModRevision { get; init; }

    /// <summary>Number of puts since creation, from 1.</summary>
    public required long Version { get; init; }

    /// <summary>Lease, or 0.</summary>
    public long Lease { get; init; }

    // The index keeps its versions as these very objects: no second object per key, no copies between index, history and events.

    /// <summary>The version that this one replaced, tombstones included; set once, cut when compaction has passed this version.</summary>
    internal KeyValue? Older;

    /// <summary>The change that made this version, built when somebody asks; shared by all watchers.</summary>
    internal StoreEvent? Change;

    /// <summary>Place in the store's log: one number per change, in order, never used twice.</summary>
    internal long Sequence;

    /// <summary>A tombstone: etcd gives version 0 to a deleted key.</summary>
    internal bool Deleted => Version == 0;

    /// <summary>What a key takes beside its bytes: this object, the headers of two arrays, a place in the index. Without it a quota would let small keys take many times as much.</summary>
    internal const int Overhead = 150;

    /// <summary>What it counts for in a store's quota.</summary>
    internal long LiveBytes => Deleted ? 0 : Overhead + Key.Length + Value.Length;
}

/// <summary>What a change did.</summary>
public enum EventKind
{
    /// <summary>Put.</summary>
    Put,
    /// <summary>Delete: <see cref="StoreEvent.Current"/> has the key and the revision of the deletion, no value.</summary>
    Delete,
}

/// <summary>One change.</summary>
/// <param name="Kind">Put or delete.</param>
/// <param name="Current">After the change.</param>
/// <param name="Previous">Before it; null when the key did not exist.</param>
public sealed record StoreEvent(EventKind Kind, KeyValue Current, KeyValue? Previous)
{
    /// <summary>Revision of the change.</summary>
    public long Revision => Current.ModRevision;
}

/// <summary>What a comparison looks at.</summary>
public enum CompareTarget
{
    /// <summary>Puts since creation (0: absent).</summary>
    Version,
    /// <summary>Create revision (0: absent).</summary>
    CreateRevision,
    /// <summary>Mod revision (0: absent).</summary>
    ModRevision,
    /// <summary>Value bytes.</summary>
    Value,
    /// <summary>Lease.</summary>
    Lease,
}

/// <summary>How a comparison compares.</summary>
public enum CompareRelation
{
    /// <summary>Equal.</summary>
    Equal,
    /// <summary>Greater.</summary>
    Greater,
    /// <summary>Less.</summary>
    Less,
    /// <summary>Not equal.</summary>
    NotEqual,
}

/// <summary>A condition of a transaction, as in etcd's <c>Compare</c>.</summary>
/// <param name="Key">The key.</param>
/// <param name="Target">What to look at.</param>
/// <param name="Relation">How to compare.</param>
/// <param name="Number">The other side, for numbers.</param>
/// <param name="Value">The other side, for <see cref="CompareTarget.Value"/>.</param>
/// <param name="End">End of a range of keys, all of which must satisfy it; null for one key.</param>
public sealed record Compare(byte[] Key, CompareTarget Target, CompareRelation Relation, long Number = 0, byte[]? Value = null, byte[]? End = null);

/// <summary>One operation of a transaction.</summary>
public abstract record Operation;

/// <summary>Writes a value.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The value; not to be changed afterwards.</param>
/// <param name="Lease">Lease, or 0.</param>
/// <param name="RevisionAt">Where the decimal digits of the transaction's revision are inserted into the value, so that a value can hold its own revision; -1 for nowhere.</param>
/// <param name="WantPrevious">Answer with the previous value.</param>
/// <param name="IgnoreValue">Keep the key's value; it must exist.</param>
/// <param name="IgnoreLease">Keep the key's lease; it must exist.</param>
public sealed record PutOperation(
    byte[] Key, byte[] Value, long Lease = 0, int RevisionAt = -1, bool WantPrevious = false, bool IgnoreValue = false, bool IgnoreLease = false) : Operation;

/// <summary>Deletes a key or a range.</summary>
/// <param name="Key">The key, or the first of the range.</param>
/// <param name="End">Exclusive end as in etcd (<c>"\0"</c>: to the end of the store); null for one key.</param>
/// <param name="WantPrevious">Answer with the previous values.</param>
public sealed record DeleteOperation(byte[] Key, byte[]? End = null, bool WantPrevious = false) : Operation;

/// <summary>Reads.</summary>
/// <param name="Query">What to read.</param>
public sealed record RangeOperation(RangeQuery Query) : Operation;

/// <summary>A transaction inside a transaction.</summary>
/// <param name="Transaction">The inner one.</param>
public sealed record NestedOperation(Transaction Transaction) : Operation;

/// <summary>If all comparisons hold, the success operations, else the failure operations: atomically, at one revision.</summary>
/// <param name="Compares">Conditions.</param>
/// <param name="Success">Then.</param>
/// <param name="Failure">Else.</param>
public sealed record Transaction(IReadOnlyList<Compare> Compares, IReadOnlyList<Operation> Success, IReadOnlyList<Operation> Failure);

/// <summary>Answer of one operation.</summary>
/// <param name="Items">Range: the keys; put and delete: previous values if wanted. A put without wanted previous value has none.</param>
/// <param name="Count">Range: keys in the range; delete: keys deleted; put: 1.</param>
/// <param name="More">Range: the limit cut keys off.</param>
/// <param name="Written">Put: what was written (with the revision inserted), so that the writer can answer with it.</param>
/// <param name="Nested">Answer of a nested transaction.</param>
public sealed record OperationResult(IReadOnlyList<KeyValue> Items, long Count, bool More = false, KeyValue? Written = null, TransactionResult? Nested = null);

/// <summary>Answer of a transaction.</summary>
/// <param name="Succeeded">Whether the comparisons held.</param>
/// <param name="Revision">The store's revision after it.</param>
/// <param name="Results">One per executed operation, in order.</param>
public sealed record TransactionResult(bool Succeeded, long Revision, IReadOnlyList<OperationResult> Results);

/// <summary>What to read.</summary>
/// <param name="Key">The key, or the first of the range.</param>
/// <param name="End">Exclusive end as in etcd (<c>"\0"</c>: to the end of the store); null for one key.</param>
/// <param name="Revision">At which revision; 0 for the view's.</param>
/// <param name="Limit">At most so many keys; 0 for all.</param>
/// <param name="KeysOnly">Leave values out.</param>
/// <param name="CountOnly">Only count.</param>
public sealed record RangeQuery(byte[] Key, byte[]? End = null, long Revision = 0, int Limit = 0, bool KeysOnly = false, bool CountOnly = false);

/// <summary>Whether a revision could be read.</summary>
public enum ReadStatus
{
    /// <summary>Read.</summary>
    Ok,
    /// <summary>The revision is compacted away.</summary>
    Compacted,
    /// <summary>The revision does not exist yet.</summary>
    Future,
}

/// <summary>Answer of a read.</summary>
/// <param name="Status">Whether the revision could be read.</param>
/// <param name="Items">Keys in order.</param>
/// <param name="Count">Keys in the whole range, the limit notwithstanding.</param>
/// <param name="More">The limit cut keys off.</param>
public readonly record struct RangeResult(ReadStatus Status, IReadOnlyList<KeyValue> Items, long Count, bool More);

/// <summary>What to watch.</summary>
/// <param name="Key">The key, or the first of the range.</param>
/// <param name="End">Exclusive end as in etcd; null for one key.</param>
/// <param name="StartRevision">First revision to deliver; 0 for the next change.</param>
public sealed record WatchQuery(byte[] Key, byte[]? End = null, long StartRevision = 0);

/// <summary>A lease: keys put with it are deleted when it ends.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Ttl">Seconds that it was granted for.</param>
/// <param name="Remaining">Seconds left, rounded down.</param>
/// <param name="Keys">Its keys in order; empty when not asked for.</param>
public sealed record LeaseStatus(long Id, long Ttl, long Remaining, IReadOnlyList<byte[]> Keys);

/// <summary>Why a watch ended.</summary>
public enum WatchEnd
{
    /// <summary>It goes on.</summary>
    None,
    /// <summary>The start revision is compacted away; <see cref="StoreWatcher.CompactRevision"/> tells from where on history is kept.</summary>
    Compacted,
    /// <summary>The reader was too slow; it may start again from its last revision.</summary>
    Slow,
    /// <summary>The store was closed or deleted.</summary>
    Closed,
}

/// <summary>Why a write or an opening was refused.</summary>
public enum StorageFailure
{
    /// <summary>The database refuses writes (full disk, connection lost, …); nothing was written.</summary>
    Unavailable,
    /// <summary>The connection to the database was lost during the commit: the write has happened or will have, or not at all; that is not known yet.</summary>
    Undecided,
    /// <summary>The store was deleted or the datastore closed.</summary>
    Closed,
    /// <summary>Another owner took the store over.</summary>
    NotOwner,
    /// <summary>The revision is compacted away.</summary>
    Compacted,
    /// <summary>The revision does not exist yet.</summary>
    Future,
    /// <summary>A bound was passed (too many operations, too large a request, too many waiting writes).</summary>
    LimitExceeded,
    /// <summary>The request contradicts itself or the state (a key put twice in one transaction, an ignored value of an absent key).</summary>
    Invalid,
    /// <summary>There is no such lease, or it has expired.</summary>
    LeaseNotFound,
    /// <summary>A lease with that number exists.</summary>
    LeaseExists,
}

/// <summary>A failure of the storage that its caller must answer for.</summary>
public sealed class StorageException : Exception
{
    /// <summary>Makes the failure.</summary>
    public StorageException(StorageFailure failure, string message, Exception? inner = null) : base(message, inner) => Failure = failure;

    /// <summary>What kind.</summary>
    public StorageFailure Failure { get; }

    /// <summary>
    /// What a tenant may read. <see cref="Exception.Message"/> is for operators: it names files and servers where the database refuses.
    /// </summary>
    public string Public => Brief ?? (Failure == StorageFailure.Unavailable ? "the storage is unavailable, try again later" : Message);

    /// <summary>With <see cref="StorageFailure.NotOwner"/>: who has the store, if that is known.</summary>
    public StoreOwner? Owner { get; init; }

    internal string? Brief { get; init; }
}
