using KubeFlex.Storage.Dialects.Sqlite;
using static KubeFlex.Storage.Tests.Support.Words;
using KubeFlex.Storage.Tests.Support;

namespace KubeFlex.Storage.Tests.Faults;

public sealed class CommitFailureTests
{
    private static readonly DatastoreOptions Options = new() { HibernateAfter = TimeSpan.Zero };

    [Fact]
    public async Task A_failed_commit_fails_its_callers_and_what_was_built_upon_it_and_nothing_else()
    {
        await using var test = new TestDatastore();
        var dialect = new FaultyDialect(SqliteDialect.Open(test.Path));
        await using var datastore = Datastore.Open(dialect, Options);
        var (store, other) = (await datastore.OpenStoreAsync("test", default), await datastore.OpenStoreAsync("other", default));
        await store.PutAsync("a", "1");
        await using var watcher = await store.WatchAsync(new(B("a"), B("z")), default);
        await other.PutAsync("a", "1");

        dialect.Hold();
        var first = store.PutAsync("a", "2");
        await dialect.Waiting.Task;
        var second = store.CommitAsync(If(Mod("a", 3), [Put("b", "on top")], []), default).AsTask();
        var reading = store.CommitAsync(If(Mod("a", 3), [new RangeOperation(new(B("a")))], []), default).AsTask();
        var elsewhere = other.PutAsync("a", "2");
        Assert.Equal("1", await store.GetAsync("a"));
        Assert.False(second.IsCompleted || reading.IsCompleted);
        dialect.Failure = new IOException("the disk is gone");
        dialect.Release();
        Assert.Contains("the disk is gone", (await Assert.ThrowsAsync<StorageException>(() => first)).Message, StringComparison.Ordinal);
        // The database works again at once: these fail only because of what they were built upon.
        Assert.Equal(StorageFailure.Unavailable, await FailureAsync(() => second));
        Assert.Equal(StorageFailure.Unavailable, await FailureAsync(() => reading));
        Assert.Equal(2, store.Revision);
        Assert.Equal("1", await store.GetAsync("a"));
        Assert.Equal(3, await elsewhere);

        Assert.Equal(3, await store.PutAsync("c", "3"));
        Assert.Null(await store.GetAsync("b"));
        Assert.Equal(["3:+c=3<"], (await watcher.TakeAsync(1)).Select(change => change.Text()));
        await datastore.DisposeAsync();
        await test.ReopenAsync();
        Assert.Equal(["a", "c"], (await (await test.StoreAsync()).RangeAsync("\0", "\0")).Keys());
    }

    [Fact]
    public async Task When_a_part_of_a_batch_fails_its_store_hears_it_and_no_other()
    {
        await using var test = new TestDatastore();
        var warnings = new List<string>();
        var dialect = new FaultyDialect(SqliteDialect.Open(test.Path));
        await using var datastore = Datastore.Open(dialect, Options with { Warn = (message, _) => warnings.Add(message) });
        var (store, other) = (await datastore.OpenStoreAsync("test", default), await datastore.OpenStoreAsync("other", default));
        await store.PutAsync("a", "1");
        await other.PutAsync("a", "1");
        await using var watcher = await store.WatchAsync(new(B("a"), B("z")), default);

        dialect.Refused = writes => writes.Changes.Exists(change => S(change.Value) == "2");
        dialect.Hold();
        var blocker = other.PutAsync("b", "1");
        await dialect.Waiting.Task;
        Task<long>[] writes = [store.PutAsync("a", "2"), store.PutAsync("b", "on top"), other.PutAsync("a", "3")];
        dialect.Release();
        await blocker;
        Assert.Equal(4, await writes[2]);
        Assert.Equal("no room for it", (await Assert.ThrowsAsync<StorageException>(() => writes[0])).Message);
        Assert.Equal(StorageFailure.Unavailable, await FailureAsync(() => writes[1]));
        Assert.Equal(["the database refuses writes:"], warnings);
        Assert.Equal((2, "1"), (store.Revision, await store.GetAsync("a")));

        Assert.Equal(3, await store.PutAsync("a", "4"));
        Assert.Equal(["3:+a=4<1"], (await watcher.TakeAsync(1)).Select(change => change.Text()));
        await datastore.DisposeAsync();
        await test.ReopenAsync();
        Assert.Equal(("4", "3"), (await (await test.StoreAsync()).GetAsync("a"), await (await test.StoreAsync("other")).GetAsync("a")));
    }

    [Fact]
    public async Task An_import_whose_part_of_a_batch_fails_hears_it()
    {
        await using var test = new TestDatastore();
        var dialect = new FaultyDialect(SqliteDialect.Open(test.Path)) { Refused = _ => true };
        await using var datastore = Datastore.Open(dialect, Options);
        var work = new Storage.Engine.ImportWork(new(1, 1));
        work.Writes.Changes.Add(new() { Key = B("a"), Value = B("1"), CreateRevision = 2, ModRevision = 2, Version = 1, Sequence = 1 });
        datastore.Committer.Enqueue(work);
        Assert.Equal("no room for it", (await Assert.ThrowsAsync<StorageException>(() => work.Task)).Message);
    }

