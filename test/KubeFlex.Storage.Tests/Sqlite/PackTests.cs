using System.Text;
using KubeFlex.Storage.Dialects;
using KubeFlex.Storage.Dialects.Sqlite;
using KubeFlex.Storage.Tests.Support;

namespace KubeFlex.Storage.Tests.Sqlite;

/// <summary>What many stores wrote lies in the log in packs: each row of one can be found and taken away as if it lay there alone.</summary>
public sealed class PackTests : IDisposable
{
    private const int Stores = 20;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("kubeflex-");
    private readonly List<long> ids = [];
    private readonly Dictionary<long, SortedDictionary<long, string>> expected = [];
    private readonly Dictionary<long, (long Epoch, long Last)> now = [];
    private SqliteDialect dialect;

    public PackTests()
    {
        dialect = Open(null);
        for (var i = 0; i < Stores; i++)
        {
            ids.Add(Claim(i).Id);
            expected[ids[i]] = [];
        }
    }

    private string File => Path.Combine(folder.FullName, "data.db");

    [Theory]
    [InlineData(new long[] { 1 })]
    [InlineData(new long[] { 3 })]
    [InlineData(new long[] { 6 })]
    [InlineData(new long[] { 1, 2, 3, 4, 5 })]
    [InlineData(new long[] { 6, 2, 2, 4 })]
    [InlineData(new long[] { 1, 2, 3, 4, 5, 6 })]
    [InlineData(new long[] { 7, 9, 5 })]
    public void Any_of_its_rows_may_go(long[] sequences)
    {
        for (var i = 0; i < 3; i++) Write(ids, 2);
        Assert.Equal(6, Move());
        Assert.Equal(Stores, RawDatabase.Number(File, "select count(*) from log"));
        Write([ids[0]], 1);
        Remove(ids[0], sequences);
        Same(ids);
        // Once more: what is gone is gone.
        Remove(ids[0], sequences);
        Write([ids[0]], 1);
        Same(ids);
        Reopen(null);
        Same(ids);
    }

    [Fact]
    public void Rows_that_came_another_way_lie_between_packs()
    {
        Write(ids, 1);
        Write(ids, 2);
        Write([ids[0]], 2);
        Write(ids, 2);
        // Two rows came alone: the journal is not for them.
        Assert.Equal(7, Move());
        Assert.Equal([(1, 3), (4, 4), (5, 5), (6, 7)], Rows(ids[0]));
        Same(ids);
        Remove(ids[0], [2, 4, 6]);
        Assert.Equal([(1, 1), (3, 3), (5, 5), (7, 7)], Rows(ids[0]));
        Same(ids);
    }

    [Fact]
    public void A_deleted_stores_packs_go_too()
    {
        Write(ids, 4);
        Move();
        dialect.Write(new WriteBatch { Drops = { ids[0] } });
        var purge = new StorePurge(ids[0]);
        while (!purge.Done) dialect.Write(new WriteBatch { Purges = { purge } });
        expected[ids[0]].Clear();
        Same(ids);
        Assert.Equal(Stores - 1, RawDatabase.Number(File, "select count(*) from log"));
    }

    [Theory]
    [InlineData("x'00'")]
    [InlineData("zeroblob(200) || x'ff'")]
    [InlineData("cast(substr(value, 1, 48) || x'ffffffffffffff7f' as blob)")]
    public void A_damaged_one_is_an_error_that_names_the_file(string value)
    {
        Write(ids, 2);
        Move();
        dialect.Dispose();
        using (var connection = RawDatabase.Connect(File)) SqliteSchema.Execute(connection, $"update log set value = cast({value} as blob) where kind = {LogPack.Kind}");
        dialect = Open(null);
        var error = Assert.Throws<StorageException>(() => dialect.Load(ids[0], _ => { }));
        Assert.Equal($"{File} is corrupt; restore it from a backup, or move it away to start empty", error.Message);
        var batch = new WriteBatch();
        batch.Stores.Add(new(ids[0], now[ids[0]].Epoch) { Removed = { 2 } });
        Assert.Equal(error.Message, Assert.Throws<StorageException>(() => dialect.Write(batch)).Message);
    }

