using KubeFlex.Storage.Tests.Support;
using static KubeFlex.Storage.Tests.Support.Words;

namespace KubeFlex.Storage.Tests.Contract;

public abstract class LeaseTests(Backend backend)
{
    private static Transaction With(long lease, params string[] keys) => Do([.. keys.Select(key => new PutOperation(B(key), B("v"), lease))]);

    private Task<TestDatastore> OpenAsync(ManualClock clock, TimeSpan? sleep = null) =>
        backend.OpenAsync(new() { Time = clock, HibernateAfter = sleep ?? TimeSpan.Zero });

    /// <summary>Waits until a key is gone: the timer ends leases behind the caller.</summary>
    private static async Task GoneAsync(Store store, string key)
    {
        await using var watcher = await store.WatchAsync(new(B(key)), default);
        if (await store.GetAsync(key) is not null) Assert.Equal(EventKind.Delete, (await watcher.TakeAsync(1))[0].Kind);
    }

    [Fact]
    public async Task A_lease_ends_with_its_keys_at_one_revision()
    {
        var clock = new ManualClock();
        await using var test = await OpenAsync(clock);
        var store = await test.StoreAsync();
        var lease = await store.GrantLeaseAsync(0, 10, default);
        Assert.Equal(1, store.Revision);
        await store.CommitAsync(With(lease, "a", "b", "c"), default);
        // b leaves the lease, c is deleted: neither is the lease's any more.
        await store.PutAsync("b", "free");
        await store.DeleteAsync("c");
        await store.PutAsync("c", "free");
        Assert.Equal(["a"], (await store.LeaseAsync(lease, true, default))!.Keys.Select(S));

        clock.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(1, (await store.LeaseAsync(lease, false, default))!.Remaining);
        Assert.NotNull(await store.GetAsync("a"));
        clock.Advance(TimeSpan.FromSeconds(1));
        await GoneAsync(store, "a");
        Assert.Null(await store.LeaseAsync(lease, false, default));
        Assert.Equal(["b", "c"], (await store.RangeAsync("a", "z")).Keys());
        Assert.Equal(6, store.Revision);
        Assert.False(clock.Armed && store.Leases.Count > 0);
    }

