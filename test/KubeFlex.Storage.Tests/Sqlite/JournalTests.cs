using System.Text;
using KubeFlex.Storage.Dialects;
using KubeFlex.Storage.Dialects.Sqlite;
using KubeFlex.Storage.Tests.Support;

namespace KubeFlex.Storage.Tests.Sqlite;

/// <summary>Batches of many stores take a way of their own to the log: wherever their rows are, they are read back whole, once and in order.</summary>
public sealed class JournalTests : IDisposable
{
    private const int Stores = 40;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("kubeflex-");
    private readonly List<long> ids = [];
    private readonly Dictionary<long, List<string>> expected = [];
    private readonly Dictionary<long, long> last = [];
    private readonly Dictionary<long, long> epochs = [];
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
        Same();
        for (var i = 0; i < 2; i++)
        {
            Reopen();
            Same();
            // Where they were: opening alone writes nothing.
            Assert.Equal((0, 0), (InLog(), Moved()));
        }
        dialect.Write(Rows(ids, 1));
        Same();
        Reopen();
        Same();
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
        Assert.Equal((1, Stores), (Moved(), InLog()));
        Same();
        Reopen();
        Same();
    }

    [Fact]
    public void A_full_journal_moves_into_the_log_while_others_are_written()
    {
        // A row each of 30 KB: 1.2 MB a batch; every third larger than a pack.
        for (var i = 0; Moved() < 2; i++)
        {
            dialect.Write(Rows(ids, 1, i % 3 == 0 ? 70_000 : 30_000));
            Assert.True(i < 1_000, "it never moves");
        }
        Same();
        Reopen();
        Same();
        dialect.Write(Rows(ids, 1));
        Same();
    }

    [Fact]
    public void What_nobody_adds_to_moves_although_it_is_not_much()
    {
        dialect.Write(Rows(ids, 3));
        Reopen(TimeSpan.FromMilliseconds(1));
        Until(() => Moved() == 1);
        dialect.Write(Rows(ids, 1));
        Until(() => Moved() == 2);
        // And takes no room any more.
        Until(() => SqliteJournal.Paths(File).All(file => new FileInfo(file).Length == 0));
        // Three rows of a store are one pack, the fourth came later.
        Assert.Equal(2 * Stores, InLog());
        Same();
        Reopen();
        Same();
    }

    /// <summary>What goes wrong on a timer's thread ends the process.</summary>
    [Fact]
    public void Closing_meanwhile_is_no_mishap()
    {
        for (var i = 0; i < 150; i++)
        {
            Reopen(TimeSpan.Zero);
            dialect.Write(Rows(ids, 1));
            if (i % 3 > 0) SpinWait.SpinUntil(() => Moved() > i, i % 3);
        }
        Reopen();
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
        dialect.Write(Rows(ids, 1));
        Same();
        Assert.Equal((last[ids[1]] + 1, last[ids[1]]), Claim("store-1"));
        Assert.Equal(2, Moved());
        Same();
    }

    [Fact]
    public void What_is_taken_out_of_the_log_does_not_come_back_from_the_journal()
    {
        Half();
        // The first store's rows have moved, and their generation is not marked; the last one's have not.
        foreach (var store in (long[])[ids[0], ids[^1]])
        {
            var batch = new WriteBatch();
            var writes = new StoreWrites(store, epochs.GetValueOrDefault(store, 1));
            writes.Removed.Add(2);
            batch.Stores.Add(writes);
            expected[store].RemoveAt(1);
            dialect.Write(batch);
            Same();
        }
        Assert.Equal(2, Moved());
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
        Assert.Equal((0, 2), (Moved(), InLog()));
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
        Assert.Equal(2, Moved());
    }

    [Fact]
    public void Where_there_is_no_room_to_move_the_journal_takes_what_it_can_and_then_batches_fail_and_change_nothing()
    {
        Half();
        Reopen(pragma: $"pragma max_page_count={Pages()}");
        var taken = 0;
        for (var failed = 0; failed < 3;)
        {
            var (before, sequences) = Now();
            try
            {
                dialect.Write(Rows(ids, 1, 100_000));
                taken++;
            }
            catch (StorageException e)
            {
                failed++;
                Assert.Equal($"no space left for {File}; free some on its disk and try again", e.Message);
                Back(before, sequences);
            }
        }
        Assert.InRange(taken, 2, 100);
        Same();
        Reopen();
        Same();
        dialect.Write(Rows(ids, 1, 30_000));
        Same();
        Claim("store-1");
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
        if (!OperatingSystem.IsLinux()) Assert.Skip("/dev/full is Linux's");
        dialect.Dispose();
        System.IO.File.CreateSymbolicLink(File + ".journal-1", "/dev/full");
        dialect = Open();
        var (before, sequences) = Now();
        var full = Assert.Throws<StorageException>(() => dialect.Write(Rows(ids, 1)));
        Assert.Equal(($"no space left for {File}; free some on its disk and try again", "the storage is full"), (full.Message, full.Brief));
        Back(before, sequences);
        Same();
        // What goes into the tables is not affected, and says for each store what became of it.
        var batch = Rows(ids, 1);
        batch.Stores[3].Leases.Add(new(1, 60, 0));
        Back(before, sequences, except: ids[3]);
        dialect.Write(batch);
        Assert.All(batch.Stores, store => Assert.Equal(store == batch.Stores[3] ? null : full.Message, store.Failure?.Message));
        Same();
        dialect.Dispose();
        System.IO.File.Delete(File + ".journal-1");
        dialect = Open();
        Same();
        dialect.Write(Rows(ids, 1));
        Same();
    }

    [Fact]
    public void Stores_that_do_more_than_write_a_few_rows_go_another_way_in_the_same_batch()
    {
        var batch = Rows(ids, 1);
        batch.Stores[0].Leases.Add(new(7, 60, 0));
        batch.Stores[1].Compacted = 1;
        batch.Claims.Add(new("another", "me", 0, force: true));
        dialect.Write(batch);
        Assert.Equal(2, InLog());
        Same();
        Reopen();
        Same();
    }

    /// <summary>As after a crash in the middle of it: the last batch was not acknowledged.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(-8)]
    [InlineData(-1)]
    public void A_record_that_is_cut_off_or_altered_is_none_and_the_next_one_takes_its_place(int at)
    {
        var first = Rows(ids, 2);
        dialect.Write(first);
        var (before, sequences) = Now();
        var second = Rows(ids, 1);
        dialect.Write(second);
        dialect.Dispose();
        var journal = File + ".journal-1";
        var bytes = System.IO.File.ReadAllBytes(journal);
        bytes[Record(first) + (at >= 0 ? at : Record(second) + at)] ^= 0x40;
        System.IO.File.WriteAllBytes(journal, bytes);
        Back(before, sequences);
        dialect = Open();
        Same();
        dialect.Write(Rows(ids, 1));
        Reopen();
        Same();

        static int Record(WriteBatch batch) => (3 * sizeof(long)) + batch.Stores.Sum(store => store.Changes.Sum(JournalRow.Size));
    }

    /// <summary>It is written, and whether it would be there after a crash is not known: its callers hear that it failed, so it must not be.</summary>
    [Fact]
    public void A_record_whose_sync_fails_is_none()
    {
        var (path, fails) = (Path.Combine(folder.FullName, "file"), false);
        IReadOnlyList<(long, KeyValue)> Some(long sequence) => [(1, Row(1, sequence, 300_000)), (2, Row(2, sequence, 10))];
        using (var file = new JournalFile(path, [1, 2, 3], _ =>
        {
            if (fails) throw new IOException("the disk is gone");
        }))
        {
            Assert.Equal(0, file.Open());
            var end = file.Append(7, 0, Some(1));
            fails = true;
            Assert.Throws<IOException>(() => file.Append(7, end, Some(2)));
        }
        using var again = new JournalFile(path, [1, 2, 3]);
        Assert.Equal(7, again.Open());
        var rows = new List<(long, long)>();
        again.Read(7, (store, row) => rows.Add((store, row.Sequence)));
        Assert.Equal([(1, 1), (2, 1)], rows);
    }

    [Fact]
    public void Another_databases_journal_is_not_read()
    {
        dialect.Write(Rows(ids, 1));
        dialect.Dispose();
        foreach (var file in (string[])["", "-wal", "-shm"]) System.IO.File.Delete(File + file);
        dialect = Open();
        var batch = new WriteBatch();
        for (var i = 0; i < Stores; i++) batch.Claims.Add(new($"store-{i}", "me", 0, force: true));
        dialect.Write(batch);
        Assert.Equal(ids, batch.Claims.Select(claim => claim.Row.Id));
        foreach (var rows in expected.Values) rows.Clear();
        last.Clear();
        Same();
        dialect.Write(Rows(ids, 1));
        Reopen();
        Same();
    }

    [Fact]
    public void A_database_that_is_older_than_its_journal_is_refused()
    {
        dialect.Write(Rows(ids, 1));
        dialect.Dispose();
        var old = System.IO.File.ReadAllBytes(File);
        for (var i = 0; i < 2; i++)
        {
            dialect = Open();
            dialect.Write(Rows(ids, 1));
            Claim("store-1");
            dialect.Write(Rows(ids, 1));
            dialect.Dispose();
        }
        Assert.Equal(4, Moved());
        System.IO.File.WriteAllBytes(File, old);
        var error = Assert.Throws<StorageException>(() => Open());
        Assert.Equal($"{File} and the files {File}.journal-* beside it are not of the same moment; put back all of them from one copy, or restore a backup", error.Message);
    }

    [Fact]
    public void The_journal_of_version_4_is_moved_into_the_log()
    {
        dialect.Write(Rows(ids, 1));
        Claim("store-1");
        dialect.Dispose();
        using (var connection = RawDatabase.Connect(File))
        {
            SqliteSchema.Execute(connection, "drop table journal; create table journal (id integer primary key, data blob not null); pragma user_version=4");
            // The first is in both.
            foreach (var (store, row) in Rows(ids, 1).Stores.Select(store => (store.Store, store.Changes[0])).Prepend((ids[2], Row(ids[2], 1, 10))))
            {
                var data = new byte[JournalRow.Size(row)];
                JournalRow.Encode(data, store, row);
                using var insert = connection.CreateCommand();
                insert.CommandText = "insert into journal (data) values ($data)";
                insert.Parameters.AddWithValue("$data", data);
                insert.ExecuteNonQuery();
            }
        }
        dialect = Open();
        Same();
        dialect.Write(Rows(ids, 1));
        Reopen();
        Same();
    }

    public void Dispose()
    {
        dialect.Dispose();
        folder.Delete(true);
    }

    private SqliteDialect Open(string? pragma = null, TimeSpan? pause = null) => SqliteDialect.Open(File, pragma, pause ?? Timeout.InfiniteTimeSpan);

    private void Reopen(TimeSpan? pause = null, string? pragma = null)
    {
        dialect.Dispose();
        dialect = Open(pragma, pause);
    }

    /// <summary>As after a crash when a part of the rows had moved, and their generation was not marked.</summary>
    private void Half()
    {
        dialect.Dispose();
        using (var connection = RawDatabase.Connect(File))
        {
            using var journal = new SqliteJournal(connection, File);
            for (var i = 0; i < 5; i++) journal.Commit([.. Rows(ids, 1, 15_000).Stores.SelectMany(store => store.Changes.Select(row => (store.Store, row)))]);
            journal.Rest();
            SqliteSchema.Execute(connection, "begin immediate");
            journal.Move();
            SqliteSchema.Execute(connection, "commit");
        }
        Assert.Equal(0, Moved());
        // Two packs of two rows for each store, and a row that would be one with the next.
        Assert.InRange(InLog(), 3, (3 * Stores) - 3);
        dialect = Open();
    }

    private static void Until(Func<bool> condition) => Assert.True(SpinWait.SpinUntil(condition, TimeSpan.FromMinutes(1)), "it never happens");

    private long InLog() => RawDatabase.Number(File, "select count(*) from log");

    /// <summary>The last generation that has moved.</summary>
    private long Moved() => RawDatabase.Number(File, "select moved from journal");

    private long Pages() => RawDatabase.Number(File, "pragma page_count");

    private (long Revision, long Sequence) Claim(string name)
    {
        var claim = new StoreClaim(name, "me", 0, force: true);
        dialect.Write(new WriteBatch { Claims = { claim } });
        epochs[claim.Row.Id] = claim.Row.Epoch;
        return (claim.Row.Revision, claim.Row.Sequence);
    }

    private (Dictionary<long, List<string>> Expected, Dictionary<long, long> Last) Now() => (expected.ToDictionary(one => one.Key, one => one.Value.ToList()), new(last));

    private void Back(Dictionary<long, List<string>> before, Dictionary<long, long> sequences, long except = 0)
    {
        foreach (var store in ids.Where(store => store != except))
        {
            expected[store] = [.. before[store]];
            last[store] = sequences.GetValueOrDefault(store);
        }
    }

    private WriteBatch Rows(IReadOnlyList<long> stores, int rows, int bytes = 10)
    {
        var batch = new WriteBatch();
        foreach (var store in stores)
        {
            var writes = new StoreWrites(store, epochs.GetValueOrDefault(store, 1));
            for (var i = 0; i < rows; i++)
            {
                var row = Row(store, Next(store), bytes);
                writes.Changes.Add(row);
                expected[store].Add(Text(row));
            }
            batch.Stores.Add(writes);
        }
        return batch;
    }

    private static KeyValue Row(long store, long sequence, int bytes)
    {
        var deleted = sequence % 5 == 4;
        return new()
        {
            Key = Encoding.ASCII.GetBytes($"key-{sequence % 3}"), Value = deleted ? [] : Encoding.ASCII.GetBytes($"{store}/{sequence}/" + new string('x', bytes)),
            CreateRevision = deleted ? 0 : 2, ModRevision = sequence + 1, Version = deleted ? 0 : sequence, Lease = deleted ? 0 : sequence % 2, Sequence = sequence,
        };
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
