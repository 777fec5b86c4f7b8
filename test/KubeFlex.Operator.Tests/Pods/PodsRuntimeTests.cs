using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using KubeFlex.Operator.Objects;
using KubeFlex.Operator.Tests.Fakes;
using KubeFlex.Runtime.Client;
using KubeFlex.Testing;

namespace KubeFlex.Operator.Tests.Pods;

public sealed class PodsRuntimeTests : IAsyncDisposable
{
    private static readonly ResourceRef ApiServer = Kinds.Deployments.In("cp1-system").Named("kube-apiserver");
    private static readonly ResourceRef Ingress = Kinds.Ingresses.In("cp1-system").Named("cp1");

    private readonly PodsHarness p = new();

    public ValueTask DisposeAsync() => p.DisposeAsync();

    [Fact]
    public async Task Kubeconfigs_lead_through_the_way_in_and_to_the_Service()
    {
        await p.ReadyAsync(more: s => s["extraSANs"] = new JsonArray("api.example.com", "192.0.2.7"));
        Assert.Contains("server: https://cp1.localtest.me:9443\n", p.H.SecretText("cp1", "admin-kubeconfig", "kubeconfig"), StringComparison.Ordinal);
        var inCluster = p.H.SecretText("cp1", "admin-kubeconfig", "kubeconfig-incluster");
        Assert.Contains("server: https://cp1.cp1-system.svc.cluster.local\n", inCluster, StringComparison.Ordinal);
        Assert.Equal(inCluster, p.Tenants.Kubeconfigs.Last());
        Assert.Equal("""{"namespace":"cp1-system","name":"admin-kubeconfig","key":"kubeconfig","inClusterKey":"kubeconfig-incluster"}""", p.H.Find("cp1")!["status"]!["secretRef"]!.ToJsonString());
        using var serving = X509Certificate2.CreateFromPem(p.H.SecretText("cp1", "k8s-certs", "apiserver.crt"));
        var names = serving.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single();
        Assert.Contains("cp1.localtest.me", names.EnumerateDnsNames());
        Assert.Contains("api.example.com", names.EnumerateDnsNames());
        Assert.Contains("192.0.2.7", names.EnumerateIPAddresses().Select(a => a.ToString()));
    }

    [Fact]
    public async Task Ready_needs_replicas_and_an_answer()
    {
        p.Tenants.Serves = false;
        p.Nodes.Stuck.Add("kube-apiserver");
        p.H.CreateControlPlane("cp1");
        await p.SettleAsync("cp1");
        Assert.Equal("Deployment \"kube-apiserver\": 0 of 1 replicas are ready", (string?)p.H.Condition("cp1", "Ready")["message"]);
        p.Nodes.Stuck.Clear();
        p.Nodes.Work();
        await p.H.ReconcileAsync("cp1");
        Assert.Equal("its API does not answer: the API server is starting", (string?)p.H.Condition("cp1", "Ready")["message"]);
        p.Tenants.Serves = true;
        await p.H.ReconcileAsync("cp1");
        Assert.True(p.H.IsReady("cp1"));
        p.Nodes.Stuck.Add("kube-apiserver");
        p.Nodes.Work();
        await p.H.ReconcileAsync("cp1");
        Assert.False(p.H.IsReady("cp1"));
    }

    [Theory]
    [InlineData("k8s", null)]
    [InlineData("k8s", null, true)]
    [InlineData("k8s", "dedicated")]
    [InlineData("vcluster", null)]
    [InlineData("k3s", null)]
    public async Task A_second_pass_writes_nothing_even_after_a_restart(string type, string? backend, bool kine = false)
    {
        await using var p = kine ? PodsHarness.WithKine() : new PodsHarness();
        await p.ReadyAsync(type, s =>
        {
            if (backend is not null) s["backend"] = backend;
            s["resources"] = new JsonObject { ["limits"] = new JsonObject { ["cpu"] = "1000m" } };
        });
        await p.SettleAsync("cp1", 1);
        p.H.Api.ClearRequests();
        await p.H.ReconcileAsync("cp1");
        Assert.Empty(p.H.Writes());
        p.H.Restart();
        await p.H.ReconcileAsync("cp1");
        Assert.Empty(p.H.Writes());
    }

