using KubeFlex.Storage.Archive;
using KubeFlex.Storage.Tests.Support;
using static KubeFlex.Storage.Tests.Support.Words;

namespace KubeFlex.Storage.Tests.Archive;

public abstract class RoundTripTests(Backend source, Backend target)
{
    [Theory]
    [InlineData(1, ArchiveCompression.None)]
    [InlineData(2, ArchiveCompression.Gzip)]
    [InlineData(3, ArchiveCompression.Deflate)]
    [InlineData(0, ArchiveCompression.Brotli)]
    public async Task A_random_store_comes_back_the_same(int seed, ArchiveCompression compression)
    {
        if (seed == 0) seed = Random.Shared.Next();
        var clock = new ManualClock();
        await using var one = await source.OpenAsync(new() { Time = clock, HibernateAfter = TimeSpan.Zero });
        await using var two = await target.OpenAsync(new() { Time = clock, HibernateAfter = TimeSpan.Zero });
        var store = await one.StoreAsync();
        try
        {
            var before = await FillAsync(store, new Random(seed));
            var restored = await Archives.RestoreAsync(await Archives.WriteAsync(store, compression), two.Datastore, "other", 0);
            Assert.Equal(before, Archives.Text(await restored.SnapshotAsync(default)));
            await two.ReopenAsync();
            restored = await two.StoreAsync("other");
            Assert.Equal(before, Archives.Text(await restored.SnapshotAsync(default)));
            for (var revision = Math.Max(1, store.CompactedRevision); revision <= store.Revision; revision++)
                Assert.Equal((await store.RangeAsync("a", "z", revision)).Items.Select(Line), (await restored.RangeAsync("a", "z", revision)).Items.Select(Line));
            Assert.Equal(store.Revision + 1, await restored.PutAsync("next", "x"));
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"seed {seed}: {e.Message}", e);
        }
    }

    [Fact]
    public async Task A_watch_goes_on_across_a_copy_with_its_history()
    {
        await using var one = await source.OpenAsync();
        await using var two = await target.OpenAsync();
        var store = await one.StoreAsync();
        await store.PutAsync("a", "1");
        await store.PutAsync("a", "2");
        await store.DeleteAsync("a");
        await store.PutAsync("b", "3");
        var copy = await Archives.RestoreAsync(await Archives.WriteAsync(store), two.Datastore, "test", 0);
        await using var watcher = await copy.WatchAsync(new(B("a"), B("z"), 3), default);
        Assert.Equal(["3:+a=2<1", "4:-a=<2", "5:+b=3<"], (await watcher.TakeAsync(3)).Select(change => change.Text()));
    }

    [Fact]
    public async Task A_store_whose_last_change_is_a_compacted_deletion_keeps_its_revision()
    {
        await using var one = await source.OpenAsync();
        await using var two = await target.OpenAsync();
        var store = await one.StoreAsync();
        await store.PutAsync("a", "1");
        await store.DeleteAsync("a");
        await store.CompactAsync(3, default);
        var copy = await Archives.RestoreAsync(await Archives.WriteAsync(store), two.Datastore, "test", 0);
        Assert.Equal((3, 3), (copy.Revision, copy.CompactedRevision));
        var empty = await Archives.RestoreAsync(await Archives.WriteAsync(await one.StoreAsync("empty")), two.Datastore, "empty", 0);
        Assert.Equal(1, empty.Revision);
    }

    [Fact]
    public async Task A_lease_keeps_what_was_left_of_it_and_ends_with_its_keys()
    {
        var clock = new ManualClock();
        await using var one = await source.OpenAsync(new() { Time = clock, HibernateAfter = TimeSpan.Zero });
        await using var two = await target.OpenAsync(new() { Time = clock, HibernateAfter = TimeSpan.Zero });
        var store = await one.StoreAsync();
        var (short_, kept) = (await store.GrantLeaseAsync(7, 100, default), await store.GrantLeaseAsync(8, 100, default));
        await store.CommitAsync(Do(new PutOperation(B("a"), B("v"), short_), new PutOperation(B("b"), B("v"), kept)), default);
        await store.KeepLeaseAliveAsync(kept, default);
        clock.Advance(TimeSpan.FromSeconds(60));
        var backup = await Archives.WriteAsync(store);
        clock.Advance(TimeSpan.FromHours(5));
        var restored = await Archives.RestoreAsync(backup, two.Datastore, "test", 10);
        Assert.Equal(40, (await restored.LeaseAsync(7, false, default))!.Remaining);
        Assert.Equal(100, (await restored.LeaseAsync(8, false, default))!.Remaining);
        await using var watcher = await restored.WatchAsync(new(B("a")), default);
        clock.Advance(TimeSpan.FromSeconds(41));
        Assert.Equal(EventKind.Delete, (await watcher.TakeAsync(1))[0].Kind);
        Assert.NotNull(await restored.GetAsync("b"));
    }

    /// <summary>Writes at random, with leases and compaction; what the store then holds.</summary>
    private static async Task<List<string>> FillAsync(Store store, Random random)
    {
        var leases = new List<long>();
        for (var i = 1; i <= random.Next(5); i++) leases.Add(await store.GrantLeaseAsync(i, random.Next(1_000, 5_000), default));
        for (var step = 0; step < 300; step++)
        {
            var key = $"k{random.Next(40):x2}";
            var value = new byte[random.Next(10) == 0 ? random.Next(100_000) : random.Next(20)];
            random.NextBytes(value);
            switch (random.Next(20))
            {
                case < 12:
                    await store.CommitAsync(Do(new PutOperation(B(key), value, leases.Count > 0 && random.Next(4) == 0 ? leases[random.Next(leases.Count)] : 0)), default);
                    break;
                case < 15:
                    await store.CommitAsync(Do(new PutOperation(B("m" + key), value), new PutOperation(B("n" + key), value), Delete("o", "p")), default);
                    break;
                case < 18:
                    await store.DeleteAsync(key);
                    break;
                case 18 when leases.Count > 0:
                    await store.KeepLeaseAliveAsync(leases[0], default);
                    break;
                default:
                    if (store.Revision > store.CompactedRevision + 1) await store.CompactAsync(random.NextInt64(store.CompactedRevision + 1, store.Revision + 1), default);
                    break;
            }
        }
        return [.. Archives.Text(await store.SnapshotAsync(default))];
    }

    private static string Line(KeyValue item) => $"{S(item.Key)} {Convert.ToHexString(item.Value)} {item.CreateRevision} {item.ModRevision} {item.Version} {item.Lease}";
}

public sealed class RoundTripTestsOnSqlite() : RoundTripTests(new SqliteBackend(), new SqliteBackend());

public sealed class RoundTripTestsToPostgres(PostgresFixture postgres) : RoundTripTests(new SqliteBackend(), postgres);

public sealed class RoundTripTestsFromPostgres(PostgresFixture postgres) : RoundTripTests(postgres, new SqliteBackend());
