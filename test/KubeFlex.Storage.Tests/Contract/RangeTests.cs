using static KubeFlex.Storage.Tests.Support.Words;
using KubeFlex.Storage.Tests.Support;

namespace KubeFlex.Storage.Tests.Contract;

/// <summary>etcd's rules for reads.</summary>
public abstract class RangeTests(Backend backend)
{
    private async Task<(TestDatastore Test, Store Store)> FilledAsync()
    {
        var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        foreach (var key in new[] { "a", "a/1", "a/2", "a/3", "b" }) await store.PutAsync(key, "v" + key);
        return (test, store);
    }

    [Fact]
    public async Task Ranges_are_half_open_and_sorted_by_bytes()
    {
        var (test, store) = await FilledAsync();
        await using var _ = test;
        Assert.Equal(["a/1", "a/2", "a/3"], (await store.RangeAsync("a/", "a0")).Keys());
        Assert.Equal(["a/2", "a/3"], (await store.RangeAsync("a/2", "b")).Keys());
        Assert.Equal(["a"], (await store.RangeAsync("a")).Keys());
        Assert.Equal(["a/3", "b"], (await store.RangeAsync("a/3", "\0")).Keys());
        Assert.Equal(5, (await store.RangeAsync("\0", "\0")).Count);
        Assert.Empty((await store.RangeAsync("b", "a")).Items);
        Assert.Equal(0, (await store.RangeAsync("b", "a", countOnly: true)).Count);
    }

    [Fact]
    public async Task A_limit_cuts_the_keys_but_not_the_count()
    {
        var (test, store) = await FilledAsync();
        await using var _ = test;
        foreach (var revision in new[] { 0L, 5L })
        {
            var range = await store.RangeAsync("a/", "a0", revision, limit: 2);
            Assert.Equal(["a/1", "a/2"], range.Keys());
            Assert.Equal(3, range.Count);
            Assert.True(range.More);
            var all = await store.RangeAsync("a/", "a0", revision, limit: 3);
            Assert.False(all.More);
            Assert.Equal(3, all.Count);
        }
    }

    [Fact]
    public async Task Keys_only_and_count_only()
    {
        var (test, store) = await FilledAsync();
        await using var _ = test;
        var keys = await store.RangeAsync("a/", "a0", keysOnly: true);
        Assert.All(keys.Items, item => Assert.Empty(item.Value));
        Assert.Equal([3L, 4, 5], keys.Items.Select(item => item.ModRevision));
        var count = await store.RangeAsync("a/", "a0", countOnly: true);
        Assert.Equal(3, count.Count);
        Assert.Empty(count.Items);
        Assert.Equal(2, (await store.RangeAsync("a/", "a0", revision: 4, countOnly: true)).Count);
    }

    [Fact]
    public async Task Old_revisions_stay_readable_and_future_ones_are_not_yet()
    {
        var (test, store) = await FilledAsync();
        await using var _ = test;
        await store.DeleteAsync("a/1");
        await store.PutAsync("b", "new");
        Assert.Equal(["a/1", "a/2", "a/3"], (await store.RangeAsync("a/", "a0", 6)).Keys());
        Assert.Equal(["a/2", "a/3"], (await store.RangeAsync("a/", "a0", 7)).Keys());
        Assert.Equal("vb", S((await store.RangeAsync("b", revision: 7)).Items[0].Value));
        Assert.Equal(ReadStatus.Future, (await store.RangeAsync("b", revision: 9)).Status);
    }

    [Fact]
    public async Task A_view_does_not_change()
    {
        var (test, store) = await FilledAsync();
        await using var _ = test;
        var before = await store.ViewAsync(default);
        await store.DeleteAsync("\0", "\0");
        Assert.Equal(5, before.Range(new(B("a"), B("\0"))).Count);
        Assert.Equal(0, (await store.RangeAsync("a", "\0")).Count);
        Assert.Equal(6, before.Revision);
        Assert.Equal(ReadStatus.Future, before.Range(new(B("a"), Revision: 7)).Status);
    }
}

public sealed class RangeTestsOnSqlite() : RangeTests(new SqliteBackend());

public sealed class RangeTestsOnPostgres(PostgresFixture postgres) : RangeTests(postgres);