    [Fact]
    public async Task A_changed_spec_reaches_objects_and_foreign_fields_stay()
    {
        await p.ReadyAsync();
        var deployment = p.H.Api.Get(ApiServer)!;
        deployment["metadata"]!["annotations"]!["example.com/mine"] = "kept";
        deployment["spec"]!["paused"] = false;
        p.H.Api.Put(ApiServer, deployment);
        var cp = p.H.Find("cp1")!;
        cp["spec"]!["version"] = "1.36.1";
        cp["spec"]!["replicas"] = 2;
        cp["spec"]!["resources"] = new JsonObject { ["requests"] = new JsonObject { ["memory"] = "2Gi" } };
        p.H.Api.Put(Harness.ControlPlane("cp1"), cp);
        await p.H.ReconcileAsync("cp1");
        var now = p.H.Api.Get(ApiServer)!;
        var container = now["spec"]!["template"]!["spec"]!["containers"]![0]!;
        Assert.Equal("registry.k8s.io/kube-apiserver:v1.36.1", (string?)container["image"]);
        Assert.Equal("2Gi", (string?)container["resources"]!["requests"]!["memory"]);
        Assert.Equal("2", now["spec"]!["replicas"]!.ToString());
        Assert.Equal("kept", (string?)now["metadata"]!["annotations"]!["example.com/mine"]);
        Assert.False((bool)now["spec"]!["paused"]!);
        Assert.Equal("registry.k8s.io/kube-controller-manager:v1.36.1",
            (string?)p.H.Api.Get(Kinds.Deployments.In("cp1-system").Named("kube-controller-manager"))!["spec"]!["template"]!["spec"]!["containers"]![0]!["image"]);
        Assert.False(p.H.IsReady("cp1"));
        await p.SettleAsync("cp1");
        Assert.True(p.H.IsReady("cp1"));
    }