    [Fact]
    public async Task While_one_batch_commits_the_next_one_fills()
    {
        await using var test = new TestDatastore();
        var dialect = new FaultyDialect(SqliteDialect.Open(test.Path));
        await using var datastore = Datastore.Open(dialect, Options);
        var stores = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => datastore.OpenStoreAsync($"s{i}", default)));
        foreach (var store in stores) await store.GetAsync("x");
        dialect.Hold();
        var blocker = stores[0].PutAsync("x", "y");
        await dialect.Waiting.Task;
        dialect.Batches.Clear();
        var writes = Enumerable.Range(0, 500).Select(i => stores[i % 10].PutAsync($"k{i}", "v")).ToList();
        dialect.Release();
        await blocker;
        await Task.WhenAll(writes);
        Assert.Equal([500], dialect.Batches);
        Assert.All(stores[1..], store => Assert.Equal(51, store.Revision));
    }

    [Fact]
    public async Task A_transaction_sees_what_is_queued_before_it_and_answers_only_when_that_is_durable()
    {
        await using var test = new TestDatastore();
        var dialect = new FaultyDialect(SqliteDialect.Open(test.Path));
        await using var datastore = Datastore.Open(dialect, Options);
        var store = await datastore.OpenStoreAsync("test", default);
        await store.GetAsync("x");
        dialect.Hold();
        var creates = Enumerable.Range(0, 5).Select(i => store.CommitAsync(
            If(Mod("a", 0), [Put("a", $"{i}")], [new RangeOperation(new(B("a")))]), default).AsTask()).ToList();
        await dialect.Waiting.Task;
        Assert.All(creates, create => Assert.False(create.IsCompleted));
        Assert.Null(await store.GetAsync("a"));
        dialect.Release();
        var results = await Task.WhenAll(creates);
        Assert.Equal([true, false, false, false, false], results.Select(result => result.Succeeded));
        Assert.All(results[1..], result => Assert.Equal("0", S(result.Results[0].Items[0].Value)));
    }

    [Fact]
    public async Task A_stalled_database_bounds_what_waits()
    {
        await using var test = new TestDatastore();
        var dialect = new FaultyDialect(SqliteDialect.Open(test.Path));
        await using var datastore = Datastore.Open(dialect, Options with { TransactionBytes = 10_000, QueuedBytes = 10_000 });
        var store = await datastore.OpenStoreAsync("test", default);
        await store.GetAsync("x");
        dialect.Hold();
        var writes = new List<Task> { store.PutAsync("a", "1") };
        await dialect.Waiting.Task;
        for (var i = 0; i < 3; i++) writes.Add(store.PutAsync($"b{i}", new('x', 4000)));
        Assert.Equal(StorageFailure.LimitExceeded, await FailureAsync(() => store.PutAsync("c", "1")));
        dialect.Release();
        await Task.WhenAll(writes);
        await store.PutAsync("c", "1");
    }

    [Fact]
    public async Task A_full_disk_is_an_error_that_says_so_and_goes_away_with_its_cause()
    {
        await using var test = new TestDatastore();
        await using (var datastore = Datastore.Open(SqliteDialect.Open(test.Path, "pragma max_page_count=40"), Options))
        {
            var store = await datastore.OpenStoreAsync("test", default);
            var error = await Assert.ThrowsAsync<StorageException>(async () =>
            {
                for (var i = 0; i < 1000; i++) await store.PutAsync($"k{i}", new('x', 1000));
            });
            Assert.Equal(StorageFailure.Unavailable, error.Failure);
            Assert.Equal($"no space left for {test.Path}; free some on its disk and try again", error.Message);
            Assert.Equal(store.Revision - 1, (await store.RangeAsync("\0", "\0")).Count);
        }
        await test.ReopenAsync();
        var again = await test.StoreAsync();
        Assert.Equal(again.Revision - 1, (await again.RangeAsync("\0", "\0")).Count);
        await again.PutAsync("more", "space");
    }

    [Fact]
    public async Task An_owner_whose_store_was_taken_over_changes_nothing_and_steps_down()
    {
        await using var test = await TestDatastore.OpenAsync();
        var (store, other) = (await test.StoreAsync(), await test.StoreAsync("other"));
        await store.PutAsync("a", "1");
        await using var watcher = await store.WatchAsync(new(B("a")), default);
        RawDatabase.Execute(test.Path, "update store set epoch = epoch + 1 where name = 'test'");
        Assert.Equal(StorageFailure.NotOwner, await FailureAsync(() => store.PutAsync("a", "2")));
        Assert.Equal(StorageFailure.NotOwner, await FailureAsync(() => store.GetAsync("a")));
        Assert.Empty(await watcher.ReadAsync(default));
        await other.PutAsync("a", "1");
        var again = await test.StoreAsync();
        Assert.NotSame(store, again);
        Assert.Equal("1", await again.GetAsync("a"));
        Assert.Equal(3, await again.PutAsync("a", "2"));
    }
}
