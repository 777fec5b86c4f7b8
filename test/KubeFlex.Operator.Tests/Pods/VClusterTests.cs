using System.Text.Json.Nodes;
using KubeFlex.Operator.Tests.Fakes;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Tests.Pods;

public sealed class VClusterTests : IAsyncDisposable
{
    private readonly PodsHarness p = new();

    public ValueTask DisposeAsync() => p.DisposeAsync();

    [Fact]
    public async Task Its_kubeconfig_is_completed_and_only_certificates_are_taken_over()
    {
        await p.ReadyAsync("vcluster");
        var text = p.H.SecretText("cp1", "vc-vcluster", "config-incluster");
        Assert.Contains("server: https://vcluster.cp1-system\n", text, StringComparison.Ordinal);
        Assert.Contains("client-key-data: a2V5\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("exec", text, StringComparison.Ordinal);
        Assert.Equal(FakeNodes.VClusterKubeconfig, p.H.SecretText("cp1", "vc-vcluster", "config"));
        Assert.Equal("""{"namespace":"cp1-system","name":"vc-vcluster","key":"config","inClusterKey":"config-incluster"}""", p.H.Find("cp1")!["status"]!["secretRef"]!.ToJsonString());
    }

    [Fact]
    public async Task When_vcluster_writes_anew_it_is_completed_anew()
    {
        await p.ReadyAsync("vcluster");
        p.Nodes.WriteKubeconfig("cp1-system", anew: true);
        Assert.Null(p.H.Api.Get(Harness.Secret("cp1", "vc-vcluster"))!["data"]!["config-incluster"]);
        await p.H.ReconcileAsync("cp1");
        Assert.NotNull(p.H.Api.Get(Harness.Secret("cp1", "vc-vcluster"))!["data"]!["config-incluster"]);
    }

    [Fact]
    public async Task Agents_find_the_API_through_the_node_port()
    {
        await p.ReadyAsync("vcluster");
        await p.SettleAsync("cp1", 1);
        var info = p.Tenants.Api.Get(Resources.ConfigMaps.In("kube-public").Named("cluster-info"))!;
        Assert.Contains("server: https://kubeflex-control-plane:30443\n", (string?)info["data"]!["kubeconfig"], StringComparison.Ordinal);
        p.Tenants.Api.ClearRequests();
        await p.H.ReconcileAsync("cp1");
        Assert.DoesNotContain(p.Tenants.Api.Requests, r => r.IsWrite);
    }

    [Fact]
    public async Task K3s_keeps_its_authorities_when_a_kubeconfig_is_lost_or_renewed()
    {
        await p.ReadyAsync("k3s");
        var (ca, token, config) = (p.H.SecretText("cp1", "k3s-certs", "server-ca.crt"), p.H.SecretText("cp1", "k3s-config", "token"), p.H.SecretText("cp1", "k3s-config", "config"));
        Assert.Contains("server: https://cp1.localtest.me:9443\n", config, StringComparison.Ordinal);
        Assert.Contains("server: https://k3s.cp1-system.svc\n", p.H.SecretText("cp1", "k3s-config", "config-incluster"), StringComparison.Ordinal);
        p.H.Time.Advance(TimeSpan.FromDays(244));
        await p.H.ReconcileAsync("cp1");
        Assert.NotEqual(config, p.H.SecretText("cp1", "k3s-config", "config"));
        p.H.Api.Remove(Harness.Secret("cp1", "k3s-config"));
        await p.H.ReconcileAsync("cp1");
        Assert.Equal((ca, token), (p.H.SecretText("cp1", "k3s-certs", "server-ca.crt"), p.H.SecretText("cp1", "k3s-config", "token")));
    }
}
