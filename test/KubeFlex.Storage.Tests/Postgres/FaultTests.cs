using KubeFlex.Storage.Tests.Support;
using KubeFlex.TestShared.Postgres;
using static KubeFlex.Storage.Tests.Support.Words;

namespace KubeFlex.Storage.Tests.Postgres;

/// <summary>The database crashes, cuts connections, goes away and comes back, and has a pooler before it.</summary>
public sealed class FaultTests(PostgresFixture postgres)
{
    private static readonly DatastoreOptions Options = new() { HibernateAfter = TimeSpan.Zero };

    /// <summary>Clients that count up their keys until they are told to stop; each answer is remembered.</summary>
    private static async Task<Dictionary<(string Store, string Key), (int Number, long Revision)>> LoadAsync(IEnumerable<Store> stores, Func<Task> trouble)
    {
        using var stop = new CancellationTokenSource();
        var acknowledged = new Dictionary<(string, string), (int, long)>();
        var clients = stores.SelectMany(store => Enumerable.Range(0, 4).Select(client => Task.Run(async () =>
        {
            for (var i = 1; !stop.IsCancellationRequested; i++)
            {
                try
                {
                    var revision = await store.PutAsync($"k{client}", $"{i}");
                    lock (acknowledged) acknowledged[(store.Name, $"k{client}")] = (i, revision);
                }
                catch (StorageException e) when (e.Failure is StorageFailure.Unavailable or StorageFailure.Undecided)
                {
                    await Task.Delay(5);
                }
            }
        }))).ToList();
        await trouble();
        await stop.CancelAsync();
        await Task.WhenAll(clients);
        return acknowledged;
    }

    private static async Task CheckAsync(string url, Dictionary<(string Store, string Key), (int Number, long Revision)> acknowledged)
    {
        await using var datastore = await Datastore.OpenPostgresAsync(url, Options, default);
        Assert.NotEmpty(acknowledged);
        foreach (var ((name, key), (number, revision)) in acknowledged)
        {
            var store = await datastore.OpenStoreAsync(name, default);
            var then = await store.RangeAsync(key, revision: revision);
            Assert.Equal(ReadStatus.Ok, then.Status);
            Assert.Equal($"{number}", S(Assert.Single(then.Items).Value));
            Assert.True(int.Parse((await store.GetAsync(key))!, null) >= number);
            await using var watcher = await store.WatchAsync(new(B("\0"), B("\0"), 2), default);
            var history = await watcher.TakeAsync((int)store.Revision - 1);
            Assert.Equal(Enumerable.Range(2, (int)store.Revision - 1).Select(i => (long)i), history.Select(change => change.Revision));
        }
    }

    private static async Task SomeAsync(Store store, int count)
    {
        var target = store.Revision + count;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (store.Revision < target) await Task.Delay(10, patience.Token);
    }

    [Fact]
    public async Task After_a_crash_of_the_database_every_acknowledged_write_is_there()
    {
        await postgres.ServerAsync();
        await using var server = (await PostgresServer.StartAsync())!;
        var url = await server.CreateDatabaseAsync();
        await using (var datastore = await Datastore.OpenPostgresAsync(url, Options with { HistoryRevisions = 1_000_000 }, default))
        {
            var stores = new[] { await datastore.OpenStoreAsync("one", default), await datastore.OpenStoreAsync("two", default) };
            var acknowledged = await LoadAsync(stores, async () =>
            {
                for (var round = 0; round < 2; round++)
                {
                    await SomeAsync(stores[0], 50);
                    await server.StopAsync("immediate");
                    await server.StartAgainAsync();
                }
                await SomeAsync(stores[0], 50);
            });
            // Gone for longer than anybody waits: an error for writers, reads go on, and all is well when it is back.
            await server.StopAsync("fast");
            var failure = await Assert.ThrowsAsync<StorageException>(() => stores[0].PutAsync("a", "b"));
            Assert.True(failure.Failure is StorageFailure.Unavailable or StorageFailure.Undecided, failure.Message);
            Assert.NotNull(await stores[0].GetAsync("k0"));
            await server.StartAgainAsync();
            while (true)
            {
                try
                {
                    await stores[0].PutAsync("a", "b");
                    break;
                }
                catch (StorageException e) when (e.Failure == StorageFailure.Unavailable)
                {
                    await Task.Delay(20);
                }
            }
            await datastore.DisposeAsync();
            await CheckAsync(url, acknowledged);
        }
    }

    [Fact]
    public async Task Connections_that_the_server_cuts_cost_nothing_but_time()
    {
        var (server, url) = (await postgres.ServerAsync(), await postgres.NewUrlAsync() + "&application_name=cut");
        await using var datastore = await Datastore.OpenPostgresAsync(url, Options with { HistoryRevisions = 1_000_000 }, default);
        var stores = new[] { await datastore.OpenStoreAsync("one", default), await datastore.OpenStoreAsync("two", default) };
        var acknowledged = await LoadAsync(stores, async () =>
        {
            for (var i = 0; i < 10; i++)
            {
                await SomeAsync(stores[0], 10);
                await server.SqlAsync("postgres", "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cut'");
            }
            await SomeAsync(stores[0], 10);
        });
        await datastore.DisposeAsync();
        await CheckAsync(url, acknowledged);
    }

