using KubeFlex.Storage.Dialects.Sqlite;
using KubeFlex.Storage.Tests.Support;
using static KubeFlex.Storage.Tests.Support.Words;

namespace KubeFlex.Storage.Tests.Faults;

/// <summary>A writer that is alone and may block commits on its own thread.</summary>
public sealed class LoneWriterTests
{
    private static readonly DatastoreOptions Options = new() { HibernateAfter = TimeSpan.Zero };

    private static ValueTask<TransactionResult> PutHere(Store store, string value) => store.CommitAsync(Do(Put("a", value)), default, mayBlock: true);

    /// <summary>Commits until one was so quick that the next is the writer's own, and gives that one, which is held.</summary>
    private static async Task<Task<TransactionResult>> HeldAsync(Store store, FaultyDialect dialect, Func<Task>? before = null)
    {
        while (true)
        {
            if (before is not null) await before();
            dialect.Hold();
            var began = new TaskCompletionSource<Task<TransactionResult>>(TaskCreationOptions.RunContinuationsAsynchronously);
            var whole = Task.Run(async () =>
            {
                var put = PutHere(store, "own").AsTask();
                began.TrySetResult(put);
                return await put;
            });
            await dialect.Waiting.Task;
            // Whoever has the call's answer, or none, before the disk's: the committer's thread holds the write.
            if (await Task.WhenAny(began.Task, Task.Delay(200)) != began.Task) return whole;
            dialect.Release();
            await whole;
        }
    }

    [Fact]
    public async Task It_has_its_answer_when_the_call_returns()
    {
        await using var test = new TestDatastore();
        await using var datastore = Datastore.Open(SqliteDialect.Open(test.Path, "pragma synchronous=off"), Options);
        var store = await datastore.OpenStoreAsync("test", default);
        await store.GetAsync("a");
        var (own, revision) = (0, store.Revision);
        while (own < 20)
        {
            var put = PutHere(store, $"{own}");
            if (put.IsCompleted) own++;
            Assert.Equal(++revision, (await put).Revision);
        }
        for (var i = 0; i < 20; i++) await store.PutAsync("a", $"{i}");
        Assert.Equal(revision + 20, store.Revision);
        Assert.Equal("19", await store.GetAsync("a"));
    }

    [Fact]
    public async Task Those_who_come_meanwhile_are_next()
    {
        await using var test = new TestDatastore();
        var dialect = new FaultyDialect(SqliteDialect.Open(test.Path));
        await using var datastore = Datastore.Open(dialect, Options);
        var (store, other) = (await datastore.OpenStoreAsync("test", default), await datastore.OpenStoreAsync("other", default));
        await store.GetAsync("a");
        await other.GetAsync("a");
        var held = await HeldAsync(store, dialect);
        dialect.Batches.Clear();
        // They may block, and must not: somebody is at it.
        var later = Enumerable.Range(0, 50).Select(i => (i % 2 == 0 ? store : other).CommitAsync(Do(Put($"k{i}", "v")), default, mayBlock: true).AsTask()).ToList();
        Assert.All(later, write => Assert.False(write.IsCompleted));
        Assert.Null(await other.GetAsync("k1"));
        dialect.Release();
        await held;
        await Task.WhenAll(later);
        Assert.Equal([50], dialect.Batches);
    }

    /// <summary>The committer's thread goes away when it has nothing to do; the next one must not take the lone writer's place.</summary>
    [Fact]
    public async Task Nobody_commits_beside_it()
    {
        await using var test = new TestDatastore();
        var dialect = new FaultyDialect(SqliteDialect.Open(test.Path, "pragma synchronous=off"));
        await using var datastore = Datastore.Open(dialect, Options);
        var (store, other) = (await datastore.OpenStoreAsync("test", default), await datastore.OpenStoreAsync("other", default));
        await store.GetAsync("a");
        await other.GetAsync("a");
        var held = await HeldAsync(store, dialect, async () =>
        {
            await store.PutAsync("a", "quick");
            while (datastore.Committer.Running) await Task.Delay(20, TestContext.Current.CancellationToken);
        });
        dialect.Batches.Clear();
        var later = Enumerable.Range(0, 10).Select(i => other.PutAsync($"k{i}", "v")).ToList();
        while (!datastore.Committer.Running) await Task.Delay(1, TestContext.Current.CancellationToken);
        await Task.WhenAny(Task.WhenAll(later), Task.Delay(100, TestContext.Current.CancellationToken));
        Assert.Empty(dialect.Batches);
        dialect.Release();
        await Task.WhenAll([held, .. later]).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.False(dialect.Overlapped);
        Assert.Equal([10], dialect.Batches);
    }

    [Fact]
    public async Task Its_failure_is_its_own_and_of_those_that_built_upon_it()
    {
        await using var test = new TestDatastore();
        var dialect = new FaultyDialect(SqliteDialect.Open(test.Path));
        await using var datastore = Datastore.Open(dialect, Options);
        var (store, other) = (await datastore.OpenStoreAsync("test", default), await datastore.OpenStoreAsync("other", default));
        await store.PutAsync("a", "before");
        await other.GetAsync("a");
        var held = await HeldAsync(store, dialect);
        var before = store.Revision;
        var (upon, elsewhere) = (store.PutAsync("b", "upon it"), other.PutAsync("b", "elsewhere"));
        dialect.Failure = new IOException("the disk is gone");
        dialect.Release();
        Assert.Contains("the disk is gone", (await Assert.ThrowsAsync<StorageException>(() => held)).Message, StringComparison.Ordinal);
        Assert.Equal(StorageFailure.Unavailable, await FailureAsync(() => upon));
        Assert.Equal(2, await elsewhere);
        Assert.Equal(before, store.Revision);
        Assert.Equal(before + 1, (await PutHere(store, "after")).Revision);
    }

    [Fact]
    public async Task Closing_waits_for_it()
    {
        await using var test = new TestDatastore();
        var dialect = new FaultyDialect(SqliteDialect.Open(test.Path));
        var datastore = Datastore.Open(dialect, Options);
        var store = await datastore.OpenStoreAsync("test", default);
        await store.GetAsync("a");
        var held = await HeldAsync(store, dialect);
        var revision = store.Revision + 1;
        var closing = datastore.DisposeAsync().AsTask();
        Assert.False(closing.IsCompleted);
        dialect.Release();
        Assert.Equal(revision, (await held).Revision);
        await closing;
        await test.ReopenAsync();
        Assert.Equal("own", await (await test.StoreAsync()).GetAsync("a"));
    }
}
