using KubeFlex.Storage.Dialects;
using KubeFlex.Storage.Engine;

namespace KubeFlex.Storage.Archive;

/// <summary>
/// A store in the making, filled in batches under a name that nobody sees, until <see cref="Datastore.PublishAsync"/> gives it its own in one
/// transaction. Disposing of one that was not published removes what it wrote; after a crash the datastore does that.
/// </summary>
public sealed class StoreImport : IAsyncDisposable
{
    /// <summary>Small batches: the writers of the other stores get their turn in between.</summary>
    private const int MostRows = 1_000;
    private const int MostBytes = 1 << 20;
    private const string Prefix = "~import/";

    // No object has this key. Its tombstone says at which revision a restored store begins, where no key does.
    private static readonly byte[] MarkerKey = "kubeflex/restored"u8.ToArray();

    private readonly Datastore datastore;
    private readonly StoreRow row;
    private readonly bool history;
    private StoreWrites writes;
    private long sequence, bytes;
    private bool ended;

    private StoreImport(Datastore datastore, StoreRow row, bool history)
    {
        (this.datastore, this.row, this.history) = (datastore, row, history);
        (sequence, writes) = (row.Sequence, new(row.Id, row.Epoch));
    }

    /// <summary>Keys that live in it.</summary>
    public long Keys { get; private set; }

    /// <summary>Revision of the last version in it; 1 while there is none.</summary>
    public long Revision { get; private set; } = 1;

    internal long Id => row.Id;

    internal long Epoch => row.Epoch;

    /// <summary>
    /// Begins an import. With <paramref name="history"/> all versions are kept, so that watches go on as if nothing had happened; without, only
    /// what is current, for a store that begins anew at a later revision.
    /// </summary>
    public static async Task<StoreImport> BeginAsync(Datastore datastore, bool history, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var name = $"{Prefix}{datastore.Options.Time.GetUtcNow().ToUnixTimeSeconds()}-{Guid.NewGuid():N}";
        return new(datastore, await datastore.ClaimImportAsync(name), history);
    }

    /// <summary>Whether a store's name is one of an import.</summary>
    public static bool IsImport(string name) => name.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>When an import was begun, to know what a crash left behind.</summary>
    internal static DateTimeOffset? Begun(string name) =>
        IsImport(name) && long.TryParse(name.AsSpan(Prefix.Length, Math.Max(0, name.IndexOf('-', StringComparison.Ordinal) - Prefix.Length)), out var seconds)
            ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;

    /// <summary>Adds a version; they come in the order they were written.</summary>
    public async ValueTask AddAsync(ArchivedVersion version, CancellationToken cancellation)
    {
        var item = version.Item;
        if (item.ModRevision < Revision || item.Key.Length == 0) throw ArchiveException.Damaged("its versions are out of order");
        if (version.Current && !item.Deleted) Keys++;
        Revision = item.ModRevision;
        if (!history && (!version.Current || item.Deleted)) return;
        await AppendAsync(item, cancellation);
    }

    /// <summary>Adds a change that was made after the snapshot.</summary>
    public ValueTask AddAsync(StoreEvent change, CancellationToken cancellation)
    {
        Revision = change.Revision;
        return AppendAsync(change.Current, cancellation);
    }

    /// <summary>Adds a lease.</summary>
    public async ValueTask AddAsync(ArchivedLease lease, CancellationToken cancellation)
    {
        if (lease.Ttl is < 1 or > Store.LongestLease || lease.Remaining < 0) throw ArchiveException.Damaged("a lease in it has an impossible length");
        var expires = lease.Remaining == 0 ? 0 : datastore.Options.Time.GetUtcNow().ToUnixTimeMilliseconds() + Math.Min(lease.Remaining, lease.Ttl * 1000);
        writes.Leases.Add(new(lease.Id, lease.Ttl, expires));
        if (writes.Leases.Count >= MostRows) await FlushAsync(cancellation);
    }

    /// <summary>Makes durable what was added.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var (batch, size) = (writes, bytes);
        (writes, bytes) = (new(row.Id, row.Epoch), 0);
        if (batch.Changes.Count == 0 && batch.Leases.Count == 0 && batch.Compacted == 0) return;
        var work = new ImportWork(batch) { Bytes = size };
        datastore.Committer.Enqueue(work);
        await work.Task;
        if (batch.Fenced) throw new StorageException(StorageFailure.NotOwner, "another server has removed the unfinished import");
    }

    /// <summary>Ends the import at a revision, readable from a revision on.</summary>
    internal async ValueTask EndAsync(long revision, long compacted, CancellationToken cancellation)
    {
        if (revision > (history ? Revision : 1))
            await AppendAsync(new() { Key = MarkerKey, Value = [], CreateRevision = 0, ModRevision = revision, Version = 0 }, cancellation);
        writes.Compacted = compacted;
        await FlushAsync(cancellation);
    }

    internal void Published() => ended = true;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (ended) return;
        ended = true;
        await datastore.DropImportAsync(row.Id);
    }

    private ValueTask AppendAsync(KeyValue item, CancellationToken cancellation)
    {
        // A copy: the original is part of the store it comes from.
        writes.Changes.Add(new()
        {
            Key = item.Key, Value = item.Value, CreateRevision = item.CreateRevision, ModRevision = item.ModRevision, Version = item.Version, Lease = item.Lease,
            Sequence = ++sequence,
        });
        bytes += item.Key.Length + item.Value.Length + 64;
        return writes.Changes.Count >= MostRows || bytes >= MostBytes ? FlushAsync(cancellation) : ValueTask.CompletedTask;
    }
}

/// <summary>What an import becomes.</summary>
/// <param name="Import">The import.</param>
/// <param name="Name">The store's name.</param>
/// <param name="Revision">The revision of what was imported.</param>
/// <param name="Compacted">Its oldest readable revision.</param>
/// <param name="Beyond">
/// 0 keeps the revision. Else the store begins so much later, and in any case after the store that it replaces, with everything before compacted,
/// as with etcd's <c>--bump-revision --mark-compacted</c>: clients that saw later revisions than the backup's must read anew.
/// </param>
public sealed record PublishedStore(StoreImport Import, string Name, long Revision, long Compacted, long Beyond);
