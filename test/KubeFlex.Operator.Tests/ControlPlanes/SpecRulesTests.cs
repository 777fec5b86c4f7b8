using System.Text.Json.Nodes;
using KubeFlex.Operator.Tests.Fakes;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Tests.ControlPlanes;

public sealed class SpecRulesTests : IAsyncDisposable
{
    private readonly PodsHarness p = new();

    public ValueTask DisposeAsync() => p.DisposeAsync();

    [Theory]
    [InlineData("vcluster", """{"runtime":"InProcess"}""", "spec.runtime: type \"vcluster\" runs in \"Pods\" only")]
    [InlineData("host", """{"runtime":"Pods","version":"1.35.1"}""", "spec.runtime: type \"host\" has no runtime; leave it out; spec.version: type \"host\" runs nothing that it could apply to; leave it out")]
    [InlineData("k3s", """{"replicas":2}""", "spec.replicas: type \"k3s\" keeps its data in one pod; it has 1 replica")]
    [InlineData("k8s", """{"replicas":0}""", "spec.replicas: 0 is not between 1 and 9")]
    [InlineData("k8s", """{"version":"latest\nx: y"}""", "is not a Kubernetes version such as \"1.35.5\"")]
    [InlineData("k8s", """{"extraSANs":["ok.example.com","-bad"]}""", "spec.extraSANs: \"-bad\" is neither a DNS name nor an IP address")]
    [InlineData("k8s", """{"resources":{"limits":{"cpu":"much"}}}""", "spec.resources.limits.cpu: \"much\" is not a quantity")]
    [InlineData("k8s", """{"runtime":"InProcess","version":"1.35.1"}""", "spec.version: runtime \"InProcess\" has no pods or binaries")]
    public async Task What_cannot_be_is_said_and_nothing_is_made(string type, string spec, string expected)
    {
        p.H.CreateControlPlane("cp1", type, s =>
        {
            foreach (var (key, value) in JsonNode.Parse(spec)!.AsObject()) s[key] = value?.DeepClone();
        });
        await p.H.ReconcileAsync("cp1");
        Assert.Contains(expected, (string?)p.H.Condition("cp1", "Synced")["message"], StringComparison.Ordinal);
        Assert.Equal("False", (string?)p.H.Condition("cp1", "Ready")["status"]);
        Assert.Null(p.H.Api.Get(Harness.Namespace("cp1")));
    }

    [Fact]
    public async Task Type_runtime_and_backend_cannot_change()
    {
        await p.ReadyAsync();
        var cp = p.H.Find("cp1")!;
        cp["spec"]!["type"] = "k3s";
        cp["spec"]!["backend"] = "dedicated";
        p.H.Api.Put(Harness.ControlPlane("cp1"), cp);
        await p.H.ReconcileAsync("cp1");
        var message = (string?)p.H.Condition("cp1", "Synced")["message"];
        Assert.Contains("spec.type: cannot change from \"k8s\" to \"k3s\"", message, StringComparison.Ordinal);
        Assert.Contains("spec.backend: cannot change from \"shared\" to \"dedicated\"", message, StringComparison.Ordinal);
        Assert.Null(p.H.Api.Get(Objects()));
        await p.H.DeleteAsync("cp1");
        await p.SettleAsync("cp1", 2);
        Assert.Null(p.H.Find("cp1"));
    }

    private static ResourceRef Objects() => Operator.Objects.Kinds.StatefulSets.In("cp1-system").Named("k3s-server");
}
