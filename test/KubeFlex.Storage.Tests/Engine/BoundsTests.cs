using static KubeFlex.Storage.Tests.Support.Words;
using KubeFlex.Storage.Tests.Support;

namespace KubeFlex.Storage.Tests.Engine;

public sealed class BoundsTests
{
    [Fact]
    public async Task A_store_takes_so_many_bytes_and_then_only_what_makes_it_smaller()
    {
        await using var test = await TestDatastore.OpenAsync(new() { StoreBytes = 6_500, HibernateAfter = TimeSpan.Zero });
        var store = await test.StoreAsync();
        // Key and value are 500 bytes each time, and a key costs 150.
        for (var i = 0; i < 10; i++) await store.PutAsync($"k{i}", new('x', 498));
        var refused = await Assert.ThrowsAsync<StorageException>(() => store.PutAsync("more", ""));
        Assert.Equal(StorageFailure.LimitExceeded, refused.Failure);
        Assert.Contains("database space exceeded", refused.Message, StringComparison.Ordinal);
        Assert.Equal(11, store.Revision);
        await store.PutAsync("k3", new('y', 498));
        await store.PutAsync("k4", new('y', 200));
        Assert.Equal(StorageFailure.LimitExceeded, await FailureAsync(() => store.PutAsync("m", new('y', 148))));
        await store.PutAsync("m", new('y', 147));
        await store.DeleteAsync("k9");
        await store.PutAsync("n", new('z', 499));
        Assert.Equal(StorageFailure.LimitExceeded, await FailureAsync(() => store.PutAsync("o", "")));

        // History does not count, and what is read back counts the same.
        await test.ReopenAsync();
        store = await test.StoreAsync();
        Assert.Equal(StorageFailure.LimitExceeded, await FailureAsync(() => store.PutAsync("o", "")));
        await store.DeleteAsync("k0", "l");
        await store.PutAsync("o", new('x', 500));
    }

    [Fact]
    public async Task A_failed_commit_gives_its_bytes_back()
    {
        await using var test = await TestDatastore.OpenAsync();
        var faulty = new FaultyDialect(Dialects.Sqlite.SqliteDialect.Open(Path.Combine(test.Folder, "other.db"), "pragma synchronous=off"));
        await using var datastore = Datastore.Open(faulty, new() { StoreBytes = 1_200 });
        var store = await datastore.OpenStoreAsync("test", default);
        for (var i = 0; i < 5; i++)
        {
            faulty.Failure = new IOException("full");
            Assert.Equal(StorageFailure.Unavailable, await FailureAsync(() => store.PutAsync("a", new('x', 900))));
        }
        await store.PutAsync("a", new('x', 900));
        Assert.Equal(StorageFailure.LimitExceeded, await FailureAsync(() => store.PutAsync("b", new('x', 900))));
    }

    [Fact]
    public async Task A_store_has_so_many_watches()
    {
        await using var test = await TestDatastore.OpenAsync(new() { Watches = 2 });
        var store = await test.StoreAsync();
        await using var first = await store.WatchAsync(new(B("a")), default);
        var second = await store.WatchAsync(new(B("a")), default);
        Assert.Equal(StorageFailure.LimitExceeded, await FailureAsync(() => store.WatchAsync(new(B("a")), default).AsTask()));
        await second.DisposeAsync();
        await using var third = await store.WatchAsync(new(B("a")), default);
    }
}
