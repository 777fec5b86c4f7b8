using System.Text;
using KubeFlex.Storage.Dialects;
using KubeFlex.Storage.Dialects.Sqlite;
using Xunit;

namespace KubeFlex.Storage.Tests.Sqlite;

/// <summary>Batches of many stores take a way of their own to the log: wherever their rows are, they are read back whole, once and in order.</summary>
public sealed class JournalTests : IDisposable
{
    private const int Stores = 40;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("kubeflex-");
    private readonly List<long> ids = [];
    private readonly Dictionary<long, List<string>> expected = [];
    private readonly Dictionary<long, long> last = [];
    private SqliteDialect dialect;

    public JournalTests()
    {
        dialect = Open();
        var batch = new WriteBatch();
        for (var i = 0; i < Stores; i++) batch.Claims.Add(new($"store-{i}", "me", 0, force: true));
        dialect.Write(batch);
        foreach (var claim in batch.Claims)
        {
            ids.Add(claim.Row.Id);
            expected[claim.Row.Id] = [];
        }
    }

    private string File => Path.Combine(folder.FullName, "data.db");

    [Fact]
    public void Rows_that_wait_are_read_before_and_after_a_restart()
    {
        dialect.Write(Rows(ids, 2));
        dialect.Write(Rows(ids, 1));
        Assert.Equal(2, Waiting());
        Same();
        Reopen();
        Same();
        // Where they were: opening alone writes nothing.
        Assert.Equal(2, Waiting());
    }

    [Fact]
    public void A_batch_that_takes_such_a_row_away_moves_them_first()
    {
        dialect.Write(Rows(ids, 1));
        var batch = Rows([ids[3]], 1);
        // The row that waited goes at the same moment.
        batch.Stores[0].Removed.Add(1);
        expected[ids[3]].RemoveAt(0);
        dialect.Write(batch);
        Assert.Equal(0, Waiting());
        Same();
        Reopen();
        Same();
    }

    [Fact]
    public void A_full_journal_moves_into_the_log_a_part_with_each_batch()
    {
        var (most, steps) = (0L, 0);
        long before = 0;
        // A row each of 30 KB: 1.2 MB a batch; every third with rows that are larger than a piece.
        for (var i = 0; Waiting() >= most; i++)
        {
            most = Waiting();
            dialect.Write(Rows(ids, 1, i % 3 == 0 ? 70_000 : 30_000));
            Same();
            var log = InLog();
            if (log > before) steps++;
            before = log;
            Assert.True(i < 100, "it never moves");
        }
        Assert.InRange(steps, 2, 50);
        Reopen();
        Same();
        dialect.Write(Rows(ids, 1));
        Same();
    }

    /// <summary>The index links versions to those that they replaced, and cuts the links when it forgets: that must not show in what is read back.</summary>
    [Fact]
    public void A_row_that_waits_is_nobody_elses_object()
    {
        var batch = Rows(ids, 1);
        foreach (var writes in batch.Stores) writes.Changes[0].Older = new() { Key = [1], Value = [], CreateRevision = 1, ModRevision = 1, Version = 1 };
        dialect.Write(batch);
        List<KeyValue> first = [], second = [];
        dialect.Load(ids[0], first.Add);
        dialect.Load(ids[0], second.Add);
        Assert.Null(Assert.Single(first).Older);
        Assert.NotSame(batch.Stores[0].Changes[0], first[0]);
        Assert.NotSame(first[0], Assert.Single(second));
    }

    [Fact]
    public void Rows_in_both_places_are_one_row()
    {
        Half();
        Same();
        Reopen();
        Same();
        // What is left goes in the ordinary way, and what follows is not mixed up with it.
        for (var i = 0; i < 30; i++) dialect.Write(Rows(ids, 1, 30_000));
        Same();
        dialect.Write(new WriteBatch { Claims = { new("store-1", "me", 0, force: true) } });
        Assert.Equal(0, Waiting());
        Same();
    }

    [Fact]
    public void What_is_taken_out_of_the_log_does_not_come_back_from_the_journal()
    {
        Half();
        // The first store's rows have moved, and their pieces are still there; the last one's have not.
        foreach (var store in (long[])[ids[0], ids[^1]])
        {
            var batch = new WriteBatch();
            var writes = new StoreWrites(store, 1);
            writes.Removed.Add(2);
            batch.Stores.Add(writes);
            expected[store].RemoveAt(1);
            dialect.Write(batch);
            Same();
        }
        Assert.Equal(0, Waiting());
        Reopen();
        Same();
    }

    [Fact]
    public void A_removal_elsewhere_leaves_them_alone()
    {
        dialect.Write(Rows([ids[5]], 3));
        dialect.Write(Rows(ids, 1));
        var batch = new WriteBatch();
        var writes = new StoreWrites(ids[5], 1);
        writes.Removed.Add(1);
        batch.Stores.Add(writes);
        expected[ids[5]].RemoveAt(0);
        dialect.Write(batch);
        Assert.Equal(1, Waiting());
        Same();
        Reopen();
        Same();
    }

