using System.Collections.Immutable;
using KubeFlex.Storage.Dialects;

namespace KubeFlex.Storage.Engine;

/// <summary>A lease; guarded by its store's lock.</summary>
internal sealed class Lease(long id, long ttl)
{
    public long Id { get; } = id;

    /// <summary>Seconds.</summary>
    public long Ttl { get; } = ttl;

    /// <summary>When it ends, by <see cref="LeaseTimer.Now"/>; moves when it is kept alive.</summary>
    public long Deadline { get; set; }

    /// <summary>The database knows that it has been kept alive.</summary>
    public bool Renewed { get; set; }

    /// <summary>Keys that hold it in the pending state.</summary>
    public HashSet<byte[]>? Keys { get; set; }
}

/// <summary>
/// A store's leases. They follow the tree: a pending state that transactions are checked against and a durable one to go back to. They stay in memory
/// while the store hibernates, so that they end on time; which keys they hold is taken from the index whenever that is read.
/// <para>
/// Whoever keeps a lease alive writes nothing, save the first time: until then the database knows the very end, which a restart does not move; from then
/// on a restart gives the lease its whole time again, so that it never ends earlier than its holder was told.
/// </para>
/// </summary>
internal sealed class LeaseBook
{
    public static readonly ImmutableDictionary<long, Lease> None = ImmutableDictionary<long, Lease>.Empty;

    private readonly LeaseTimer timer;
    private ImmutableDictionary<long, Lease> durable = None;

    // Not moved when a lease is kept alive: what comes up too early goes back in.
    private PriorityQueue<Lease, long>? due;

    public LeaseBook(LeaseTimer timer, IReadOnlyList<LeaseRow> rows, long unixNow)
    {
        this.timer = timer;
        if (rows.Count == 0) return;
        Pending = durable = rows.ToImmutableDictionary(row => row.Id, row => new Lease(row.Id, row.Ttl)
        {
            Renewed = row.Expires == 0,
            Deadline = timer.Now + (row.Expires == 0 ? row.Ttl * 1000 : Math.Clamp(row.Expires - unixNow, 0, row.Ttl * 1000)),
        });
        Requeue();
    }

    public ImmutableDictionary<long, Lease> Pending { get; private set; } = None;

    public ImmutableDictionary<long, Lease> Durable
    {
        get => Volatile.Read(ref durable);
        set => Volatile.Write(ref durable, value);
    }

    /// <summary>When to look again; <see cref="long.MaxValue"/> without leases.</summary>
    public long NextDeadline => due is not null && due.TryPeek(out _, out var deadline) ? deadline : long.MaxValue;

    public static StorageException NotFound() => new(StorageFailure.LeaseNotFound, "requested lease not found");

    public Lease Find(long id) => Pending.GetValueOrDefault(id) ?? throw NotFound();

    public void Add(Lease lease)
    {
        lease.Deadline = timer.Now + (lease.Ttl * 1000);
        Pending = Pending.Add(lease.Id, lease);
        Enqueue(lease);
    }

    public void Remove(Lease lease) => Pending = Pending.Remove(lease.Id);

    public void Enqueue(Lease lease, long? deadline = null) => (due ??= new()).Enqueue(lease, deadline ?? lease.Deadline);

    /// <summary>Takes out what has ended.</summary>
    public List<Lease> TakeDue(long now)
    {
        var ended = new List<Lease>();
        while (due is not null && due.TryPeek(out var lease, out var deadline) && deadline <= now)
        {
            due.Dequeue();
            if (Pending.GetValueOrDefault(lease.Id) != lease) continue;
            if (lease.Deadline > now) Enqueue(lease);
            else ended.Add(lease);
        }
        return ended;
    }

    /// <summary>Keys take or lose leases.</summary>
    public void Follow(List<KeyValue> changes)
    {
        if (Pending.IsEmpty) return;
        foreach (var change in changes)
        {
            if (change.Older is { Lease: not 0 } older && older.Lease != change.Lease) Pending.GetValueOrDefault(older.Lease)?.Keys?.Remove(change.Key);
            Attach(change);
        }
    }

    /// <summary>Which keys hold leases, taken anew from an index.</summary>
    public void Attach(VersionTree tree)
    {
        if (Pending.IsEmpty) return;
        foreach (var lease in Pending.Values) lease.Keys = null;
        var keys = new Attacher(this);
        tree.Visit(new KeyRange([0], [0]), ref keys);
    }

    /// <summary>A commit failed: the durable leases are the pending ones again.</summary>
    public void GoBack(VersionTree tree)
    {
        if (Pending.IsEmpty && Durable.IsEmpty) return;
        Pending = Durable;
        Attach(tree);
        Requeue();
    }

    private void Attach(KeyValue version)
    {
        if (version.Lease != 0 && Pending.TryGetValue(version.Lease, out var lease)) (lease.Keys ??= new(KeyComparer.Instance)).Add(version.Key);
    }

    private void Requeue()
    {
        due?.Clear();
        foreach (var lease in Pending.Values) Enqueue(lease);
    }

    private readonly struct Attacher(LeaseBook book) : IVersionVisitor
    {
        public bool Visit(KeyValue head)
        {
            if (!head.Deleted) book.Attach(head);
            return true;
        }
    }
}
