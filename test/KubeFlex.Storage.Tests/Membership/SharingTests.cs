using System.Collections.Concurrent;
using KubeFlex.Storage.Tests.Support;

namespace KubeFlex.Storage.Tests.Membership;

/// <summary>What servers on one PostgreSQL have in common, and stores that they hand to each other.</summary>
public sealed class SharingTests(PostgresFixture postgres)
{
    [Fact]
    public async Task A_store_that_is_handed_over_is_the_next_ones_at_once()
    {
        var url = await postgres.NewUrlAsync();
        var lost = new ConcurrentQueue<string>();
        // Leases so long that nobody gets a store by waiting.
        await using var a = await OpenAsync(url, "a", lost);
        await using var b = await OpenAsync(url, "b", []);
        var old = await a.OpenStoreAsync("s", default);
        await a.OpenStoreAsync("kept", default);
        await old.PutAsync("k", "1");
        Assert.Equal(["kept", "s"], (await b.ListOwnedStoresAsync(default)).Order());

        await a.ReleaseStoreAsync("s", default);
        await a.ReleaseStoreAsync("never opened", default);
        Assert.True(old.Ended);
        Assert.Equal(["s"], lost);
        Assert.Equal(StorageFailure.NotOwner, (await Assert.ThrowsAsync<StorageException>(async () => await old.GetAsync("k"))).Failure);
        Assert.Equal(["kept"], await b.ListOwnedStoresAsync(default));
        var now = await b.OpenStoreAsync("s", default);
        Assert.Equal("1", await now.GetAsync("k"));
        Assert.Equal("https://b", (await Assert.ThrowsAsync<StorageException>(() => a.OpenStoreAsync("s", default))).Owner?.Url);
        // The rest is untouched.
        await (await a.OpenStoreAsync("kept", default)).PutAsync("k", "2");
    }

    [Fact]
    public async Task One_that_was_taken_back_meanwhile_is_kept()
    {
        var url = await postgres.NewUrlAsync();
        await using var a = await OpenAsync(url, "a", []);
        await using var b = await OpenAsync(url, "b", []);
        for (var i = 0; i < 20; i++)
        {
            var store = await a.OpenStoreAsync("s", default);
            var releasing = a.ReleaseStoreAsync("s", default);
            while (!store.Ended) await Task.Yield();
            // Claims it again before or after the database has heard: it is ours in both cases, or b's, never both's.
            var again = await a.OpenStoreAsync("s", default);
            await releasing;
            await again.PutAsync("k", $"{i}");
            Assert.Equal(a.Self, await b.FindOwnerAsync("s", default));
        }
    }

    [Fact]
    public async Task Of_many_settings_the_first_counts()
    {
        var url = await postgres.NewUrlAsync();
        // All at once on an empty database: that makes its tables too.
        var servers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => OpenAsync(url, $"{i}", [])));
        var values = await Task.WhenAll(servers.Select((server, i) => server.GetOrAddSettingAsync("identity", $"of {i}", default)));
        Assert.Single(values.Distinct());
        Assert.Equal("other", await servers[0].GetOrAddSettingAsync("other key", "other", default));
        foreach (var server in servers) await server.DisposeAsync();
    }

    [Fact]
    public async Task A_file_is_nobody_elses()
    {
        await using var file = await TestDatastore.OpenAsync(null);
        Assert.Equal(StorageFailure.Invalid, (await Assert.ThrowsAsync<StorageException>(() => file.Datastore.GetOrAddSettingAsync("k", "v", default))).Failure);
        Assert.Empty(await file.Datastore.ListOwnedStoresAsync(default));
    }

    private static Task<Datastore> OpenAsync(string url, string name, ConcurrentQueue<string> lost) => Datastore.OpenPostgresAsync(url, new()
    {
        HibernateAfter = TimeSpan.Zero,
        Membership = new() { Url = $"https://{name}", Lease = TimeSpan.FromMinutes(1), Lost = store => lost.Enqueue(store.Name) },
    }, default);
}
