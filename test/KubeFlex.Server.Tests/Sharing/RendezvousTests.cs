using KubeFlex.Server.Sharing;
using KubeFlex.Storage;

namespace KubeFlex.Server.Tests.Sharing;

public sealed class RendezvousTests
{
    private static readonly List<StoreOwner> Servers = [.. Enumerable.Range(1, 4).Select(i => new StoreOwner($"id{i}", $"https://10.0.0.{i}:9443"))];
    private static readonly List<string> Names = [.. Enumerable.Range(0, 1_000).Select(i => $"cp{i}")];

    [Fact]
    public void Names_spread_over_all_servers()
    {
        var shares = Names.GroupBy(name => Rendezvous.Choose(Servers, name)!.Url).ToDictionary(group => group.Key, group => group.Count());
        Assert.Equal(4, shares.Count);
        Assert.All(shares.Values, share => Assert.InRange(share, 200, 300));
    }

    [Fact]
    public void The_order_in_which_servers_are_known_does_not_matter()
    {
        List<StoreOwner> reversed = [.. Enumerable.Reverse(Servers)];
        Assert.All(Names, name => Assert.Equal(Rendezvous.Choose(Servers, name), Rendezvous.Choose(reversed, name)));
    }

    [Fact]
    public void When_a_server_goes_only_its_names_move()
    {
        List<StoreOwner> rest = [.. Servers.Skip(1)];
        foreach (var name in Names)
        {
            var before = Rendezvous.Choose(Servers, name)!;
            if (before != Servers[0]) Assert.Equal(before, Rendezvous.Choose(rest, name));
        }
        Assert.Null(Rendezvous.Choose([], "cp"));
    }
}
