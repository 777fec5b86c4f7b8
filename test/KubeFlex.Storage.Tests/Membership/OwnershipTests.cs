using KubeFlex.Storage.Tests.Support;
using static KubeFlex.Storage.Tests.Support.Words;

namespace KubeFlex.Storage.Tests.Membership;

/// <summary>Several servers on one PostgreSQL. One whose clock stands still is one that has been stopped: it gives no sign of life, and does not know.</summary>
public sealed class OwnershipTests(PostgresFixture postgres)
{
    /// <summary>Of those that are to lose it; they are not heard of, since their clock stands still.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(1);

    /// <summary>Of those that keep it, however busy the machine.</summary>
    private static readonly TimeSpan LongLease = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_store_is_its_owners_until_that_one_leaves()
    {
        var url = await postgres.NewUrlAsync();
        await using var b = await OpenAsync(url, "b");
        await using (var a = await OpenAsync(url, "a"))
        {
            await (await a.OpenStoreAsync("s", default)).PutAsync("k", "1");
            var refused = await Assert.ThrowsAsync<StorageException>(() => b.OpenStoreAsync("s", default));
            Assert.Equal((StorageFailure.NotOwner, "https://a"), (refused.Failure, refused.Owner?.Url));
            Assert.Contains("https://a", refused.Message, StringComparison.Ordinal);
            Assert.Equal(a.Self, await b.FindOwnerAsync("s", default));
            Assert.Equal(["https://a", "https://b"], (await b.ListOwnersAsync(default)).Select(o => o.Url).Order());
            await (await a.OpenStoreAsync("s", default)).PutAsync("k", "2");
        }
        // It has left: nobody waits for its lease to run out.
        Assert.Null(await b.FindOwnerAsync("s", default));
        var store = await EventuallyAsync(b, "s");
        Assert.Equal("2", await store.GetAsync("k"));
        await store.PutAsync("k", "3");
    }

    [Fact]
    public async Task A_stopped_owner_is_replaced_and_when_it_goes_on_neither_writes_nor_reads_what_is_old()
    {
        var url = await postgres.NewUrlAsync();
        var clock = new ManualClock();
        await using var a = await OpenAsync(url, "a", clock);
        await using var b = await OpenAsync(url, "b");
        var old = await a.OpenStoreAsync("s", default);
        await old.PutAsync("k", "1");
        await using var watcher = await old.WatchAsync(new(B("k")), default);

        var now = await EventuallyAsync(b, "s");
        await now.PutAsync("k", "2");
        // For a stopped process no time has passed: this write was on its way.
        Assert.Equal(StorageFailure.NotOwner, await FailureAsync(() => old.PutAsync("k", "stale")));
        // And now it knows how late it is.
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(StorageFailure.NotOwner, await FailureAsync(() => old.GetAsync("k")));
        Assert.Equal(WatchEnd.Closed, await EndAsync(watcher));
        Assert.Equal("2", await now.GetAsync("k"));
        Assert.Equal("https://b", (await Assert.ThrowsAsync<StorageException>(() => a.OpenStoreAsync("s", default))).Owner?.Url);
    }

    [Fact]
    public async Task A_stopped_owner_that_never_writes_still_reads_nothing_old()
    {
        var url = await postgres.NewUrlAsync();
        var clock = new ManualClock();
        await using var a = await OpenAsync(url, "a", clock);
        await using var b = await OpenAsync(url, "b");
        var (taken, other) = (await a.OpenStoreAsync("taken", default), await a.OpenStoreAsync("other", default));
        await taken.PutAsync("k", "1");
        await other.PutAsync("k", "1");
        await (await EventuallyAsync(b, "taken")).PutAsync("k", "2");

        clock.Advance(Lease);
        // The read waits for a sign of life, which tells that a store was taken: after that none of them is sure.
        Assert.Equal(StorageFailure.NotOwner, await FailureAsync(() => taken.GetAsync("k")));
        Assert.Equal(StorageFailure.NotOwner, await FailureAsync(() => other.GetAsync("k")));
        // What nobody wanted is taken back.
        Assert.Equal("1", await (await a.OpenStoreAsync("other", default)).GetAsync("k"));
    }

    [Fact]
    public async Task A_stopped_owner_whose_stores_nobody_wanted_goes_on()
    {
        var url = await postgres.NewUrlAsync();
        var clock = new ManualClock();
        await using var a = await OpenAsync(url, "a", clock);
        await using var b = await OpenAsync(url, "b");
        var store = await a.OpenStoreAsync("s", default);
        await store.PutAsync("k", "1");
        while (await b.FindOwnerAsync("s", default) is not null) await Task.Delay(50, TestContext.Current.CancellationToken);
        clock.Advance(Lease);
        Assert.Equal("1", await store.GetAsync("k"));
        Assert.Equal(3, await store.PutAsync("k", "2"));
        // Unless the machine was so slow that another second has passed: then it says again that it lives.
        while (await b.FindOwnerAsync("s", default) is not { } owner || owner != a.Self) clock.Advance(Lease);
        Assert.Equal("2", await store.GetAsync("k"));
    }

    [Fact]
    public async Task Of_many_who_want_a_store_one_gets_it()
    {
        var url = await postgres.NewUrlAsync();
        var servers = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => OpenAsync(url, $"{i}")));
        var names = Enumerable.Range(0, 20).Select(i => $"s{i}").ToList();
        var got = await Task.WhenAll(servers.SelectMany(server => names.Select(async name =>
        {
            try
            {
                return (Name: name, Url: (await server.OpenStoreAsync(name, default)).Name == name ? server.Self!.Url : "");
            }
            catch (StorageException e) when (e.Failure == StorageFailure.NotOwner)
            {
                return (Name: name, Url: "");
            }
        })));
        Assert.Equal(names.Order(), got.Where(g => g.Url.Length > 0).Select(g => g.Name).Order());
        foreach (var (name, owner) in got.Where(g => g.Url.Length > 0)) Assert.Equal(owner, (await servers[0].FindOwnerAsync(name, default))?.Url);
        foreach (var server in servers) await server.DisposeAsync();
    }

    private static Task<Datastore> OpenAsync(string url, string name, ManualClock? clock = null) => Datastore.OpenPostgresAsync(url, new()
    {
        HibernateAfter = TimeSpan.Zero,
        Time = clock ?? TimeProvider.System,
        Membership = new() { Url = $"https://{name}", Lease = clock is null ? LongLease : Lease },
    }, default);

    private static async Task<Store> EventuallyAsync(Datastore datastore, string name)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                return await datastore.OpenStoreAsync(name, patience.Token);
            }
            catch (StorageException e) when (e.Failure == StorageFailure.NotOwner)
            {
                await Task.Delay(50, patience.Token);
            }
        }
    }

    private static async Task<WatchEnd> EndAsync(StoreWatcher watcher)
    {
        while ((await watcher.ReadAsync(default).AsTask().WaitAsync(TimeSpan.FromSeconds(60))).Count > 0)
        {
        }
        return watcher.End;
    }
}
