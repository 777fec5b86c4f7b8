using System.Collections.Concurrent;
using KubeFlex.Storage;

namespace KubeFlex.Server.StorageOnly;

/// <summary>
/// The stores of a storage service that serves. Only its administrator makes and deletes them; opening one never makes it. So an API server that runs a moment
/// longer than its control plane cannot bring a deleted store back: opening and deletion of one store take turns, and after its deletion the name is unknown.
/// </summary>
/// <param name="datastore">The database, which no other server serves meanwhile.</param>
internal sealed class StoreDirectory(Datastore datastore)
{
    /// <summary>Names of ours hold a colon, which no other's may.</summary>
    private const char Ours = ':';

    private readonly ConcurrentDictionary<string, Entry> entries = new(StringComparer.Ordinal);
    private int losses;

    /// <summary>How many there are.</summary>
    public int Count => entries.Count;

    /// <summary>Names, sorted.</summary>
    public IReadOnlyList<string> Names => [.. entries.Keys.Order(StringComparer.Ordinal)];

    /// <summary>What a store may be called: the name must fit into a certificate's common name (X.520: 64 characters).</summary>
    public static bool IsName(string name) => name.Length is > 0 and <= 64 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.') && char.IsAsciiLetterOrDigit(name[0]);

    /// <summary>Learns which stores there are; before anything else.</summary>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        foreach (var name in await datastore.ListStoresAsync(cancellation))
        {
            if (!name.Contains(Ours, StringComparison.Ordinal)) entries[name] = new Entry();
        }
    }

    public bool Contains(string name) => entries.ContainsKey(name);

    /// <summary>The store, opened if need be; null when there is none.</summary>
    public ValueTask<Store?> FindAsync(string name, CancellationToken cancellation) =>
        !entries.TryGetValue(name, out var entry) ? new((Store?)null) : entry.Store is { } open ? new(open) : new(OpenAsync(entry, name, cancellation));

    /// <summary>Makes a store; false when it was there. Goes on to its end whether somebody waits or not.</summary>
    public async Task<bool> CreateAsync(string name)
    {
        while (true)
        {
            var entry = entries.GetOrAdd(name, _ => new Entry { IsNew = true });
            await entry.Gate.WaitAsync(CancellationToken.None);
            try
            {
                if (entry.Gone) continue;
                var made = entry.IsNew;
                await FillAsync(entry, name);
                entry.IsNew = false;
                return made;
            }
            finally
            {
                if (entry.IsNew) Forget(name, entry);
                entry.Gate.Release();
            }
        }
    }

    /// <summary>Deletes a store; false when there was none. Goes on to its end whether somebody waits or not.</summary>
    public async Task<bool> DeleteAsync(string name)
    {
        if (!entries.TryGetValue(name, out var entry)) return false;
        await entry.Gate.WaitAsync(CancellationToken.None);
        try
        {
            if (entry.Gone) return false;
            // Should it fail, the next request opens the store again.
            entry.Store = null;
            await datastore.DeleteStoreAsync(name, CancellationToken.None);
            Forget(name, entry);
            return true;
        }
        finally
        {
            entry.Gate.Release();
        }
    }

    /// <summary>Another server took it over: it must be opened again.</summary>
    public void Lost(Store store)
    {
        Interlocked.Increment(ref losses);
        if (entries.TryGetValue(store.Name, out var entry)) entry.Drop(store);
    }

    private async Task<Store?> OpenAsync(Entry entry, string name, CancellationToken cancellation)
    {
        await entry.Gate.WaitAsync(cancellation);
        try
        {
            return entry.Gone || entry.IsNew ? null : await FillAsync(entry, name);
        }
        finally
        {
            entry.Gate.Release();
        }
    }

    private async Task<Store> FillAsync(Entry entry, string name)
    {
        if (entry.Store is { } open) return open;
        var before = Volatile.Read(ref losses);
        var store = await datastore.OpenStoreAsync(name, CancellationToken.None);
        entry.Store = store;
        // Lost between the two lines, it would stay here for ever.
        if (Volatile.Read(ref losses) != before) entry.Drop(store);
        return store;
    }

    private void Forget(string name, Entry entry)
    {
        entry.Gone = true;
        entries.TryRemove(new(name, entry));
    }

    /// <summary>One store that exists. Changes under its gate.</summary>
    private sealed class Entry
    {
        private Store? store;

        public SemaphoreSlim Gate { get; } = new(1, 1);

        /// <summary>Open, or null.</summary>
        public Store? Store
        {
            get => Volatile.Read(ref store);
            set => Volatile.Write(ref store, value);
        }

        /// <summary>Its making has begun and not ended.</summary>
        public bool IsNew { get; set; }

        /// <summary>Deleted: whoever holds this entry looks for another.</summary>
        public bool Gone { get; set; }

        public void Drop(Store lost) => Interlocked.CompareExchange(ref store, null, lost);
    }
}
