using KubeFlex.Storage.Archive;
using KubeFlex.Storage.Tests.Support;
using static KubeFlex.Storage.Tests.Support.Words;

namespace KubeFlex.Storage.Tests.Archive;

public abstract class PublishTests(Backend backend)
{
    [Fact]
    public async Task Restoring_over_a_live_store_ends_its_watches_and_goes_on_beyond_its_revision()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        await store.PutAsync("a", "old");
        await store.PutAsync("gone", "old");
        var backup = await Archives.WriteAsync(store);
        await store.DeleteAsync("gone");
        for (var i = 0; i < 50; i++) await store.PutAsync("a", $"{i}");
        await using var watcher = await store.WatchAsync(new(B("a")), default);
        var seen = store.Revision;

        var restored = await Archives.RestoreAsync(backup, test.Datastore, "test", 10);
        Assert.Empty(await watcher.ReadAsync(default));
        Assert.Equal(WatchEnd.Closed, watcher.End);
        Assert.Equal(StorageFailure.Closed, await FailureAsync(() => store.PutAsync("a", "lost")));
        Assert.Equal(seen + 1, restored.Revision);
        await CheckAsync(restored, seen + 1);
        Assert.Equal(seen + 2, await restored.PutAsync("new", "1"));
        await test.ReopenAsync();
        restored = await test.StoreAsync();
        await CheckAsync(restored, seen + 1);
        await restored.CompactAsync(restored.Revision, default);
        await test.ReopenAsync();
        await CheckAsync(await test.StoreAsync(), seen + 2);

        async Task CheckAsync(Store now, long compacted)
        {
            Assert.Equal(("old", "old", compacted), (await now.GetAsync("a"), await now.GetAsync("gone"), now.CompactedRevision));
            Assert.Equal((2, 1), ((await now.ViewAsync(default)).Get(B("a"))!.ModRevision, (await now.ViewAsync(default)).Get(B("a"))!.Version));
            Assert.Equal(2, (await now.RangeAsync("\0", "\0", revision: now.Revision)).Items.Count(item => S(item.Key) is "a" or "gone"));
            await using var past = await now.WatchAsync(new(B("a"), null, seen - 3), default);
            Assert.Empty(await past.ReadAsync(default));
            Assert.Equal(WatchEnd.Compacted, past.End);
        }
    }

    [Fact]
    public async Task Where_nothing_is_live_it_begins_far_beyond_the_backup_and_shows_no_key_of_its_own()
    {
        await using var test = await backend.OpenAsync();
        await (await test.StoreAsync()).PutAsync("a", "1");
        var restored = await Archives.RestoreAsync(await Archives.WriteAsync(await test.StoreAsync()), test.Datastore, "new", 1_000);
        Assert.Equal((1_002, 1_002), (restored.Revision, restored.CompactedRevision));
        Assert.Equal(["a"], (await restored.RangeAsync("\0", "\0")).Keys());
        Assert.Equal(1, (await restored.RangeAsync("\0", "\0", countOnly: true)).Count);
    }

    [Fact]
    public async Task A_failed_publication_leaves_the_live_store_as_it_was()
    {
        await using var test = await backend.OpenAsync();
        await test.Datastore.DisposeAsync();
        var faulty = new FaultyDialect(test.Dialect());
        await using var datastore = Datastore.Open(faulty, new() { HibernateAfter = TimeSpan.Zero });
        var live = await datastore.OpenStoreAsync("test", default);
        await live.PutAsync("a", "1");
        var backup = await Archives.WriteAsync(live);
        await live.PutAsync("a", "2");
        var (import, store) = await Archives.StageAsync(backup, datastore, history: false);
        await using (import)
        {
            await import.FlushAsync(default);
            faulty.Failure = new StorageException(StorageFailure.Unavailable, "disk full");
            Assert.Equal(StorageFailure.Unavailable, await FailureAsync(() => datastore.PublishAsync([new(import, "test", store.Revision, store.Compacted, 10)], default)));
        }
        var again = await datastore.OpenStoreAsync("test", default);
        Assert.Equal("2", await again.GetAsync("a"));
        Assert.Equal(4, await again.PutAsync("a", "3"));
    }

    [Fact]
    public async Task Several_stores_appear_at_once_and_others_go_on_meanwhile()
    {
        await using var test = await backend.OpenAsync();
        var source = await test.StoreAsync();
        await source.PutAsync("a", "1");
        var backup = await Archives.WriteAsync(source);
        var staged = new List<PublishedStore>();
        foreach (var name in (string[])["x", "y", "z"])
        {
            var (import, store) = await Archives.StageAsync(backup, test.Datastore, history: false);
            staged.Add(new(import, name, store.Revision, store.Compacted, 5));
        }
        Assert.Equal(["test"], await test.Datastore.ListStoresAsync(default));
        await Task.WhenAll(test.Datastore.PublishAsync(staged, default), Task.WhenAll(Enumerable.Range(0, 20).Select(i => source.PutAsync("b", $"{i}"))));
        Assert.Equal(["test", "x", "y", "z"], await test.Datastore.ListStoresAsync(default));
        foreach (var published in staged) Assert.Equal("1", await (await test.StoreAsync(published.Name)).GetAsync("a"));
    }
}

public sealed class PublishTestsOnSqlite() : PublishTests(new SqliteBackend())
{
    [Fact]
    public async Task What_a_crash_left_of_an_import_goes_with_the_next_opening_and_its_name_is_nobodys()
    {
        await using var test = await TestDatastore.OpenAsync();
        var import = await StoreImport.BeginAsync(test.Datastore, history: true, default);
        await import.AddAsync(new ArchivedVersion(new() { Key = B("a"), Value = B("1"), CreateRevision = 2, ModRevision = 2, Version = 1 }, true), default);
        await import.FlushAsync(default);
        var hidden = Assert.Single(test.Datastore.Dialect.Stores());
        Assert.Empty(await test.Datastore.ListStoresAsync(default));
        Assert.Equal(StorageFailure.Invalid, await FailureAsync(() => test.Datastore.OpenStoreAsync(hidden, default)));
        await test.ReopenAsync();
        for (var deadline = TimeProvider.System.GetTimestamp(); test.Datastore.Dialect.Stores().Count + test.Datastore.Dialect.Dropped().Count > 0; await Task.Delay(20))
            Assert.True(TimeProvider.System.GetElapsedTime(deadline) < TimeSpan.FromSeconds(20), "the import stays");
        Assert.Equal(StorageFailure.NotOwner, await FailureAsync(async () =>
        {
            var other = await StoreImport.BeginAsync(test.Datastore, history: true, default);
            await test.Datastore.DropImportAsync(other.Id);
            await other.AddAsync(new ArchivedVersion(new() { Key = B("a"), Value = B("1"), CreateRevision = 2, ModRevision = 2, Version = 1 }, true), default);
            await other.FlushAsync(default);
        }));
    }
}

public sealed class PublishTestsOnPostgres(PostgresFixture postgres) : PublishTests(postgres);