    [Fact]
    public async Task What_others_break_or_remove_is_mended()
    {
        await p.ReadyAsync();
        p.H.Api.Remove(Resources.Services.In("cp1-system").Named("cp1"));
        var deployment = p.H.Api.Get(ApiServer)!;
        deployment["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = "example.com/evil";
        p.H.Api.Put(ApiServer, deployment);
        await p.H.ReconcileAsync("cp1");
        Assert.NotNull(p.H.Api.Get(Resources.Services.In("cp1-system").Named("cp1")));
        Assert.Equal("registry.k8s.io/kube-apiserver:v1.35.5", (string?)p.H.Api.Get(ApiServer)!["spec"]!["template"]!["spec"]!["containers"]![0]!["image"]);
    }

    [Fact]
    public async Task Renewed_certificates_roll_out()
    {
        await p.ReadyAsync(more: s => s["backend"] = "dedicated");
        string Inputs(ResourceRef at) => (string)p.H.Api.Get(at)!["spec"]!["template"]!["metadata"]!["annotations"]!["kflex.kubestellar.org/inputs"]!;
        ResourceRef[] all = [ApiServer, Kinds.Deployments.In("cp1-system").Named("kube-controller-manager"), Kinds.StatefulSets.In("cp1-system").Named("etcd")];
        var before = all.Select(Inputs).ToList();
        var ca = p.H.SecretText("cp1", "etcd-certs", "ca.crt");
        p.H.Time.Advance(TimeSpan.FromDays(244));
        await p.H.ReconcileAsync("cp1");
        Assert.All(all.Select(Inputs).Zip(before), i => Assert.NotEqual(i.First, i.Second));
        Assert.Equal(ca, p.H.SecretText("cp1", "etcd-certs", "ca.crt"));
    }

    [Fact]
    public async Task Settings_that_cannot_be_read_are_named_and_their_repair_heals()
    {
        p.Configure(new JsonObject { ["externalPort"] = "abc", ["isOpenShift"] = "maybe" });
        p.H.CreateControlPlane("cp1");
        await p.H.ReconcileAsync("cp1");
        Assert.Equal("ConfigMap \"kubeflex-config\" in namespace \"kubeflex-system\": key \"externalPort\": \"abc\" is not a port number from 1 to 65535; key \"isOpenShift\": \"maybe\" is not \"true\" or \"false\"",
            (string?)p.H.Condition("cp1", "Synced")["message"]);
        p.Configure(new JsonObject { ["domain"] = "example.com", ["externalPort"] = "443" });
        await p.SettleAsync("cp1");
        Assert.True(p.H.IsReady("cp1"));
        Assert.Equal("cp1.example.com", (string?)p.H.Api.Get(Ingress)!["spec"]!["rules"]![0]!["host"]);
    }

    [Fact]
    public async Task The_way_in_changes_with_the_settings()
    {
        await p.ReadyAsync();
        p.H.Api.Served.Add(new FakeResource("route.openshift.io", "v1", "routes", "Route", true));
        p.Configure(new JsonObject { ["isOpenShift"] = "true" });
        await p.H.ReconcileAsync("cp1");
        var at = new ResourceRef("route.openshift.io", "v1", "routes", "cp1-system", "cp1");
        var route = p.H.Api.Get(at)!;
        route["spec"]!["host"] = "given.example.com";
        p.H.Api.Put(at, route);
        await p.SettleAsync("cp1");
        Assert.Null(p.H.Api.Get(Ingress));
        Assert.Contains("server: https://given.example.com\n", p.H.SecretText("cp1", "admin-kubeconfig", "kubeconfig"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("k8s", "shared")]
    [InlineData("k8s", "shared", true)]
    [InlineData("k8s", "dedicated")]
    [InlineData("vcluster", "shared")]
    [InlineData("k3s", "shared")]
    public async Task Deletion_leaves_nothing(string type, string backend, bool kine = false)
    {
        await using var p = kine ? PodsHarness.WithKine() : new PodsHarness();
        await p.ReadyAsync(type, s => s["backend"] = backend);
        await p.H.DeleteAsync("cp1");
        await p.H.ReconcileAsync("cp1");
        if (kine)
        {
            Assert.Contains("cp1-dropdb", (string?)p.H.Condition("cp1", "Ready")["message"], StringComparison.Ordinal);
            p.Nodes.Work();
            await p.H.ReconcileAsync("cp1");
        }
        Assert.Null(p.H.Find("cp1"));
        Assert.Empty(p.Storage.Stores);
        foreach (var served in p.H.Api.Served.Where(r => r.Kind is not "Event"))
        {
            Assert.DoesNotContain(p.H.Api.All(new ResourceRef(served.Group, served.Version, served.Resource)),
                o => ((string)o["metadata"]!["name"]!).StartsWith("cp1", StringComparison.Ordinal) || (string?)o["metadata"]!["namespace"] == "cp1-system");
        }
    }

    [Fact]
    public async Task The_whole_operator_makes_it_ready_by_what_it_watches()
    {
        p.H.Run();
        p.H.CreateControlPlane("cp1");
        p.H.CreateControlPlane("cp2", "vcluster");
        p.H.CreateControlPlane("cp3", "k3s");
        // Each round of work is answered by the operator without being asked.
        while (!(p.H.IsReady("cp1") && p.H.IsReady("cp2") && p.H.IsReady("cp3")))
        {
            p.Nodes.Work();
            await Task.Delay(20, p.H.Cancellation);
        }
        p.H.Api.Remove(Ingress);
        await p.H.UntilAsync(() => p.H.Api.Get(Ingress) is not null);
        foreach (var name in new[] { "cp1", "cp2", "cp3" }) await p.H.DeleteAsync(name);
        while (p.H.Find("cp1") is not null || p.H.Find("cp2") is not null || p.H.Find("cp3") is not null)
        {
            p.Nodes.Work();
            await Task.Delay(20, p.H.Cancellation);
        }
    }
}
