namespace KubeFlex.Storage.Dialects.Sqlite;

/// <summary>Rows of the journal that move together, by store, see <see cref="SqliteJournal"/>.</summary>
/// <param name="number">Its number; one more than the former one's.</param>
internal sealed class JournalGeneration(long number)
{
    private readonly Dictionary<long, List<KeyValue>> rows = [];

    public long Number { get; } = number;

    /// <summary>Of all its rows.</summary>
    public long Bytes { get; private set; }

    /// <summary>Where in its file the next record goes.</summary>
    public long End { get; set; }

    /// <summary>In the order of the tree, once it moves: each page is looked for once.</summary>
    public IReadOnlyList<long> Stores { get; private set; } = [];

    /// <summary>How many of these have moved.</summary>
    public int Moved { get; set; }

    public void Add(long store, KeyValue row)
    {
        if (!rows.TryGetValue(store, out var list)) rows[store] = list = [];
        list.Add(row);
        Bytes += JournalRow.Size(row);
    }

    /// <summary>No row comes any more.</summary>
    public void Close() => Stores = [.. rows.Keys.Order()];

    public List<KeyValue> RowsOf(long store) => rows.TryGetValue(store, out var list) ? list : [];

    /// <summary>Whether a row that goes is here. A store's rows come in order, so they are those from its first one on.</summary>
    public bool Holds(StoreWrites store) => RowsOf(store.Store) is [var first, ..] && store.Removed.Exists(sequence => sequence >= first.Sequence);
}
