namespace KubeFlex.Storage;

/// <summary>A database that holds many stores. One committer writes for all of them (group commit). Safe for concurrent use.</summary>
public sealed class Datastore : IAsyncDisposable
{
    private Datastore() { }

    /// <summary>Opens or creates a SQLite datastore; <paramref name="path"/> is the file.</summary>
    public static Task<Datastore> OpenSqliteAsync(string path, DatastoreOptions options, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>Names of all stores that exist.</summary>
    public Task<IReadOnlyList<string>> ListStoresAsync(CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>Opens a store, creating it if absent. The same instance for the same name until it is deleted.</summary>
    public Task<Store> OpenStoreAsync(string name, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>Deletes a store: gone at once, its rows removed in the background. False when there was none.</summary>
    public Task<bool> DeleteStoreAsync(string name, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>Finishes queued writes and closes.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}

/// <summary>One control plane's keys, with etcd's semantics.</summary>
public sealed class Store
{
    internal Store() { }

    /// <summary>Name in the datastore.</summary>
    public string Name => throw new NotImplementedException();

    /// <summary>Last durable revision; 1 for a store never written to.</summary>
    public long Revision => throw new NotImplementedException();

    /// <summary>Revisions up to here can no longer be read.</summary>
    public long CompactedRevision => throw new NotImplementedException();

    /// <summary>The newest durable state. Completes at once unless the store must be read back from disk.</summary>
    public ValueTask<StoreView> ViewAsync(CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>Runs a transaction; completes when it is durable. Throws <see cref="StorageException"/> when it could not be made so: then nothing of it happened.</summary>
    public ValueTask<TransactionResult> CommitAsync(Transaction transaction, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>Starts a watch.</summary>
    public ValueTask<StoreWatcher> WatchAsync(WatchQuery query, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>Forgets history up to and including <paramref name="revision"/> (live keys stay readable).</summary>
    public ValueTask CompactAsync(long revision, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>Calls <paramref name="listener"/> with every durable batch of changes, in revision order, one call at a time per store. It must be quick and must not throw or wait. Dispose to stop.</summary>
    public IDisposable Subscribe(Action<Store, IReadOnlyList<StoreEvent>> listener) => throw new NotImplementedException();
}

/// <summary>An immutable state of a store. Never waits, never touches the database.</summary>
public sealed class StoreView
{
    internal StoreView() { }

    /// <summary>Revision of this state.</summary>
    public long Revision => throw new NotImplementedException();

    /// <summary>Revisions up to here can no longer be read.</summary>
    public long CompactedRevision => throw new NotImplementedException();

    /// <summary>A key at this view's revision, or null.</summary>
    public KeyValue? Get(ReadOnlySpan<byte> key) => throw new NotImplementedException();

    /// <summary>Reads a key or a range.</summary>
    public RangeResult Range(RangeQuery query) => throw new NotImplementedException();
}

/// <summary>A running watch: holds no thread and no timer. One reader at a time.</summary>
public sealed class StoreWatcher : IAsyncDisposable
{
    internal StoreWatcher() { }

    /// <summary>Why it ended, once <see cref="ReadAsync"/> has returned an empty list.</summary>
    public WatchEnd End => throw new NotImplementedException();

    /// <summary>After <see cref="WatchEnd.Compacted"/>: the oldest revision that can still be watched.</summary>
    public long CompactRevision => throw new NotImplementedException();

    /// <summary>Everything up to this revision has been delivered: what a progress notification or bookmark may claim.</summary>
    public long Progress => throw new NotImplementedException();

    /// <summary>Waits for changes and returns all that are there, in order; never splits the changes of one revision. Empty when the watch has ended.</summary>
    public ValueTask<IReadOnlyList<StoreEvent>> ReadAsync(CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>Ends the watch.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}

/// <summary>How a datastore behaves.</summary>
public sealed record DatastoreOptions
{
    /// <summary>Clock, for tests.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