    [Fact]
    public void A_deleted_store_leaves_no_rows_for_the_next_one_with_its_number()
    {
        Half();
        dialect.Write(new WriteBatch { Drops = { ids[^1] } });
        var purge = new StorePurge(ids[^1]);
        while (!purge.Done) dialect.Write(new WriteBatch { Purges = { purge } });
        expected[ids[^1]].Clear();
        Reopen();
        Same();
        Assert.Equal(0, Waiting());
    }

    [Fact]
    public void A_batch_that_fails_while_they_move_changes_nothing()
    {
        Half();
        dialect.Dispose();
        dialect = Open($"pragma max_page_count={Pages()}");
        for (var failed = 0; failed < 3;)
        {
            var before = expected.ToDictionary(one => one.Key, one => one.Value.ToList());
            var sequences = new Dictionary<long, long>(last);
            try
            {
                dialect.Write(Rows(ids, 1, 30_000));
            }
            catch (StorageException)
            {
                failed++;
                foreach (var (store, rows) in before) (expected[store], last[store]) = (rows, sequences[store]);
            }
            Same();
        }
        Reopen();
        Same();
        for (var i = 0; i < 30; i++) dialect.Write(Rows(ids, 1, 30_000));
        Same();
    }

    [Fact]
    public void A_fenced_store_leaves_nothing_in_it()
    {
        dialect.Write(new WriteBatch { Claims = { new("store-7", "other", 0, force: true) } });
        var before = expected[ids[7]].ToList();
        var batch = Rows(ids, 1);
        expected[ids[7]] = before;
        dialect.Write(batch);
        Assert.Equal([ids[7]], batch.Stores.Where(store => store.Fenced).Select(store => store.Store));
        Same();
    }

    [Fact]
    public void A_batch_that_fails_leaves_nothing_in_it()
    {
        dialect.Write(Rows(ids, 1));
        dialect.Dispose();
        dialect = Open($"pragma max_page_count={Pages()}");
        var before = expected.ToDictionary(one => one.Key, one => one.Value.ToList());
        Assert.Throws<StorageException>(() => dialect.Write(Rows(ids, 1, 70_000)));
        foreach (var (store, rows) in before) expected[store] = rows;
        Same();
        Reopen();
        dialect.Write(Rows(ids, 1));
        Same();
    }

    public void Dispose()
    {
        dialect.Dispose();
        folder.Delete(true);
    }

    private SqliteDialect Open(string? pragma = null) => SqliteDialect.Open(File, pragma);

    private void Reopen()
    {
        dialect.Dispose();
        dialect = Open();
    }

    /// <summary>Until a part of the rows has moved and their pieces are there.</summary>
    private void Half()
    {
        while (InLog() == 0) dialect.Write(Rows(ids, 1, 30_000));
        Assert.True(Waiting() > 0);
    }

    private long InLog() => Ask("select count(*) from log");

    /// <summary>Pieces in the journal.</summary>
    private long Waiting() => Ask("select count(*) from journal");

    private long Pages() => Ask("pragma page_count");

    private long Ask(string sql)
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={File};Pooling=false");
        connection.Open();
        return SqliteSchema.Number(connection, sql);
    }

    private WriteBatch Rows(IReadOnlyList<long> stores, int rows, int bytes = 10)
    {
        var batch = new WriteBatch();
        foreach (var store in stores)
        {
            var writes = new StoreWrites(store, 1);
            for (var i = 0; i < rows; i++)
            {
                var sequence = Next(store);
                var deleted = sequence % 5 == 4;
                var row = new KeyValue
                {
                    Key = Encoding.ASCII.GetBytes($"key-{sequence % 3}"), Value = deleted ? [] : Encoding.ASCII.GetBytes($"{store}/{sequence}/" + new string('x', bytes)),
                    CreateRevision = deleted ? 0 : 2, ModRevision = sequence + 1, Version = deleted ? 0 : sequence, Lease = deleted ? 0 : sequence % 2, Sequence = sequence,
                };
                writes.Changes.Add(row);
                expected[store].Add(Text(row));
            }
            batch.Stores.Add(writes);
        }
        return batch;
    }

    private long Next(long store) => last[store] = last.GetValueOrDefault(store) + 1;

    private void Same()
    {
        foreach (var store in ids)
        {
            var found = new List<string>();
            dialect.Load(store, row => found.Add(Text(row)));
            Assert.Equal(expected[store], found);
        }
    }

    private static string Text(KeyValue row) => $"{row.Sequence} {row.ModRevision} {row.CreateRevision} {row.Version} {row.Lease} {Encoding.ASCII.GetString(row.Key)}={Encoding.ASCII.GetString(row.Value)}";
}
