using static KubeFlex.Storage.Tests.Support.Words;
using KubeFlex.Storage.Tests.Support;

namespace KubeFlex.Storage.Tests.Contract;

/// <summary>Many stores in one datastore; opening, deleting, closing.</summary>
public abstract class StoreTests(Backend backend)
{
    [Fact]
    public async Task Stores_do_not_see_each_other_and_survive_reopening()
    {
        await using var test = await backend.OpenAsync();
        var (one, two) = (await test.StoreAsync("one"), await test.StoreAsync("two"));
        await one.PutAsync("k", "1");
        await one.PutAsync("k", "2");
        await two.PutAsync("k", "other");
        Assert.Equal((3, 2), (one.Revision, two.Revision));
        Assert.Same(one, await test.StoreAsync("one"));

        await test.ReopenAsync();
        Assert.Equal(["one", "two"], await test.Datastore.ListStoresAsync(default));
        (one, two) = (await test.StoreAsync("one"), await test.StoreAsync("two"));
        Assert.Equal((3, 2), (one.Revision, two.Revision));
        Assert.Equal("2", await one.GetAsync("k"));
        Assert.Equal("1", S((await one.RangeAsync("k", revision: 2)).Items[0].Value));
        Assert.Equal("other", await two.GetAsync("k"));
        Assert.Equal(4, await one.PutAsync("k", "3"));
    }

    [Fact]
    public async Task A_deleted_store_is_gone_at_once_and_its_name_starts_anew()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        await Task.WhenAll(Enumerable.Range(0, 2500).Select(i => store.PutAsync($"k{i}", "v")));
        await using var watcher = await store.WatchAsync(new(B("k"), B("l")), default);
        Assert.True(await test.Datastore.DeleteStoreAsync("test", default));
        Assert.Empty(await watcher.ReadAsync(default));
        Assert.Equal(WatchEnd.Closed, watcher.End);
        Assert.Equal(StorageFailure.Closed, await FailureAsync(() => store.PutAsync("a", "b")));
        Assert.Equal(StorageFailure.Closed, await FailureAsync(() => store.GetAsync("a")));
        Assert.Empty(await test.Datastore.ListStoresAsync(default));
        Assert.False(await test.Datastore.DeleteStoreAsync("test", default));

        var again = await test.StoreAsync();
        Assert.NotSame(store, again);
        Assert.Equal(1, again.Revision);
        Assert.Equal(0, (await again.RangeAsync("\0", "\0")).Count);
        await again.PutAsync("a", "new");
        await test.ReopenAsync();
        Assert.Equal("new", await (await test.StoreAsync()).GetAsync("a"));
        Assert.Equal(1, (await (await test.StoreAsync()).RangeAsync("\0", "\0")).Count);
    }

    [Fact]
    public async Task Deleting_removes_the_rows_even_when_the_process_ends_in_between()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        await Task.WhenAll(Enumerable.Range(0, 5000).Select(i => store.PutAsync($"k{i}", "v")));
        await test.Datastore.DeleteStoreAsync("test", default);
        await test.ReopenAsync();
        var other = await test.StoreAsync("other");
        while (test.Datastore.Dialect.Dropped().Count > 0) await other.PutAsync("turn", "of the committer");
        await test.Datastore.DisposeAsync();
        Assert.Equal(other.Revision - 1, test.Sql("select count(*) from $log"));
    }

    [Fact]
    public async Task Closing_finishes_queued_writes_and_refuses_later_ones()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        await store.PutAsync("x", "y");
        var writes = Enumerable.Range(0, 200).Select(i => store.PutAsync($"k{i}", "v")).ToArray();
        await test.Datastore.DisposeAsync();
        await Task.WhenAll(writes);
        Assert.Equal(StorageFailure.Closed, await FailureAsync(() => store.PutAsync("a", "b")));
        Assert.Equal(StorageFailure.Closed, await FailureAsync(() => test.Datastore.OpenStoreAsync("b", default)));
        await test.ReopenAsync();
        Assert.Equal(201, (await (await test.StoreAsync()).RangeAsync("\0", "\0")).Count);
    }

    [Fact]
    public async Task Opening_the_same_name_at_once_gives_one_store()
    {
        await using var test = await backend.OpenAsync();
        var all = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => test.StoreAsync(i % 2 == 0 ? "a" : "b"))));
        Assert.Equal(2, all.Distinct().Count());
        Assert.Equal(StorageFailure.Invalid, await FailureAsync(() => test.StoreAsync("")));
    }

    [Fact]
    public async Task Deleting_at_once_deletes_once()
    {
        await using var test = await backend.OpenAsync();
        await test.StoreAsync();
        var all = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => test.Datastore.DeleteStoreAsync("test", default))));
        Assert.Equal(1, all.Count(deleted => deleted));
        Assert.Empty(await test.Datastore.ListStoresAsync(default));
    }
}

public sealed class StoreTestsOnSqlite() : StoreTests(new SqliteBackend());

public sealed class StoreTestsOnPostgres(PostgresFixture postgres) : StoreTests(postgres);
