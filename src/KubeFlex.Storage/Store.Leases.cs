using KubeFlex.Storage.Dialects;
using KubeFlex.Storage.Engine;

namespace KubeFlex.Storage;

/// <summary>Leases: granted, kept alive and ended by clients, or ended by the datastore's timer. They take no revision; ending one deletes its keys at one.</summary>
public sealed partial class Store
{
    /// <summary>etcd's longest lease in seconds.</summary>
    public const long LongestLease = 9_000_000_000;

    private const long RetryAfter = 1_000;

    private readonly LeaseBook leases;

    /// <summary>Numbers of the leases there are, in order.</summary>
    public IReadOnlyList<long> Leases => [.. leases.Durable.Keys.Order()];

    /// <summary>Grants a lease of so many seconds; 0 as its number takes a free one. Returns the number, durably.</summary>
    public async ValueTask<long> GrantLeaseAsync(long id, long ttl, CancellationToken cancellation)
    {
        if (ttl is < 1 or > LongestLease) throw new StorageException(StorageFailure.Invalid, ttl < 1 ? "a lease lasts at least one second" : "too large lease TTL");
        var work = await QueueAsync(() =>
        {
            while (id == 0) id = Random.Shared.NextInt64(1, long.MaxValue) is var free && !leases.Pending.ContainsKey(free) ? free : 0;
            if (leases.Pending.ContainsKey(id)) throw new StorageException(StorageFailure.LeaseExists, "lease already exists");
            if (leases.Pending.Count >= options.Leases) throw new StorageException(StorageFailure.LimitExceeded, "too many leases");
            leases.Add(new(id, ttl));
            var expires = options.Time.GetUtcNow().ToUnixTimeMilliseconds() + (ttl * 1000);
            return new(this, generation, pending, pendingRevision) { LeaseRows = [new(id, ttl, expires)] };
        }, cancellation);
        await work!.Task;
        ArmLeases();
        return id;
    }

    /// <summary>Gives a lease its whole time again. Returns its seconds.</summary>
    public async ValueTask<long> KeepLeaseAliveAsync(long id, CancellationToken cancellation)
    {
        if (!datastore.Held) await datastore.HoldAsync(cancellation);
        Lease lease;
        lock (writing)
        {
            if (refusal is { } no) throw Committer.Again(no);
            lease = Renew(id);
            if (lease.Renewed) return lease.Ttl;
        }
        var work = await QueueAsync(() =>
        {
            lease = Renew(id);
            return new(this, generation, pending, pendingRevision) { LeaseRows = [new(id, lease.Ttl, 0)] };
        }, cancellation);
        await work!.Task;
        lock (writing) lease.Renewed = true;
        return lease.Ttl;
    }

    /// <summary>Ends a lease and deletes its keys. Returns the store's revision after that.</summary>
    public async ValueTask<long> RevokeLeaseAsync(long id, CancellationToken cancellation)
    {
        var work = await QueueAsync(() => Revoke(leases.Find(id)), cancellation);
        await work!.Task;
        return work.Revision;
    }

    /// <summary>A lease, or null when there is none.</summary>
    public async ValueTask<LeaseStatus?> LeaseAsync(long id, bool keys, CancellationToken cancellation)
    {
        while (true)
        {
            await ViewAsync(cancellation);
            lock (writing)
            {
                if (view is null) continue;
                if (leases.Durable.GetValueOrDefault(id) is not { } lease) return null;
                var left = Math.Max(0, lease.Deadline - datastore.LeaseTimer.Now) / 1000;
                IReadOnlyList<byte[]> held = keys && lease.Keys is { } all ? [.. all.Order(Comparer<byte[]>.Create((x, y) => x.AsSpan().SequenceCompareTo(y)))] : [];
                return new(id, lease.Ttl, left, held);
            }
        }
    }

    /// <summary>The timer knows of this store's leases from here on.</summary>
    internal void ArmLeases()
    {
        if (leases.Durable.IsEmpty) return;
        long deadline;
        lock (writing) deadline = leases.NextDeadline;
        datastore.LeaseTimer.Arm(deadline);
    }

    /// <summary>Ends what has run out, in the background. Returns when to look again.</summary>
    internal long EndLeases(long now)
    {
        if (leases.Durable.IsEmpty) return long.MaxValue;
        lock (writing)
        {
            if (refusal is not null) return long.MaxValue;
            foreach (var lease in leases.TakeDue(now)) _ = EndAsync(lease);
            return leases.NextDeadline;
        }
    }

    private async Task EndAsync(Lease lease)
    {
        // Called from the timer, with the lock held.
        await Task.Yield();
        try
        {
            var work = await QueueAsync(() =>
            {
                if (leases.Pending.GetValueOrDefault(lease.Id) != lease) return null;
                if (lease.Deadline <= datastore.LeaseTimer.Now) return Revoke(lease);
                leases.Enqueue(lease);
                return null;
            }, CancellationToken.None);
            if (work is not null) await work.Task;
        }
        catch (StorageException e) when (e.Failure is StorageFailure.Closed or StorageFailure.NotOwner)
        {
            // Its next owner ends it.
        }
        catch (StorageException e)
        {
            options.Warn?.Invoke($"a lease of store \"{Name}\" has run out, but its keys remain for now", e);
            lock (writing) leases.Enqueue(lease, datastore.LeaseTimer.Now + RetryAfter);
        }
        ArmLeases();
    }

    private Lease Renew(long id)
    {
        var lease = leases.Find(id);
        lease.Deadline = datastore.LeaseTimer.Now + (lease.Ttl * 1000);
        return lease;
    }

    private StoreWork Revoke(Lease lease)
    {
        var run = new TransactionRun(pending, pendingRevision, pendingSequence, compacted, leases.Pending);
        if (lease.Keys is { Count: > 0 } keys)
        {
            // In key order, as etcd deletes them, so that all members of a cluster make the same history.
            var sorted = keys.Order(Comparer<byte[]>.Create((x, y) => x.AsSpan().SequenceCompareTo(y)));
            run.Execute(new([], [.. sorted.Select(key => new DeleteOperation(key))], []));
        }
        leases.Remove(lease);
        Take(run);
        return new(this, generation, pending, pendingRevision) { Changes = run.Changes, LeaseRows = [new(lease.Id, 0, 0)], Bytes = 200 * (1 + (run.Changes?.Count ?? 0)) };
    }

    /// <summary>Queues what <paramref name="make"/> makes under the lock, with the index in memory; null when it makes nothing.</summary>
    private async ValueTask<StoreWork?> QueueAsync(Func<StoreWork?> make, CancellationToken cancellation)
    {
        while (true)
        {
            await ViewAsync(cancellation);
            lock (writing)
            {
                if (refusal is { } no) throw Committer.Again(no);
                if (view is null) continue;
                ThrowIfFrozen();
                datastore.Committer.Admit();
                return make() is { } work ? Queue(work) : null;
            }
        }
    }
}
