using static KubeFlex.Storage.Tests.Support.Words;
using KubeFlex.Storage.Tests.Support;

namespace KubeFlex.Storage.Tests.Contract;

public abstract class WatchTests(Backend backend)
{
    [Fact]
    public async Task Delivers_what_concerns_it_with_previous_values()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        await store.PutAsync("a/1", "before");
        await using var prefix = await store.WatchAsync(new(B("a/"), B("a0")), default);
        await using var single = await store.WatchAsync(new(B("a/2")), default);
        await store.PutAsync("b", "elsewhere");
        await store.PutAsync("a/1", "x");
        await store.PutAsync("a/2", "y");
        await store.DeleteAsync("a/1");
        Assert.Equal(["4:+a/1=x<before", "5:+a/2=y<", "6:-a/1=<x"], (await prefix.TakeAsync(3)).Select(change => change.Text()));
        Assert.Equal(["5:+a/2=y<"], (await single.TakeAsync(1)).Select(change => change.Text()));
        Assert.Equal(6, prefix.Progress);
        Assert.Equal(6, single.Progress);
        await store.PutAsync("unrelated", "z");
        Assert.Equal(7, single.Progress);
    }

    [Fact]
    public async Task Starts_in_the_past_goes_on_in_the_present_and_may_start_in_the_future()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        await Task.WhenAll(Enumerable.Range(0, 5000).Select(i => store.PutAsync($"k{i % 10}", $"{i}")));
        await store.PutAsync("last", "v");
        await using var past = await store.WatchAsync(new(B("k"), B("l"), 1000), default);
        await using var future = await store.WatchAsync(new(B("k"), B("l"), 5005), default);
        Assert.Equal(5002, future.Progress);
        await store.PutAsync("k", "5003");
        await store.PutAsync("k", "5004");
        await store.PutAsync("k", "5005");
        var all = await past.TakeAsync(5001 - 1000 + 1 + 3);
        Assert.Equal(Enumerable.Range(1000, 4002).Concat([5003, 5004, 5005]).Select(i => (long)i), all.Select(change => change.Revision));
        Assert.Equal("5005", S(Assert.Single(await future.TakeAsync(1)).Current.Value));
    }

    [Fact]
    public async Task A_transaction_is_never_split()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        await store.PutAsync("start", "");
        await using var watcher = await store.WatchAsync(new(B("k"), B("l")), default);
        var writer = Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++) await store.CommitAsync(Do([.. Enumerable.Range(0, 7).Select(k => Put($"k{k}", $"{i}"))]), default);
        });
        var seen = 0;
        while (seen < 1400)
        {
            var batch = await watcher.ReadAsync(default);
            Assert.All(batch.GroupBy(change => change.Revision), revision => Assert.Equal(7, revision.Count()));
            seen += batch.Count;
        }
        await writer;
    }

    [Fact]
    public async Task A_slow_reader_is_ended_after_what_it_was_owed_and_the_store_goes_on()
    {
        await using var test = await backend.OpenAsync(new() { WatchBufferEvents = 10, HibernateAfter = TimeSpan.Zero });
        var store = await test.StoreAsync();
        await store.PutAsync("start", "");
        await using var watcher = await store.WatchAsync(new(B("k")), default);
        for (var i = 0; i < 20; i++) await store.PutAsync("k", $"{i}");
        Assert.Equal(WatchEnd.None, watcher.End);
        var owed = await watcher.ReadAsync(default);
        Assert.Equal(Enumerable.Range(3, 10).Select(i => (long)i), owed.Select(change => change.Revision));
        Assert.Empty(await watcher.ReadAsync(default));
        Assert.Equal(WatchEnd.Slow, watcher.End);
        Assert.Equal(12, watcher.Progress);
        await using var again = await store.WatchAsync(new(B("k"), null, watcher.Progress + 1), default);
        Assert.Equal(10, (await again.TakeAsync(10)).Count);
    }

    [Fact]
    public async Task Cancelling_a_read_loses_nothing()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        await using var watcher = await store.WatchAsync(new(B("k")), default);
        using var cancel = new CancellationTokenSource();
        var read = watcher.ReadAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        await store.PutAsync("k", "v");
        Assert.Equal("2:+k=v<", Assert.Single(await watcher.ReadAsync(default)).Text());
        await test.Datastore.DisposeAsync();
        Assert.Empty(await watcher.ReadAsync(default));
        Assert.Equal(WatchEnd.Closed, watcher.End);
    }

    [Fact]
    public async Task Every_watcher_gets_every_change_once_in_order_under_concurrent_writers()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        const int writers = 8, each = 150;
        async Task<List<StoreEvent>> WatchAsync(string key, string? end, int expected, long from)
        {
            await using var watcher = await store.WatchAsync(new(B(key), end is null ? null : B(end), from), default);
            return await watcher.TakeAsync(expected);
        }
        var watches = new List<Task<List<StoreEvent>>>();
        for (var i = 0; i < 30; i++) watches.Add(WatchAsync("w", "x", writers * each, 1));
        var writing = Enumerable.Range(0, writers).Select(w => Task.Run(async () =>
        {
            for (var i = 0; i < each; i++) await store.PutAsync($"w{w}/{i % 5}", $"{i}");
        })).ToArray();
        // Some join in the middle, from the past.
        for (var i = 0; i < 30; i++)
        {
            watches.Add(Task.Run(() => WatchAsync("w", "x", writers * each, 1)));
            await Task.Yield();
        }
        var single = WatchAsync("w3/2", null, each / 5, 1);
        await Task.WhenAll(writing);
        foreach (var watch in watches)
            Assert.Equal(Enumerable.Range(2, writers * each).Select(i => (long)i), (await watch).Select(change => change.Revision));
        Assert.Equal(Enumerable.Range(0, each).Where(i => i % 5 == 2).Select(i => $"{i}"), (await single).Select(change => S(change.Current.Value)));
    }

    [Fact]
    public async Task Listeners_get_every_batch_in_order_until_they_stop()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        var seen = new List<long>();
        var subscription = store.Subscribe((_, changes) => seen.AddRange(changes.Select(change => change.Revision)));
        using var broken = store.Subscribe((_, _) => throw new InvalidOperationException("a bug"));
        await Task.WhenAll(Enumerable.Range(0, 300).Select(i => store.PutAsync($"k{i}", "v")));
        // Listeners are told before the writers are answered.
        Assert.Equal(Enumerable.Range(2, 300).Select(i => (long)i), seen);
        subscription.Dispose();
        await store.PutAsync("k", "v");
        Assert.Equal(300, seen.Count);
    }
}

public sealed class WatchTestsOnSqlite() : WatchTests(new SqliteBackend());

public sealed class WatchTestsOnPostgres(PostgresFixture postgres) : WatchTests(postgres);