    /// <summary>Random batches, removals, takeovers and restarts, with rows that move meanwhile, against a dictionary.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(0)]
    public void Wherever_rows_are_they_are_read_back_in_order(int seed)
    {
        if (seed == 0) seed = Random.Shared.Next();
        var random = new Random(seed);
        try
        {
            for (var step = 0; step < 250; step++)
            {
                var some = ids.Where(_ => random.Next(Stores) > 0).ToList();
                switch (random.Next(10))
                {
                    case < 4:
                        Write(some, random.Next(1, 5), random.Next(5) == 0 ? 20_000 : random.Next(200));
                        break;
                    case 4:
                        Write([ids[random.Next(Stores)]], random.Next(1, 10), random.Next(3_000));
                        break;
                    case < 7:
                        foreach (var store in some.Take(random.Next(1, 4))) Remove(store, [.. expected[store].Keys.Where(_ => random.Next(3) == 0).Shuffle()], random.Next(2) * random.Next(1, 4));
                        break;
                    case 7:
                        var place = random.Next(Stores);
                        var row = Claim(place);
                        var last = expected[ids[place]].Count == 0 ? 0 : expected[ids[place]].Last().Key;
                        Assert.Equal((last + 1, last), (row.Revision, row.Sequence));
                        break;
                    case 8:
                        Reopen(random.Next(3) == 0 ? null : TimeSpan.FromMilliseconds(random.Next(3)));
                        break;
                    case 9:
                        Move();
                        break;
                }
                Same(some.Take(3));
            }
            Same(ids);
            Reopen(null);
            Same(ids);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"seed {seed}: {e.Message}", e);
        }
    }

    public void Dispose()
    {
        dialect.Dispose();
        folder.Delete(true);
    }

    private SqliteDialect Open(TimeSpan? pause) => SqliteDialect.Open(File, pause: pause ?? Timeout.InfiniteTimeSpan);

    private void Reopen(TimeSpan? pause)
    {
        dialect.Dispose();
        dialect = Open(pause);
    }

    /// <summary>A takeover of the first store, before which everything moves; answers where that store ends.</summary>
    private long Move() => Claim(0).Sequence;

    private StoreRow Claim(int place)
    {
        var claim = new StoreClaim($"store-{place}", "me", 0, force: true);
        dialect.Write(new WriteBatch { Claims = { claim } });
        now[claim.Row.Id] = (claim.Row.Epoch, now.GetValueOrDefault(claim.Row.Id).Last);
        return claim.Row;
    }

    private void Write(IReadOnlyList<long> stores, int rows, int bytes = 100)
    {
        var batch = new WriteBatch();
        foreach (var store in stores) batch.Stores.Add(Added(store, rows, bytes));
        dialect.Write(batch);
        Assert.DoesNotContain(batch.Stores, store => store.Fenced || store.Failure is not null);
    }

    private void Remove(long store, long[] sequences, int rows = 0)
    {
        var batch = new WriteBatch();
        var writes = Added(store, rows, 50);
        writes.Removed.AddRange(sequences);
        foreach (var sequence in sequences) expected[store].Remove(sequence);
        batch.Stores.Add(writes);
        dialect.Write(batch);
        Assert.False(writes.Fenced);
    }

    private StoreWrites Added(long store, int rows, int bytes)
    {
        var (epoch, last) = now[store];
        var writes = new StoreWrites(store, epoch);
        for (var i = 0; i < rows; i++)
        {
            last++;
            var row = new KeyValue
            {
                Key = Encoding.ASCII.GetBytes($"{store}/{last}"), Value = Encoding.ASCII.GetBytes(new string('x', bytes)), CreateRevision = 2, ModRevision = last + 1, Version = 1, Sequence = last,
            };
            writes.Changes.Add(row);
            expected[store].Add(last, Text(row));
        }
        now[store] = (epoch, last);
        return writes;
    }

    private void Same(IEnumerable<long> stores)
    {
        foreach (var store in stores)
        {
            var found = new List<string>();
            dialect.Load(store, row => found.Add(Text(row)));
            Assert.Equal(expected[store].Values, found);
        }
    }

    private static string Text(KeyValue row) => $"{row.Sequence} {row.ModRevision} {Encoding.ASCII.GetString(row.Key)} {row.Value.Length}";

    /// <summary>First and last sequence number of each row in the log.</summary>
    private List<(long First, long Last)> Rows(long store)
    {
        using var connection = RawDatabase.Connect(File);
        using var command = connection.CreateCommand();
        command.CommandText = $"select id, case kind when {LogPack.Kind} then version else id end from log where id >= $first and id < $end order by id";
        command.Parameters.AddWithValue("$first", SqliteSchema.FirstId(store));
        command.Parameters.AddWithValue("$end", SqliteSchema.FirstId(store + 1));
        using var reader = command.ExecuteReader();
        var rows = new List<(long, long)>();
        while (reader.Read()) rows.Add((SqliteSchema.Sequence(reader.GetInt64(0)), SqliteSchema.Sequence(reader.GetInt64(1))));
        return rows;
    }
}
