using KubeFlex.Storage.Dialects;
using KubeFlex.Storage.Engine;

namespace KubeFlex.Storage;

/// <summary>One control plane's keys, with etcd's semantics.</summary>
public sealed partial class Store
{
    private readonly Datastore datastore;
    private readonly DatastoreOptions options;
    private readonly CompactionMark compacted = new();
    private readonly WatchHub hub;
    private readonly long epoch;

    /// <summary>Orders writers: guards everything about the state that is not durable yet, and loading and dropping the index.</summary>
    private readonly Lock writing = new();

    // The durable state; null while hibernating. Written by the committer, and under the lock when loaded or dropped.
    private StoreView? view;
    private long revision;
    private StorageException? refusal;

    // Touched since the last round of housekeeping; a flag costs a request less than looking at the clock.
    private bool used;

    internal Store(Datastore datastore, string name, StoreRow row, IReadOnlyList<LeaseRow> leaseRows)
    {
        (this.datastore, Name, Id, epoch, options) = (datastore, name, row.Id, row.Epoch, datastore.Options);
        (revision, compacted.Revision, compactedPending) = (row.Revision, row.Compacted, row.Compacted);
        hub = new(compacted);
        leases = new(datastore.LeaseTimer, leaseRows, options.Time.GetUtcNow().ToUnixTimeMilliseconds());
    }

    /// <summary>Name in the datastore.</summary>
    public string Name { get; }

    /// <summary>Last durable revision; 1 for a store never written to.</summary>
    public long Revision => Volatile.Read(ref revision);

    /// <summary>The oldest revision that can still be read and watched; smaller ones are compacted. 0 before the first compaction.</summary>
    public long CompactedRevision => compacted.Revision;

    /// <summary>It refuses everything from now on: the datastore is closed, the store deleted, or another server's.</summary>
    public bool Ended => Volatile.Read(ref refusal) is not null;

    /// <summary>Reads are answered from memory, and writes wait for nothing but their commit.</summary>
    public bool Ready => Awake && datastore.Held;

    internal long Id { get; }

    internal long Epoch => epoch;

    /// <summary>The newest durable state. Completes at once unless the store must be read back from disk.</summary>
    public ValueTask<StoreView> ViewAsync(CancellationToken cancellation)
    {
        used = true;
        if (Volatile.Read(ref refusal) is { } no) return ValueTask.FromException<StoreView>(Committer.Again(no));
        // Asked before the view is taken: what is then the newest was so during this call, whatever happens after it.
        if (!datastore.Held) return new(ViewOnceHeldAsync(cancellation));
        return Volatile.Read(ref view) is { } now ? new(now) : new(WakeAsync().WaitAsync(cancellation));
    }

    private async Task<StoreView> ViewOnceHeldAsync(CancellationToken cancellation)
    {
        await datastore.HoldAsync(cancellation);
        return await ViewAsync(cancellation);
    }

    /// <summary>Starts a watch.</summary>
    public async ValueTask<StoreWatcher> WatchAsync(WatchQuery query, CancellationToken cancellation)
    {
        if (query.Key.Length == 0) throw new StorageException(StorageFailure.Invalid, "key is not provided");
        while (true)
        {
            await ViewAsync(cancellation);
            lock (writing)
            {
                // The store may have gone to sleep in between; with a watcher it cannot.
                if (view is null) continue;
                if (hub.Watchers >= options.Watches) throw new StorageException(StorageFailure.LimitExceeded, $"too many watches: a store has at most {options.Watches}");
                var watcher = new StoreWatcher(hub, options, query);
                hub.Add(watcher);
                return watcher;
            }
        }
    }

    /// <summary>Every change up to here, and so every one that anybody has read, is in the buffers of the watches that it concerns.</summary>
    public long WatchedRevision => hub.Delivering();

    /// <summary>Calls <paramref name="listener"/> with every durable batch of changes, in revision order, one call at a time per store, before the writers are answered. It must be quick and must not throw or wait. Dispose to stop.</summary>
    public IDisposable Subscribe(Action<Store, IReadOnlyList<StoreEvent>> listener)
    {
        lock (writing) listeners = [.. listeners, listener];
        return new Subscription(this, listener);
    }

    private void Unsubscribe(Action<Store, IReadOnlyList<StoreEvent>> listener)
    {
        lock (writing)
        {
            var at = Array.IndexOf(listeners, listener);
            if (at >= 0) listeners = [.. listeners[..at], .. listeners[(at + 1)..]];
        }
    }

    private sealed class Subscription(Store store, Action<Store, IReadOnlyList<StoreEvent>> listener) : IDisposable
    {
        private int disposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref disposed, 1) == 0) store.Unsubscribe(listener);
        }
    }
}
