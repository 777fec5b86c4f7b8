using System.Text.Json.Nodes;
using KubeFlex.Operator.Tests.Fakes;
using KubeFlex.Runtime.Client;
using KubeFlex.Testing;

namespace KubeFlex.Operator.Tests.Pods;

public sealed class GoldenTests
{
    [Theory]
    [InlineData("k8s-shared", "k8s", null)]
    [InlineData("k8s-kine", "k8s", null)]
    [InlineData("k8s-dedicated", "k8s", """{"backend":"dedicated","version":"v1.34.2","replicas":3,"extraSANs":["api.example.com","192.0.2.7"],"resources":{"requests":{"cpu":2}}}""")]
    [InlineData("vcluster", "vcluster", null)]
    [InlineData("k3s", "k3s", null)]
    public async Task What_is_made(string file, string type, string? spec)
    {
        await using var p = await (file == "k8s-kine" ? PodsHarness.WithKine() : new PodsHarness()).ReadyAsync(type, s => Merge(s, spec));
        Golden.Check(file, p.H.Api, "cp1");
    }

    [Theory]
    [InlineData("k8s-openshift", "k8s")]
    [InlineData("vcluster-openshift", "vcluster")]
    public async Task What_is_made_on_OpenShift(string file, string type)
    {
        await using var p = new PodsHarness(config: new JsonObject { ["domain"] = "apps.example.com", ["externalPort"] = "443", ["isOpenShift"] = "true" });
        p.H.Api.Served.Add(new FakeResource("route.openshift.io", "v1", "routes", "Route", true));
        p.H.CreateControlPlane("cp1", type);
        await p.H.ReconcileAsync("cp1");
        Assert.Contains("has not given it a host yet", (string?)p.H.Condition("cp1", "Synced")["message"], StringComparison.Ordinal);
        var at = new ResourceRef("route.openshift.io", "v1", "routes", "cp1-system", "cp1");
        var route = p.H.Api.Get(at)!;
        route["spec"]!["host"] = "cp1-cp1-system.apps.example.com";
        p.H.Api.Put(at, route);
        await p.SettleAsync("cp1");
        Assert.True(p.H.IsReady("cp1"));
        Golden.Check(file, p.H.Api, "cp1");
    }

    [Fact]
    public async Task What_is_made_behind_a_Gateway()
    {
        await using var p = new PodsHarness(new PodsOptions { Gateway = new GatewayReference("gateways", "tls", "passthrough"), StorageClass = "fast" });
        p.H.Api.Served.Add(new FakeResource("gateway.networking.k8s.io", "v1alpha2", "tlsroutes", "TLSRoute", true));
        await p.ReadyAsync("k8s", s => s["backend"] = "dedicated");
        Golden.Check("k8s-gateway", p.H.Api, "cp1");
    }

    private static void Merge(JsonObject spec, string? more)
    {
        foreach (var (key, value) in more is null ? [] : JsonNode.Parse(more)!.AsObject()) spec[key] = value?.DeepClone();
    }
}
