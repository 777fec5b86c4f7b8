namespace KubeFlex.Storage.Dialects.Sqlite;

/// <summary>Rows of the journal that move together, by store, see <see cref="SqliteJournal"/>.</summary>
internal sealed class JournalGeneration
{
    private readonly Dictionary<long, List<KeyValue>> rows = [];

    /// <summary>Of all its rows.</summary>
    public long Bytes { get; private set; }

    /// <summary>In the order of the tree, once it moves: each page is looked for once.</summary>
    public List<long> Stores { get; private set; } = [];

    /// <summary>How many of these have moved.</summary>
    public int Moved { get; set; }

    /// <summary>The last piece with rows of it.</summary>
    public long LastPiece { get; private set; }

    public void Add(long store, KeyValue row)
    {
        if (!rows.TryGetValue(store, out var list)) rows[store] = list = [];
        list.Add(row);
        Bytes += JournalRow.Size(row);
    }

    public void Sort(long lastPiece)
    {
        if (Stores.Count > 0) return;
        (Stores, LastPiece) = ([.. rows.Keys.Order()], lastPiece);
    }

    /// <summary>It did not begin to move after all.</summary>
    public void Stay() => Stores = [];

    public List<KeyValue> RowsOf(long store) => rows.TryGetValue(store, out var list) ? list : [];

    /// <summary>Whether a row that goes is here. A store's rows come in order, so they are those from its first one on.</summary>
    public bool Holds(StoreWrites store) => RowsOf(store.Store) is [var first, ..] && store.Removed.Exists(sequence => sequence >= first.Sequence);
}
