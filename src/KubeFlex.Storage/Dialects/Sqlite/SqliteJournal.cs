using Microsoft.Data.Sqlite;

namespace KubeFlex.Storage.Dialects.Sqlite;

/// <summary>
/// What many stores write at once. In the log a store is one stretch of the tree, so a batch in which a thousand stores write one row each changes a thousand
/// pages or more, for one megabyte of rows. Such rows are written one behind the other into a file beside the database, and that is their commit. Later the rows of many batches move into the
/// log together, store by store and several as one (<see cref="LogPack"/>), on a thread of their own, so that no batch waits for it.
/// <para>
/// Example: batches 1 to 30, a thousand stores each, put 1.1 MB each into generation 1 of the journal, in one of its two files: that is enough. Batch 31 begins generation 2, in the
/// other file. Meanwhile what the first 60 stores have in generation 1, 30 rows each, moves into the log in one transaction, then what the next 60 have; the last transaction also marks
/// generation 1 as moved. From then on its file is free: generation 3 begins there.
/// </para>
/// A row may be in both, if it has moved and its generation is not marked; it is the same row.
/// What is taken out of the log must not be in a generation that counts, lest it come back: such a batch first moves everything. Everything that the journal holds is in memory too.
/// </summary>
internal sealed class SqliteJournal : IDisposable
{
    /// <summary>From so many stores in one batch on, with so few rows each.</summary>
    private const int FewestStores = 16, MostRows = 4;

    /// <summary>Bytes of a generation before it moves, where the one before has moved. The more, the fuller the pages; all of it is read when the file is opened.</summary>
    private const long Enough = 32 << 20;

    /// <summary>Bytes of a generation at most: then its batches wait for the one before.</summary>
    private const long Most = 64 << 20;

    /// <summary>Bytes of rows that move in one transaction. Whoever writes into the tables meanwhile waits so long.</summary>
    private const int Slice = 2 << 20;

    private readonly string path;
    private readonly SqliteStatement move, mark;
    private readonly JournalFile[] files;
    private readonly Lock gate = new();

    // What is committed: the rows that wait, and those that move, of which the first stores' have.
    private JournalGeneration waiting;
    private JournalGeneration? moving;

    // What the transaction in hand does, to be so once it is committed: moves everything, or the rows of so many stores.
    private bool emptied;
    private int moved;

    // Whether a record is being written.
    private bool writing;
    private bool closed;

    public SqliteJournal(SqliteConnection connection, string path)
    {
        this.path = path;
        move = new(connection, SqliteSchema.Insert("insert or ignore"));
        mark = new(connection, "update journal set moved = ?1");
        var (id, last) = SqliteSchema.Journal(connection);
        files = [.. Paths(path).Select(file => new JournalFile(file, id))];
        try
        {
            (moving, waiting) = Read(last);
        }
        catch
        {
            foreach (var file in files) file.Dispose();
            throw;
        }
    }

    /// <summary>Whether it holds anything.</summary>
    public bool Empty
    {
        get
        {
            lock (gate) return moving is null && waiting.Bytes == 0;
        }
    }

    /// <summary>Whether there is something to move.</summary>
    public bool Moving
    {
        get
        {
            lock (gate) return moving is not null;
        }
    }

    /// <summary>Whether a batch has to wait until what moves has moved.</summary>
    public bool Full
    {
        get
        {
            lock (gate) return moving is not null && waiting.Bytes > Most;
        }
    }

    /// <summary>The files beside the database.</summary>
    public static IEnumerable<string> Paths(string path) => [path + ".journal-0", path + ".journal-1"];

    /// <summary>The stores of a batch that write nothing but a few rows; none when they are too few to be worth it.</summary>
    public static List<StoreWrites> Suited(WriteBatch batch)
    {
        if (batch.Stores.Count < FewestStores) return [];
        var suited = batch.Stores.FindAll(store => store is { Changes.Count: > 0 and <= MostRows, Removed.Count: 0, Leases.Count: 0, Compacted: 0 });
        return suited.Count < FewestStores ? [] : suited;
    }

    /// <summary>Whether a batch takes something away, or looks at the end of a store, that is in the journal. Under the database's lock.</summary>
    public bool Conflicts(WriteBatch batch)
    {
        if (waiting.Bytes == 0 && moving is null) return false;
        return batch.MovesStores || batch.Stores.Exists(store => store.Removed.Count > 0 && (waiting.Holds(store) || moving?.Holds(store) == true));
    }