    [Fact]
    public async Task Keeping_alive_moves_the_end()
    {
        var clock = new ManualClock();
        await using var test = await OpenAsync(clock);
        var store = await test.StoreAsync();
        var lease = await store.GrantLeaseAsync(7, 10, default);
        await store.CommitAsync(With(lease, "a"), default);
        for (var i = 0; i < 4; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(8));
            Assert.Equal(10, await store.KeepLeaseAliveAsync(lease, default));
        }
        Assert.NotNull(await store.GetAsync("a"));
        clock.Advance(TimeSpan.FromSeconds(10));
        await GoneAsync(store, "a");
        Assert.Equal(StorageFailure.LeaseNotFound, await FailureAsync(() => store.KeepLeaseAliveAsync(lease, default).AsTask()));
    }

    [Fact]
    public async Task Restarts_do_not_move_the_end_unless_it_was_kept_alive()
    {
        var clock = new ManualClock();
        await using var test = await OpenAsync(clock);
        var store = await test.StoreAsync();
        await store.GrantLeaseAsync(1, 10, default);
        await store.GrantLeaseAsync(2, 10, default);
        await store.CommitAsync(Do(new PutOperation(B("a"), B("v"), 1), new PutOperation(B("b"), B("v"), 2)), default);
        clock.Advance(TimeSpan.FromSeconds(4));
        await store.KeepLeaseAliveAsync(2, default);
        clock.Advance(TimeSpan.FromSeconds(4));
        await test.ReopenAsync();
        store = await test.StoreAsync();
        Assert.Equal([1, 2], store.Leases);
        Assert.Equal((2L, 10L), ((await store.LeaseAsync(1, false, default))!.Remaining, (await store.LeaseAsync(2, false, default))!.Remaining));
        Assert.Equal(["b"], (await store.LeaseAsync(2, true, default))!.Keys.Select(S));
        clock.Advance(TimeSpan.FromSeconds(2));
        await GoneAsync(store, "a");
        Assert.NotNull(await store.GetAsync("b"));
        clock.Advance(TimeSpan.FromSeconds(8));
        await GoneAsync(store, "b");
        await test.ReopenAsync();
        Assert.Empty((await test.StoreAsync()).Leases);
    }

    [Fact]
    public async Task What_ran_out_while_nobody_served_ends_after_the_start()
    {
        var clock = new ManualClock();
        await using var test = await OpenAsync(clock);
        var store = await test.StoreAsync();
        await store.CommitAsync(With(await store.GrantLeaseAsync(0, 10, default), "a"), default);
        await test.Datastore.DisposeAsync();
        clock.Advance(TimeSpan.FromHours(1));
        await test.ReopenAsync();
        store = await test.StoreAsync();
        clock.Advance(TimeSpan.FromSeconds(1));
        await GoneAsync(store, "a");
    }

    [Fact]
    public async Task A_sleeping_store_wakes_to_end_a_lease()
    {
        var clock = new ManualClock();
        await using var test = await OpenAsync(clock, TimeSpan.FromMinutes(1));
        var store = await test.StoreAsync();
        await store.CommitAsync(With(await store.GrantLeaseAsync(0, 3600, default), "a"), default);
        Assert.True(store.TryHibernate());
        var ended = new TaskCompletionSource<IReadOnlyList<StoreEvent>>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listening = store.Subscribe((_, events) => ended.TrySetResult(events));
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal("3:-a=<v", (await ended.Task.WaitAsync(TimeSpan.FromSeconds(20)))[0].Text());
    }

    [Fact]
    public async Task Revoking_deletes_and_frees_the_number()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        await store.GrantLeaseAsync(5, 60, default);
        Assert.Equal(StorageFailure.LeaseExists, await FailureAsync(() => store.GrantLeaseAsync(5, 60, default).AsTask()));
        await store.CommitAsync(With(5, "a", "b"), default);
        Assert.Equal(3, await store.RevokeLeaseAsync(5, default));
        Assert.Equal(StorageFailure.LeaseNotFound, await FailureAsync(() => store.RevokeLeaseAsync(5, default).AsTask()));
        Assert.Equal(StorageFailure.LeaseNotFound, await FailureAsync(() => store.CommitAsync(With(5, "a"), default).AsTask()));
        Assert.Equal(3, store.Revision);
        await store.GrantLeaseAsync(5, 60, default);
        // A lease without keys ends without a revision.
        Assert.Equal(3, await store.RevokeLeaseAsync(5, default));
        Assert.Empty(store.Leases);
    }

    [Fact]
    public async Task A_put_keeps_value_or_lease_on_request()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        await store.GrantLeaseAsync(5, 60, default);
        await store.CommitAsync(With(5, "a"), default);
        await store.CommitAsync(Do(new PutOperation(B("a"), B("w"), IgnoreLease: true)), default);
        await store.CommitAsync(Do(new PutOperation(B("a"), [], 5, IgnoreValue: true)), default);
        var item = (await store.ViewAsync(default)).Get(B("a"))!;
        Assert.Equal(("w", 5L, 3L), (S(item.Value), item.Lease, item.Version));
        Assert.Equal(StorageFailure.Invalid, await FailureAsync(() => store.CommitAsync(Do(new PutOperation(B("b"), [], IgnoreValue: true)), default).AsTask()));
    }

    [Fact]
    public async Task A_failed_commit_takes_its_leases_back()
    {
        await using var test = await backend.OpenAsync();
        await test.Datastore.DisposeAsync();
        var faulty = new FaultyDialect(Dialects.Sqlite.SqliteDialect.Open(test.Path, "pragma synchronous=off"));
        await using var datastore = Datastore.Open(faulty, test.Options);
        var store = await datastore.OpenStoreAsync("test", default);
        await store.GrantLeaseAsync(1, 60, default);
        await store.CommitAsync(With(1, "a"), default);

        StorageException Full() => new(StorageFailure.Unavailable, "full");
        faulty.Failure = Full();
        await FailureAsync(() => store.RevokeLeaseAsync(1, default).AsTask());
        Assert.Equal(["a"], (await store.LeaseAsync(1, true, default))!.Keys.Select(S));
        faulty.Failure = Full();
        await FailureAsync(() => store.GrantLeaseAsync(2, 60, default).AsTask());
        Assert.Equal([1], store.Leases);
        Assert.Equal(StorageFailure.LeaseNotFound, await FailureAsync(() => store.CommitAsync(With(2, "b"), default).AsTask()));
        await store.RevokeLeaseAsync(1, default);
        Assert.Null(await store.GetAsync("a"));
    }

    [Fact]
    public async Task Leases_are_bounded()
    {
        await using var test = await backend.OpenAsync(new() { Leases = 2, HibernateAfter = TimeSpan.Zero });
        var store = await test.StoreAsync();
        await store.GrantLeaseAsync(0, 60, default);
        await store.GrantLeaseAsync(0, 60, default);
        Assert.Equal(StorageFailure.LimitExceeded, await FailureAsync(() => store.GrantLeaseAsync(0, 60, default).AsTask()));
    }
}

public sealed class LeaseTestsOnSqlite() : LeaseTests(new SqliteBackend());

public sealed class LeaseTestsOnPostgres(PostgresFixture postgres) : LeaseTests(postgres);
