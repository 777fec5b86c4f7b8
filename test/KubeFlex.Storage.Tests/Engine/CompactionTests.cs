using static KubeFlex.Storage.Tests.Support.Words;
using KubeFlex.Storage.Tests.Support;

namespace KubeFlex.Storage.Tests.Engine;

public abstract class CompactionTests(Backend backend)
{
    [Fact]
    public async Task Old_revisions_are_refused_afterwards_and_the_compacted_one_stays_readable()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        for (var i = 2; i <= 10; i++) await store.PutAsync("a", $"{i}");
        var before = await store.ViewAsync(default);
        await store.CompactAsync(6, default);
        Assert.Equal(6, store.CompactedRevision);
        Assert.Equal(ReadStatus.Compacted, (await store.RangeAsync("a", revision: 5)).Status);
        Assert.Equal(ReadStatus.Compacted, before.Range(new(B("a"), Revision: 5)).Status);
        Assert.Equal("6", S((await store.RangeAsync("a", revision: 6)).Items[0].Value));
        Assert.Equal("10", await store.GetAsync("a"));
        Assert.Equal(StorageFailure.Compacted, await FailureAsync(() => store.CompactAsync(6, default).AsTask()));
        Assert.Equal(StorageFailure.Future, await FailureAsync(() => store.CompactAsync(11, default).AsTask()));
        Assert.Equal(StorageFailure.Compacted, await FailureAsync(() => store.CommitAsync(Do(new RangeOperation(new(B("a"), Revision: 3))), default).AsTask()));
        await using var late = await store.WatchAsync(new(B("a"), null, 5), default);
        Assert.Empty(await late.ReadAsync(default));
        Assert.Equal((WatchEnd.Compacted, 6), (late.End, late.CompactRevision));
        await using var first = await store.WatchAsync(new(B("a"), null, 6), default);
        Assert.Equal("6:+a=6<5", (await first.TakeAsync(1))[0].Text());
    }

    [Fact]
    public async Task Rows_and_file_stay_proportional_to_what_lives()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        for (var round = 0; round < 20; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 300).Select(i => store.PutAsync($"k{i % 50}", new('x', 2000))));
            await Task.WhenAll(Enumerable.Range(0, 300).Select(i => store.PutAsync($"gone{round}-{i}", new('x', 500))));
            await store.DeleteAsync("gone", "gonf");
            await store.CompactAsync(store.Revision, default);
        }
        var live = await store.RangeAsync("\0", "\0");
        Assert.Equal(50, live.Count);
        var tree = (await store.ViewAsync(default)).Tree;
        await test.Datastore.DisposeAsync();
        // The tombstones of the last deletion are at the compacted revision and stay until the next compaction, with what they replaced.
        Assert.InRange(test.Sql("select count(*) from $log"), 50, 50 + 2 * 300);
        if (backend is SqliteBackend) Assert.InRange(new FileInfo(test.Path).Length, 0, 8 << 20);
        Assert.Equal(50, tree.Live);
    }

    [Fact]
    public async Task Runs_beside_writers_readers_and_watchers()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        await store.PutAsync("a", "");
        await using var watcher = await store.WatchAsync(new(B("k"), B("l")), default);
        var writers = Enumerable.Range(0, 4).Select(w => Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
            {
                if (i % 7 == 3) await store.DeleteAsync($"k{w}/{(i - 1) % 20}");
                else await store.PutAsync($"k{w}/{i % 20}", $"{i}");
            }
        })).ToArray();
        var all = Task.WhenAll(writers);
        while (!all.IsCompleted)
        {
            var view = await store.ViewAsync(default);
            if (view.Revision > store.CompactedRevision + 10) await store.CompactAsync(view.Revision - 5, default);
            var range = view.Range(new(B("k"), B("l"), view.Revision - 2));
            if (range.Status == ReadStatus.Ok) Assert.All(range.Items, item => Assert.InRange(item.ModRevision, 2, view.Revision - 2));
            await Task.Yield();
        }
        await all;
        var changes = await watcher.TakeAsync((int)store.Revision - 2);
        Assert.Equal(Enumerable.Range(3, (int)store.Revision - 2).Select(i => (long)i), changes.Select(change => change.Revision));
        Assert.All(changes.Where(change => change.Kind == EventKind.Delete), change => Assert.NotNull(change.Previous));
        var before = NaiveStore.Text(await store.RangeAsync("k", "l"));
        await test.ReopenAsync();
        Assert.Equal(before, NaiveStore.Text(await (await test.StoreAsync()).RangeAsync("k", "l")));
    }

    [Fact]
    public async Task Happens_by_itself_by_age_and_keeps_the_last_revisions()
    {
        var clock = new ManualClock();
        await using var test = await backend.OpenAsync(new() { Time = clock, HistoryRevisions = 10, HibernateAfter = TimeSpan.Zero });
        var store = await test.StoreAsync();
        for (var i = 0; i < 50; i++) await store.PutAsync("a", $"{i}");
        clock.Advance(TimeSpan.FromMinutes(1));
        for (var i = 0; i < 50; i++) await store.PutAsync("a", $"{i}");
        Assert.Equal(0, store.CompactedRevision);
        for (var i = 0; i < 4; i++) clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, store.CompactedRevision);
        clock.Advance(TimeSpan.FromMinutes(1.1));
        await UntilAsync(store, () => store.CompactedRevision == 51);
        for (var i = 0; i < 10; i++) clock.Advance(TimeSpan.FromMinutes(1));
        await UntilAsync(store, () => store.CompactedRevision >= 91);
    }

    [Fact]
    public async Task Happens_by_itself_when_history_grows_too_large()
    {
        await using var test = await backend.OpenAsync(new() { HistoryLimit = 100, HibernateAfter = TimeSpan.Zero });
        var store = await test.StoreAsync();
        for (var i = 0; i < 300; i++) await store.PutAsync("a", $"{i}");
        // Also what came while a round was under way: nothing is written any more.
        await UntilAsync(store, () => store.Revision - store.CompactedRevision <= 101);
        Assert.InRange(store.Revision - store.CompactedRevision, 10, 101);
    }

    // Background work takes its turn in the committer's queue; reads that write nothing give it time without moving the revision.
    private static async Task UntilAsync(Store store, Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!condition())
        {
            Assert.False(patience.IsCancellationRequested, $"compacted {store.CompactedRevision} of {store.Revision}");
            await Task.Delay(1);
        }
    }
}

public sealed class CompactionTestsOnSqlite() : CompactionTests(new SqliteBackend());

public sealed class CompactionTestsOnPostgres(PostgresFixture postgres) : CompactionTests(postgres);
