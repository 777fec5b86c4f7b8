using System.Collections.Concurrent;
using KubeFlex.Storage;

namespace KubeFlex.Server.Backup;

/// <summary>
/// Datastores beside the server's own. Many control planes may live in one, and one is opened once (a SQLite file lets nobody else in): it is
/// closed when the last that uses it gives it back.
/// </summary>
internal sealed class DatastorePool(DatastoreOptions options)
{
    // Entries stay: there are as many as control planes with a place of their own ever had.
    private readonly ConcurrentDictionary<string, Entry> entries = new(StringComparer.Ordinal);

    /// <summary>Opens a datastore, or shares it; <paramref name="create"/> also makes a PostgreSQL database that is absent.</summary>
    public async Task<Lease> RentAsync(DatastoreUrl url, bool create, CancellationToken cancellation)
    {
        var entry = entries.GetOrAdd(url.ToString(), _ => new());
        await entry.Turn.WaitAsync(cancellation);
        try
        {
            if (entry.Datastore is null && create) await Datastore.CreateAsync(url, cancellation);
            entry.Datastore ??= await Datastore.OpenAsync(url, options, cancellation);
            entry.Users++;
            return new(entry, entry.Datastore);
        }
        finally
        {
            entry.Turn.Release();
        }
    }

    internal sealed class Entry
    {
        public SemaphoreSlim Turn { get; } = new(1, 1);

        public Datastore? Datastore { get; set; }

        public int Users { get; set; }
    }

    internal sealed class Lease(Entry entry, Datastore datastore) : IAsyncDisposable
    {
        private int returned;

        public Datastore Datastore => datastore;

        public async ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref returned, 1) != 0) return;
            await entry.Turn.WaitAsync();
            try
            {
                if (--entry.Users > 0) return;
                entry.Datastore = null;
                await datastore.DisposeAsync();
            }
            finally
            {
                entry.Turn.Release();
            }
        }
    }
}
