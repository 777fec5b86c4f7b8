using KubeFlex.Etcd.Protocol;
using KubeFlex.Etcd.Tests.Support;

namespace KubeFlex.Etcd.Tests.Services;

public sealed class LeaseTests
{
    private static Task<LeaseTimeToLiveResponse> LookAsync(TestEtcd etcd, long id) =>
        etcd.Client.CallAsync("Lease/LeaseTimeToLive", new LeaseTimeToLiveRequest { ID = id, Keys = true }, LeaseTimeToLiveResponse.Parser);

    [Fact]
    public async Task Leases_live_and_end_over_the_wire()
    {
        await using var etcd = await TestEtcd.StartAsync();
        var granted = await etcd.Client.CallAsync("Lease/LeaseGrant", new LeaseGrantRequest { TTL = 1, ID = 5 }, LeaseGrantResponse.Parser);
        Assert.Equal((5L, 2L), (granted.ID, granted.TTL));
        var again = await Assert.ThrowsAsync<StatusException>(() => etcd.Client.CallAsync("Lease/LeaseGrant", new LeaseGrantRequest { TTL = 60, ID = 5 }, LeaseGrantResponse.Parser));
        Assert.Equal((9, "etcdserver: lease already exists"), (again.Code, again.Status));

        var chosen = (await etcd.Client.CallAsync("Lease/LeaseGrant", new LeaseGrantRequest { TTL = 60 }, LeaseGrantResponse.Parser)).ID;
        await etcd.Client.PutAsync("b", "1", chosen);
        await etcd.Client.PutAsync("a", "1", chosen);
        await etcd.RestartAsync();
        var looked = await LookAsync(etcd, chosen);
        Assert.Equal((60L, "a b"), (looked.GrantedTTL, string.Join(' ', looked.Keys.Select(key => key.ToStringUtf8()))));

        await using var stream = etcd.Client.Open("Lease/LeaseKeepAlive", LeaseKeepAliveResponse.Parser);
        await stream.SendAsync(new LeaseKeepAliveRequest { ID = chosen });
        Assert.Equal(60, (await stream.ReadAsync()).TTL);
        await stream.SendAsync(new LeaseKeepAliveRequest { ID = 404 });
        Assert.Equal((404L, 0L), await stream.ReadAsync() is var gone ? (gone.ID, gone.TTL) : default);

        Assert.Contains(chosen, (await etcd.Client.CallAsync("Lease/LeaseLeases", new LeaseLeasesRequest(), LeaseLeasesResponse.Parser)).Leases.Select(lease => lease.ID));
        var revoked = await etcd.Client.CallAsync("Lease/LeaseRevoke", new LeaseRevokeRequest { ID = chosen }, LeaseRevokeResponse.Parser);
        Assert.Equal(4, revoked.Header.Revision);
        Assert.Empty((await etcd.Client.GetAsync("a")).Kvs);
        Assert.Equal(-1, (await LookAsync(etcd, chosen)).TTL);
        Assert.Equal(5, (await Assert.ThrowsAsync<StatusException>(() => etcd.Client.CallAsync("Lease/LeaseRevoke", new LeaseRevokeRequest { ID = chosen }, LeaseRevokeResponse.Parser))).Code);
    }
}
