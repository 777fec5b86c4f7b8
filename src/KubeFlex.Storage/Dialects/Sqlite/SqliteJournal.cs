using Microsoft.Data.Sqlite;

namespace KubeFlex.Storage.Dialects.Sqlite;

/// <summary>
/// What many stores write at once. In the log a store is one stretch of the tree, so a batch in which a thousand stores write one row each changes a thousand
/// pages or more, for one megabyte of rows. Such a batch goes into the table <c>journal</c> instead, in pieces at its end; later the rows of many batches move into the
/// log together, store by store, so that a changed page takes several new rows.
/// <para>
/// Example: batches 1 to 15, a thousand stores each, put 1.1 MB each into the journal: it is full. From then on each batch takes a slice along: batch 16 goes into the journal
/// and in the same transaction moves what the first 150 stores have waiting, 15 rows each, into the log; batch 17 the next 150. When all have moved, the pieces of batches 1 to 15 go,
/// again some with each batch, while those of 16 and later wait. No batch waits for a long move.
/// </para>
/// A journal row is as durable as a row of the log, in the same transaction as the fence. A row may be in both, if it has moved and its piece is still there; it is the same row.
/// What is taken out of the log must be gone from the journal, lest it come back: such a batch first empties the journal. Everything that it holds is in memory too.
/// </summary>
internal sealed class SqliteJournal : IDisposable
{
    /// <summary>From so many stores in one batch on, with so few rows each.</summary>
    private const int FewestStores = 16, MostRows = 4;

    /// <summary>Bytes that wait before they begin to move. The more, the fuller the pages that they move into; all of it is read when the file is opened.</summary>
    private const int Most = 16 << 20;

    /// <summary>Bytes of rows that move with a batch at least, and how many times a batch's own.</summary>
    private const int LeastSlice = 512 << 10, SliceFactor = 2;

    /// <summary>Bytes of a piece; a larger row has a piece of its own.</summary>
    private const int Piece = 60 << 10;

    /// <summary>Pieces that go with a batch once their rows have moved.</summary>
    private const int MostCleared = 64;

    private readonly SqliteStatement add, move, clear, clearAll;
    private readonly Lock gate = new();
    private readonly List<(long Store, KeyValue Row)> added = [];
    private byte[] piece = new byte[Piece];

    // What is committed: the rows that wait, and those that move, of which the first stores' have.
    private JournalGeneration waiting = new();
    private JournalGeneration? moving;

    // Numbers of the last piece, and of the last one that is gone.
    private long lastPiece, gone;

    // What the transaction in hand does, to be so once it is committed.
    private bool emptied, begun;
    private int moved;
    private long cleared, nextPiece;

    public SqliteJournal(SqliteConnection connection)
    {
        add = new(connection, "insert into journal (id, data) values (?1, ?2)");
        move = new(connection, SqliteSchema.Insert("insert or ignore"));
        clear = new(connection, "delete from journal where id <= ?1");
        clearAll = new(connection, "delete from journal");
        (gone, lastPiece) = Read(connection, waiting.Add);
        nextPiece = lastPiece;
    }

    /// <summary>Whether a batch is of the kind that the journal is for.</summary>
    public static bool Suits(WriteBatch batch) => batch.Stores.Count >= FewestStores && batch.Stores.TrueForAll(store => store.Changes.Count <= MostRows);

    /// <summary>Whether a batch takes something away, or looks at the end of a store, that is in the journal.</summary>
    public bool Conflicts(WriteBatch batch)
    {
        if (waiting.Bytes == 0 && moving is null) return false;
        return batch.Claims.Count + batch.Renames.Count + batch.Drops.Count + batch.Purges.Count > 0
            || batch.Stores.Exists(store => store.Removed.Count > 0 && (waiting.Holds(store) || moving?.Holds(store) == true));
    }

    /// <summary>The rows of a store that may not be in the log, in the order they were written, as if they had been read there; on any thread.</summary>
    public List<KeyValue> RowsOf(long store)
    {
        lock (gate) return [.. (moving?.RowsOf(store) ?? []).Concat(waiting.RowsOf(store)).Select(JournalRow.Bare)];
    }