    /// <summary>The rows of a store that may not be in the log, in the order they were written, as if they had been read there; on any thread.</summary>
    public List<KeyValue> RowsOf(long store)
    {
        lock (gate) return [.. (moving?.RowsOf(store) ?? []).Concat(waiting.RowsOf(store)).Select(JournalRow.Bare)];
    }

    /// <summary>Makes rows durable. On the committer's thread, in no transaction.</summary>
    public void Commit(IReadOnlyList<(long Store, KeyValue Row)> rows)
    {
        lock (gate)
        {
            if (moving is null && waiting.Bytes > Enough) Turn();
            writing = true;
        }
        try
        {
            var end = FileOf(waiting.Number).Append(waiting.Number, waiting.End, rows);
            lock (gate)
            {
                foreach (var (store, row) in rows) waiting.Add(store, JournalRow.Bare(row));
                waiting.End = end;
            }
        }
        finally
        {
            lock (gate) writing = false;
        }
    }

    /// <summary>Lets what waits move although it is not much, and gives the disk back what nobody needs, unless something moves or is being written. On any thread.</summary>
    public void Rest()
    {
        lock (gate)
        {
            if (moving is not null || writing || emptied || closed) return;
            if (waiting.Bytes > 0) Turn();
            else foreach (var file in files) file.Empty();
        }
    }

    /// <summary>Moves some of what is to move; all of it in the end. Inside a transaction, under the database's lock.</summary>
    public void Move()
    {
        JournalGeneration? going;
        lock (gate) going = moving;
        if (going is null) return;
        long bytes = 0;
        for (moved = going.Moved; bytes < Slice && moved < going.Stores.Count; moved++)
        {
            bytes += Move(going, moved);
        }
        if (moved == going.Stores.Count) Mark(going.Number);
    }

    /// <summary>Moves everything and leaves the journal empty. Inside a transaction, under the database's lock.</summary>
    public void MoveAll()
    {
        lock (gate)
        {
            emptied = true;
            waiting.Close();
        }
        foreach (var generation in (JournalGeneration?[])[moving, waiting])
        {
            if (generation is null) continue;
            for (var i = generation.Moved; i < generation.Stores.Count; i++) Move(generation, i);
        }
        Mark(waiting.Number);
    }

    /// <summary>The transaction is over.</summary>
    public void Settle(bool committed)
    {
        lock (gate)
        {
            if (committed)
            {
                if (emptied) (moving, waiting) = (null, new(waiting.Number + 1));
                else if (moving is not null)
                {
                    moving.Moved = Math.Max(moving.Moved, moved);
                    if (moving.Moved == moving.Stores.Count) moving = null;
                }
            }
            (emptied, moved) = (false, 0);
        }
    }

    public void Dispose()
    {
        move.Dispose();
        mark.Dispose();
        lock (gate)
        {
            // Somebody may be about to Rest.
            closed = true;
            foreach (var file in files) file.Dispose();
        }
    }

    /// <summary>What waited moves. Under the gate.</summary>
    private void Turn()
    {
        waiting.Close();
        (moving, waiting) = (waiting, new(waiting.Number + 1));
    }

    private JournalFile FileOf(long generation) => files[generation % files.Length];

    /// <summary>Moves one store's rows; answers their bytes.</summary>
    private long Move(JournalGeneration generation, int place)
    {
        var store = generation.Stores[place];
        var rows = generation.RowsOf(store);
        LogPack.Write(move, store, rows);
        return rows.Sum(row => (long)JournalRow.Size(row));
    }

    private void Mark(long generation)
    {
        mark.Bind(1, generation);
        mark.Run();
    }

    /// <summary>The generations that count: those after the one that has moved last.</summary>
    private (JournalGeneration? Moving, JournalGeneration Waiting) Read(long last)
    {
        var found = files.Select(file => file.Open()).Where(generation => generation > last).Order().ToList();
        // Neither generations are skipped, nor do more than two count.
        if (!found.SequenceEqual(Enumerable.Range(1, found.Count).Select(i => last + i)))
            throw new StorageException(StorageFailure.Unavailable, $"{path} and the files {path}.journal-* beside it are not of the same moment; put back all of them from one copy, or restore a backup");
        var generations = found.ConvertAll(number =>
        {
            var generation = new JournalGeneration(number);
            generation.End = FileOf(number).Read(number, generation.Add);
            return generation;
        });
        if (generations is []) return (null, new(last + 1));
        // Part of it may have moved, in packs that end where it ended: it takes no more rows.
        generations[0].Close();
        return (generations[0], generations is [_, var second] ? second : new(last + 2));
    }
}