    [Fact]
    public async Task A_second_owner_fences_the_first_and_the_first_ones_other_stores_go_on()
    {
        var url = await postgres.NewUrlAsync();
        await using var first = await Datastore.OpenPostgresAsync(url, Options, default);
        var (store, other) = (await first.OpenStoreAsync("test", default), await first.OpenStoreAsync("other", default));
        await Task.WhenAll(store.PutAsync("a", "1"), other.PutAsync("a", "1"));
        await using var second = await Datastore.OpenPostgresAsync(url, Options, default);
        var taken = await second.OpenStoreAsync("test", default);
        Assert.Equal(2, taken.Revision);
        // In one batch, as far as that can be arranged.
        var writes = Enumerable.Range(0, 20).Select(i => (Lost: store.PutAsync("a", $"x{i}"), Kept: other.PutAsync($"k{i}", "v"))).ToList();
        foreach (var (lost, kept) in writes)
        {
            Assert.Equal(StorageFailure.NotOwner, await FailureAsync(() => lost));
            await kept;
        }
        Assert.Equal(3, await taken.PutAsync("a", "2"));
        Assert.Equal(22, other.Revision);
        Assert.Equal("2", await (await first.OpenStoreAsync("test", default)).GetAsync("a"));
        Assert.Equal(StorageFailure.NotOwner, await FailureAsync(() => taken.PutAsync("a", "3")));
    }

    [Fact]
    public async Task Two_owners_that_take_a_store_from_each_other_under_load_lose_nothing()
    {
        var url = await postgres.NewUrlAsync();
        var options = Options with { HistoryRevisions = 1_000_000 };
        await using var first = await Datastore.OpenPostgresAsync(url, options, default);
        await using var second = await Datastore.OpenPostgresAsync(url, options, default);
        var written = 0;
        await Task.WhenAll(new[] { first, second }.Select(datastore => Task.Run(async () =>
        {
            for (var i = 0; i < 30;)
            {
                try
                {
                    await (await datastore.OpenStoreAsync("test", default)).CommitAsync(Do(Put($"{datastore.GetHashCode()}-{i}", "v")), default);
                    Interlocked.Increment(ref written);
                    i++;
                }
                catch (StorageException e) when (e.Failure == StorageFailure.NotOwner)
                {
                    // Taken: take it back.
                }
                catch (StorageException e) when (e.Message.Contains("another program", StringComparison.Ordinal))
                {
                    // It was taken and written to between our claim and our reading of its log.
                }
            }
        })));
        await using var third = await Datastore.OpenPostgresAsync(url, options, default);
        var store = await third.OpenStoreAsync("test", default);
        Assert.Equal((60, 60, 61), (written, (await store.RangeAsync("\0", "\0")).Count, store.Revision));
    }

    [Fact]
    public async Task Behind_PgBouncer_in_transaction_mode_all_is_the_same()
    {
        var server = await postgres.ServerAsync();
        await using var bouncer = await PgBouncer.StartAsync(server);
        if (bouncer is null) Assert.Skip("PgBouncer is not installed (Debian: apt-get install pgbouncer)");
        var url = bouncer.Url(new Uri(await server.CreateDatabaseAsync()).AbsolutePath[1..]) + "?schema=Pooled";
        await using (var datastore = await Datastore.OpenPostgresAsync(url, Options with { HistoryRevisions = 1_000_000 }, default))
        {
            var stores = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => datastore.OpenStoreAsync($"s{i}", default)));
            var acknowledged = await LoadAsync(stores, async () =>
            {
                for (var i = 0; i < 3; i++)
                {
                    await SomeAsync(stores[0], 20);
                    foreach (var store in stores) await store.RangeAsync("\0", "\0");
                    await server.SqlAsync("postgres", "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'kubeflex' and datname <> 'db1'");
                }
                await SomeAsync(stores[0], 20);
            });
            await datastore.DisposeAsync();
            await CheckAsync(url, acknowledged);
        }
    }

    [Fact]
    public async Task It_takes_few_connections_however_much_goes_on()
    {
        var (server, url) = (await postgres.ServerAsync(), await postgres.NewUrlAsync() + "&application_name=few");
        await using var datastore = await Datastore.OpenPostgresAsync(url, Options, default);
        var stores = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => datastore.OpenStoreAsync($"s{i}", default)));
        var most = 0;
        for (var round = 0; round < 3; round++)
        {
            var work = stores.Select(async store =>
            {
                for (var i = 0; i < 5; i++)
                {
                    await store.PutAsync("a", "1");
                    store.TryHibernate();
                    await store.GetAsync("a");
                }
            }).ToList();
            most = Math.Max(most, int.Parse(await server.SqlAsync("postgres", "select count(*) from pg_stat_activity where application_name = 'few'"), null));
            await Task.WhenAll(work);
        }
        Assert.InRange(most, 1, 10);
    }
}