    /// <summary>A row of the batch in hand.</summary>
    public void Add(long store, KeyValue row) => added.Add((store, row));

    /// <summary>Writes what was added, and moves a part of what waits when that is enough. Inside the transaction.</summary>
    public void Write()
    {
        if (added.Count == 0) return;
        var size = Put();
        if (emptied) return;
        if (moving is null && waiting.Bytes > Most)
        {
            waiting.Sort(lastPiece);
            begun = true;
        }
        if ((begun ? waiting : moving) is not { } going) return;
        if (going.Moved < going.Stores.Count)
        {
            var left = Math.Max(LeastSlice, SliceFactor * size);
            for (moved = going.Moved; left > 0 && moved < going.Stores.Count; moved++)
            {
                foreach (var row in going.RowsOf(going.Stores[moved]))
                {
                    Move(going.Stores[moved], row);
                    left -= JournalRow.Size(row);
                }
            }
        }
        else
        {
            cleared = Math.Min(gone + MostCleared, going.LastPiece);
            clear.Bind(1, cleared);
            clear.Run();
        }
    }

    /// <summary>Moves everything that waits and leaves the journal empty. Inside the transaction, before anything is added.</summary>
    public void Empty()
    {
        foreach (var generation in (JournalGeneration?[])[moving, waiting])
        {
            if (generation is null) continue;
            generation.Sort(lastPiece);
            for (var i = generation.Moved; i < generation.Stores.Count; i++)
            {
                foreach (var row in generation.RowsOf(generation.Stores[i])) Move(generation.Stores[i], row);
            }
        }
        clearAll.Run();
        emptied = true;
    }

    /// <summary>The transaction is over.</summary>
    public void Settle(bool committed)
    {
        lock (gate)
        {
            if (committed)
            {
                if (emptied) (waiting, moving, gone) = (new(), null, lastPiece);
                if (begun) (waiting, moving) = (new(), waiting);
                if (moving is not null)
                {
                    moving.Moved = Math.Max(moving.Moved, moved);
                    gone = Math.Max(gone, cleared);
                    if (gone == moving.LastPiece) moving = null;
                }
                foreach (var (store, row) in added) waiting.Add(store, JournalRow.Bare(row));
                lastPiece = nextPiece;
            }
            else waiting.Stay();
            added.Clear();
            (emptied, begun, moved, cleared, nextPiece) = (false, false, 0, 0, lastPiece);
        }
    }

    public void Dispose()
    {
        add.Dispose();
        move.Dispose();
        clear.Dispose();
        clearAll.Dispose();
    }

    private int Put()
    {
        var (length, all) = (0, 0);
        foreach (var (store, row) in added)
        {
            var size = JournalRow.Size(row);
            if (length > 0 && length + size > piece.Length) length = Put(length);
            if (size > piece.Length) piece = new byte[size];
            JournalRow.Encode(piece.AsSpan(length), store, row);
            length += size;
            all += size;
        }
        Put(length);
        if (piece.Length > Piece) piece = new byte[Piece];
        return all;
    }

    private int Put(int length)
    {
        add.Bind(1, ++nextPiece);
        add.Bind(2, piece.AsSpan(0, length));
        add.Run();
        return 0;
    }

    private void Move(long store, KeyValue row)
    {
        SqliteSchema.Bind(move, store, row);
        move.Run();
    }

    /// <summary>All rows in the journal, in the order they were written; answers the number before the first piece's, and the last one's.</summary>
    private static (long Before, long Last) Read(SqliteConnection connection, Action<long, KeyValue> row)
    {
        long? before = null;
        long last = 0;
        using var command = connection.CreateCommand();
        command.CommandText = "select id, data from journal order by id";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            last = reader.GetInt64(0);
            before ??= last - 1;
            var data = reader.GetFieldValue<byte[]>(1);
            for (var at = 0; at < data.Length;) at += JournalRow.Decode(data.AsSpan(at), row);
        }
        return (before ?? 0, last);
    }
}
