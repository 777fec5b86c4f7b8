using KubeFlex.Etcd.Protocol;
using KubeFlex.Etcd.Tests.Services;
using KubeFlex.Etcd.Tests.Support;
using static KubeFlex.Etcd.Tests.Support.RawClient;

namespace KubeFlex.Etcd.Tests.Clients;

/// <summary>What a stock kube-apiserver sends, in its order.</summary>
public sealed class ApiServerSequences
{
    private static TxnRequest Create(string key, string value, long lease = 0) => new() { Compare = { KvTests.Is(key, 0) }, Success = { KvTests.Put(key, value, lease) } };

    private static TxnRequest Update(string key, string value, long revision) =>
        new() { Compare = { KvTests.Is(key, revision) }, Success = { KvTests.Put(key, value) }, Failure = { KvTests.Get(key) } };

    [Fact]
    public async Task Guaranteed_updates_lose_nothing_under_concurrency()
    {
        await using var etcd = await TestEtcd.StartAsync();
        const string key = "/registry/configmaps/default/counter";
        var created = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => etcd.Client.TxnAsync(Create(key, "0"))));
        Assert.Single(created, response => response.Succeeded);

        const int writers = 6, rounds = 25;
        await Task.WhenAll(Enumerable.Range(0, writers).Select(_ => Task.Run(async () =>
        {
            var known = (await etcd.Client.GetAsync(key)).Kvs[0];
            for (var done = 0; done < rounds;)
            {
                var next = int.Parse(known.Value.ToStringUtf8(), null) + 1;
                var response = await etcd.Client.TxnAsync(Update(key, $"{next}", known.ModRevision));
                if (response.Succeeded) done++;
                known = response.Succeeded ? (await etcd.Client.GetAsync(key)).Kvs[0] : response.Responses[0].ResponseRange.Kvs[0];
            }
        })));
        var last = (await etcd.Client.GetAsync(key)).Kvs[0];
        Assert.Equal(($"{writers * rounds}", writers * rounds + 1L), (last.Value.ToStringUtf8(), last.Version));

        var gone = new TxnRequest { Compare = { KvTests.Is(key, last.ModRevision) }, Success = { KvTests.Delete(key) }, Failure = { KvTests.Get(key) } };
        Assert.True((await etcd.Client.TxnAsync(gone)).Succeeded);
        var late = await etcd.Client.TxnAsync(gone);
        Assert.False(late.Succeeded);
        Assert.Empty(late.Responses[0].ResponseRange.Kvs);
    }

    [Fact]
    public async Task A_list_in_pages_is_of_one_revision()
    {
        await using var etcd = await TestEtcd.StartAsync();
        for (var i = 0; i < 23; i++) await etcd.Client.TxnAsync(Create($"/registry/pods/default/p{i:00}", $"{i}"));
        var end = B("/registry/pods0");
        var names = new List<string>();
        var from = B("/registry/pods/");
        long revision = 0;
        while (true)
        {
            var page = await etcd.Client.RangeAsync(new() { Key = from, RangeEnd = end, Limit = 10, Revision = revision });
            revision = revision == 0 ? page.Header.Revision : revision;
            names.AddRange(page.Kvs.Select(item => item.Value.ToStringUtf8()));
            Assert.Equal(page.More, names.Count < 23);
            if (!page.More) break;
            from = B(page.Kvs[^1].Key.ToStringUtf8() + "\0");
            // Others go on meanwhile.
            await etcd.Client.DeleteAsync("/registry/pods/default/p15");
            await etcd.Client.PutAsync($"/registry/pods/default/p{names.Count}x", "new");
        }
        Assert.Equal(Enumerable.Range(0, 23).Select(i => $"{i}"), names);
        var count = await etcd.Client.RangeAsync(new() { Key = B("/registry/pods/"), RangeEnd = end, CountOnly = true });
        Assert.Equal((24L, 0), (count.Count, count.Kvs.Count));
    }

    [Fact]
    public async Task Servers_agree_on_who_compacts()
    {
        await using var etcd = await TestEtcd.StartAsync();
        for (var i = 0; i < 10; i++) await etcd.Client.PutAsync("a", $"{i}");
        TxnRequest Claim(long version, long revision) => new()
        {
            Compare = { new Compare { Key = B("compact_rev_key"), Target = Compare.Types.CompareTarget.Version, Version = version } },
            Success = { KvTests.Put("compact_rev_key", $"{revision}") }, Failure = { KvTests.Get("compact_rev_key") },
        };
        var claims = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => etcd.Client.TxnAsync(Claim(0, 8))));
        Assert.Single(claims, claim => claim.Succeeded);
        Assert.All(claims.Where(claim => !claim.Succeeded), claim => Assert.Equal(1, claim.Responses[0].ResponseRange.Kvs[0].Version));
        await etcd.Client.CompactAsync(8);
        Assert.Equal("6", (await etcd.Client.RangeAsync(new() { Key = B("a"), Revision = 8 })).Kvs[0].Value.ToStringUtf8());
        await Assert.ThrowsAsync<StatusException>(() => etcd.Client.RangeAsync(new() { Key = B("a"), Revision = 7 }));
    }

    [Fact]
    public async Task Events_go_with_their_lease_and_watchers_see_it()
    {
        await using var etcd = await TestEtcd.StartAsync();
        var lease = (await etcd.Client.CallAsync("Lease/LeaseGrant", new LeaseGrantRequest { TTL = 2 }, LeaseGrantResponse.Parser)).ID;
        await using var stream = etcd.Client.Open("Watch/Watch", WatchResponse.Parser);
        await stream.SendAsync(new WatchRequest { CreateRequest = new() { Key = B("/registry/events/"), RangeEnd = B("/registry/events0"), PrevKv = true, ProgressNotify = true } });
        for (var i = 0; i < 3; i++) await etcd.Client.TxnAsync(Create($"/registry/events/e{i}", "x", lease));
        var revisions = new List<long>();
        while (revisions.Count < 3)
        {
            foreach (var change in (await stream.ReadAsync()).Events)
            {
                if (change.Type == Event.Types.EventType.Delete) revisions.Add(change.Kv.ModRevision);
                else Assert.Equal(lease, change.Kv.Lease);
            }
        }
        Assert.Equal([5, 5, 5], revisions);
    }

    [Fact]
    public async Task Status_makes_it_use_progress_requests()
    {
        await using var etcd = await TestEtcd.StartAsync();
        var status = await etcd.Client.CallAsync("Maintenance/Status", new StatusRequest(), StatusResponse.Parser);
        Assert.StartsWith("3.6.", status.Version, StringComparison.Ordinal);
        Assert.Equal("3.6", status.StorageVersion);
        Assert.Equal(status.Header.MemberId, status.Leader);
    }
}
