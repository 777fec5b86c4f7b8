using static KubeFlex.Storage.Tests.Support.Words;
using KubeFlex.Storage.Tests.Support;

namespace KubeFlex.Storage.Tests.Engine;

public abstract class HibernationTests(Backend backend)
{
    [Fact]
    public async Task A_quiet_store_drops_its_index_and_the_timer_stops_and_the_next_request_wakes_it()
    {
        var clock = new ManualClock();
        await using var test = await backend.OpenAsync(new() { Time = clock, HibernateAfter = TimeSpan.FromMinutes(10) });
        var store = await test.StoreAsync();
        var heard = new List<long>();
        using var listener = store.Subscribe((_, changes) => heard.AddRange(changes.Select(change => change.Revision)));
        await store.PutAsync("a", "1");
        await store.PutAsync("a", "2");
        clock.Advance(TimeSpan.FromMinutes(9));
        Assert.True(store.Awake);
        await store.GetAsync("a");
        clock.Advance(TimeSpan.FromMinutes(9));
        Assert.True(store.Awake);
        clock.Advance(TimeSpan.FromMinutes(5));
        Assert.False(store.Awake);
        Assert.False(clock.Armed);
        Assert.Equal(3, store.Revision);

        Assert.Equal(4, await store.PutAsync("a", "3"));
        Assert.Equal([2L, 3, 4], heard);
        Assert.True(store.TryHibernate());
        await using var watcher = await store.WatchAsync(new(B("a"), null, 3), default);
        Assert.Equal(["3:+a=2<1", "4:+a=3<2"], (await watcher.TakeAsync(2)).Select(change => change.Text()));
        // Somebody watches: it stays.
        Assert.False(store.TryHibernate());
        clock.Advance(TimeSpan.FromHours(1));
        Assert.True(store.Awake);
    }

    [Fact]
    public async Task Going_to_sleep_again_and_again_under_load_loses_nothing()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        var work = Task.WhenAll(Enumerable.Range(0, 4).Select(w => Task.Run(async () =>
        {
            for (var i = 0; i < 60; i++)
            {
                await store.PutAsync($"k{w}", $"{i}");
                Assert.Equal($"{i}", await store.GetAsync($"k{w}"));
            }
        })));
        while (!work.IsCompleted)
        {
            store.TryHibernate();
            await Task.Yield();
        }
        await work;
        Assert.Equal(241, store.Revision);
    }
}

public sealed class HibernationTestsOnSqlite() : HibernationTests(new SqliteBackend());

public sealed class HibernationTestsOnPostgres(PostgresFixture postgres) : HibernationTests(postgres);
