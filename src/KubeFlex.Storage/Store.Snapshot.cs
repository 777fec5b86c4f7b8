using KubeFlex.Storage.Archive;
using KubeFlex.Storage.Engine;

namespace KubeFlex.Storage;

/// <summary>Copies of a store: at one revision, and held still while the last of it is copied.</summary>
public sealed partial class Store
{
    private StorageException? frozen;

    /// <summary>Everything at the newest durable revision.</summary>
    public async Task<StoreSnapshot> SnapshotAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await ViewAsync(cancellation);
            // Keys and leases of one moment: the committer shows both under this gate.
            var (current, held) = hub.Locked(() => (Volatile.Read(ref view), leases.Durable));
            if (current is null) continue;
            return await Task.Run(() =>
            {
                var (mark, versions) = StoreSnapshot.Gather(current);
                return new StoreSnapshot(current.Revision, mark, versions, Remaining(held.Values));
            }, cancellation);
        }
    }

    /// <summary>
    /// Refuses writes from now on with <paramref name="reason"/>, and completes with a snapshot that holds everything that was ever acknowledged.
    /// <see cref="Thaw"/> takes it back.
    /// </summary>
    public async Task<StoreSnapshot> FreezeAsync(string reason, CancellationToken cancellation)
    {
        StoreWork? barrier = null;
        while (barrier is null)
        {
            await ViewAsync(cancellation);
            lock (writing)
            {
                if (refusal is { } no) throw Committer.Again(no);
                if (view is null) continue;
                frozen = new(StorageFailure.LimitExceeded, reason);
                barrier = Queue(new(this, generation, pending, pendingRevision));
            }
        }
        try
        {
            await barrier.Task;
            return await SnapshotAsync(cancellation);
        }
        catch
        {
            Thaw();
            throw;
        }
    }

    /// <summary>Takes writes again.</summary>
    public void Thaw()
    {
        lock (writing) frozen = null;
    }

    /// <summary>Drops the index if nobody needs it: whoever copied a store that slept lets it sleep on.</summary>
    public void Rest() => TryHibernate();

    /// <summary>Whether the index is not in memory.</summary>
    public bool Sleeps => !Awake;

    private List<ArchivedLease> Remaining(IEnumerable<Lease> all)
    {
        lock (writing)
        {
            var now = datastore.LeaseTimer.Now;
            return [.. all.OrderBy(lease => lease.Id).Select(lease => new ArchivedLease(lease.Id, lease.Ttl, lease.Renewed ? 0 : Math.Max(1, lease.Deadline - now)))];
        }
    }

    private void ThrowIfFrozen()
    {
        if (frozen is { } no) throw Committer.Again(no);
    }
}
