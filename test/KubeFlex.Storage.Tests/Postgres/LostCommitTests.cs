using KubeFlex.Storage.Tests.Support;
using static KubeFlex.Storage.Tests.Support.Words;

namespace KubeFlex.Storage.Tests.Postgres;

/// <summary>A connection that breaks around COMMIT: what has happened is found out, nothing happens twice, nobody is told what is not so.</summary>
public sealed class LostCommitTests(PostgresFixture postgres)
{
    private async Task<(LosingProxy Proxy, Datastore Datastore, Store Store)> OpenAsync()
    {
        var url = await postgres.NewUrlAsync();
        var server = await postgres.ServerAsync();
        var proxy = new LosingProxy(server.Port);
        var datastore = await Datastore.OpenPostgresAsync(url.Replace($":{server.Port}/", $":{proxy.Port}/", StringComparison.Ordinal) + "&sslmode=disable", new() { HibernateAfter = TimeSpan.Zero }, default);
        var store = await datastore.OpenStoreAsync("test", default);
        Assert.Equal(2, await store.PutAsync("a", "1"));
        return (proxy, datastore, store);
    }

    [Theory]
    [InlineData(nameof(LosingProxy.Loss.Request))]
    [InlineData(nameof(LosingProxy.Loss.Answer))]
    public async Task Its_callers_do_not_notice(string loss)
    {
        var (proxy, datastore, store) = await OpenAsync();
        await using var a = proxy;
        await using var b = datastore;
        for (var i = 0; i < 3; i++)
        {
            proxy.Lose(Enum.Parse<LosingProxy.Loss>(loss));
            Assert.Equal(3 + (2 * i), await store.PutAsync("a", $"{i}"));
            Assert.Equal(4 + (2 * i), await store.PutAsync("b", $"{i}"));
        }
        Assert.True(store.TryHibernate());
        Assert.Equal(["a", "b"], (await store.RangeAsync("\0", "\0")).Keys());
        Assert.Equal("1", S((await store.RangeAsync("a", revision: 5)).Items[0].Value));
    }

    [Theory]
    [InlineData(nameof(LosingProxy.Loss.Request))]
    [InlineData(nameof(LosingProxy.Loss.Answer))]
    public async Task Taking_a_store_over_and_deleting_it_too(string loss)
    {
        var (proxy, datastore, _) = await OpenAsync();
        await using var a = proxy;
        await using var b = datastore;
        proxy.Lose(Enum.Parse<LosingProxy.Loss>(loss));
        var store = await datastore.OpenStoreAsync("other", default);
        Assert.Equal(2, await store.PutAsync("x", "y"));
        var lease = await store.GrantLeaseAsync(0, 100, default);
        proxy.Lose(Enum.Parse<LosingProxy.Loss>(loss));
        await store.KeepLeaseAliveAsync(lease, default);
        proxy.Lose(Enum.Parse<LosingProxy.Loss>(loss));
        Assert.True(await datastore.DeleteStoreAsync("other", default));
        Assert.Equal(1, (await datastore.OpenStoreAsync("other", default)).Revision);
    }

    [Theory]
    [InlineData(nameof(LosingProxy.Loss.Request), false)]
    [InlineData(nameof(LosingProxy.Loss.Answer), true)]
    public async Task While_it_cannot_be_known_that_is_said_and_reads_go_on(string loss, bool happened)
    {
        var (proxy, datastore, store) = await OpenAsync();
        await using var a = proxy;
        await using var b = datastore;
        await using var watcher = await store.WatchAsync(new(B("a")), default);
        proxy.Lose(Enum.Parse<LosingProxy.Loss>(loss), thenAway: true);
        Assert.Equal(StorageFailure.Undecided, await FailureAsync(() => store.PutAsync("a", "2")));
        // Nothing new is taken, and that did certainly not happen.
        var refused = await Assert.ThrowsAsync<StorageException>(() => store.PutAsync("b", "never"));
        Assert.Equal((StorageFailure.Unavailable, "the storage is unavailable, try again later"), (refused.Failure, refused.Public));
        Assert.DoesNotContain("p@ss", refused.ToString(), StringComparison.Ordinal);
        Assert.Equal("1", await store.GetAsync("a"));

        proxy.Away = false;
        while (true)
        {
            try
            {
                await store.PutAsync("c", "3");
                break;
            }
            catch (StorageException e) when (e.Failure == StorageFailure.Unavailable)
            {
                await Task.Delay(20);
            }
        }
        // What has happened counts from now on; what has not is not made up for so late.
        Assert.Equal(happened ? "2" : "1", await store.GetAsync("a"));
        if (happened) Assert.Equal("3:+a=2<1", (await watcher.TakeAsync(1))[0].Text());
        Assert.Equal(happened ? 4 : 3, store.Revision);
        Assert.Null(await store.GetAsync("b"));
        Assert.Equal("3", await store.GetAsync("c"));
    }

    [Fact]
    public async Task Closing_does_not_wait_for_ever()
    {
        var (proxy, datastore, store) = await OpenAsync();
        await using var a = proxy;
        proxy.Lose(LosingProxy.Loss.Answer, thenAway: true);
        var write = store.PutAsync("a", "2");
        await datastore.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(StorageFailure.Undecided, await FailureAsync(() => write));
    }
}
