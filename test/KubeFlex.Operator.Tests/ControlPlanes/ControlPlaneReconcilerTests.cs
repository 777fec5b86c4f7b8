using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Operator.Tests.Fakes;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Controllers;
using KubeFlex.Testing;
using YamlDotNet.RepresentationModel;

namespace KubeFlex.Operator.Tests.ControlPlanes;

public sealed class ControlPlaneReconcilerTests : IAsyncDisposable
{
    private readonly Harness h = new();

    public ValueTask DisposeAsync() => h.DisposeAsync();

    [Fact]
    public async Task One_pass_makes_a_control_plane_ready()
    {
        h.CreateControlPlane("cp1");
        await h.ReconcileAsync("cp1");

        var cp = h.Find("cp1")!;
        Assert.Equal("kflex.kubestellar.org/finalizer", (string?)Assert.Single(cp["metadata"]!["finalizers"]!.AsArray()));
        AssertCondition("Ready", "True", "Available", "");
        AssertCondition("Synced", "True", "ReconcileSuccess", "");
        Assert.Equal(1, (int)cp["status"]!["observedGeneration"]!);
        Assert.Equal("""{"namespace":"cp1-system","name":"admin-kubeconfig","key":"kubeconfig","inClusterKey":"kubeconfig-incluster"}""", cp["status"]!["secretRef"]!.ToJsonString());

        var owner = h.Api.Get(Harness.Namespace("cp1"))!["metadata"]!["ownerReferences"]![0]!;
        Assert.Equal(((string?)cp["metadata"]!["uid"], true), ((string?)owner["uid"], (bool?)owner["controller"]));
        Assert.Equal(["ca.crt", "ca.key", "sa.key", "sa.pub", "apiserver.crt", "apiserver.key", "front-proxy-ca.crt", "front-proxy-client.crt", "front-proxy-client.key",
            "apiserver-kubelet-client.crt", "apiserver-kubelet-client.key"], h.Api.Get(Harness.Secret("cp1", "k8s-certs"))!["data"]!.AsObject().Select(d => d.Key).OrderBy(k => k.Length).ThenBy(k => k, StringComparer.Ordinal));
        Assert.Equal("shared", h.Host.Running["cp1"]);
        var e = Assert.Single(h.Events("SyncSuccess"));
        Assert.Equal(("Normal", "kubeflex-controlplane-controller", "default"), ((string?)e["type"], (string?)e["source"]!["component"], (string?)e["metadata"]!["namespace"]));
    }

    [Fact]
    public async Task A_control_plane_costs_few_round_trips()
    {
        h.CreateControlPlane("cp1");
        await h.ReconcileAsync("warm-up");
        h.Api.ClearRequests();
        await h.ReconcileAsync("cp1");
        // Finalizer, namespace, three secrets, status, event; the other requests are the watches.
        Assert.Equal(7, h.Api.Requests.Count(r => !r.Query.Contains("watch=true", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_kubeconfig_names_server_authorities_and_user()
    {
        h.CreateControlPlane("cp1");
        await h.ReconcileAsync("cp1");
        var config = Yaml(h.SecretText("cp1", "admin-kubeconfig", "kubeconfig"));
        var cluster = config["clusters"][0];
        Assert.Equal("cp1-cluster", Text(cluster["name"]));
        Assert.Equal("https://127.0.0.1:9443/controlplanes/cp1", Text(cluster["cluster"]["server"]));
        Assert.Equal("cp1.localtest.me", Text(cluster["cluster"]["tls-server-name"]));
        var authorities = Pem(cluster["cluster"]["certificate-authority-data"]);
        Assert.Equal(h.SecretText("cp1", "k8s-certs", "ca.crt") + h.Host.Endpoint("cp1").ServerCaPem, authorities);
        Assert.Equal("cp1-admin", Text(config["users"][0]["name"]));
        Assert.Equal(("cp1", "cp1-cluster", "cp1-admin", "default"), (Text(config["contexts"][0]["name"]), Text(config["contexts"][0]["context"]["cluster"]),
            Text(config["contexts"][0]["context"]["user"]), Text(config["contexts"][0]["context"]["namespace"])));
        Assert.Equal("cp1", Text(config["current-context"]));

        using var client = X509Certificate2.CreateFromPem(Pem(config["users"][0]["user"]["client-certificate-data"]));
        Assert.Contains("CN=kubernetes-admin", client.Subject, StringComparison.Ordinal);
        Assert.Contains("O=system:masters", client.Subject, StringComparison.Ordinal);
        using var ca = X509Certificate2.CreateFromPem(h.SecretText("cp1", "k8s-certs", "ca.crt"));
        Assert.Equal(ca.Subject, client.Issuer);

        var manager = Yaml(h.SecretText("cp1", "cm-kubeconfig", "kubeconfig"));
        Assert.Equal("system:kube-controller-manager", Text(manager["users"][0]["name"]));
    }

    [Fact]
    public async Task The_serving_certificate_bears_every_name()
    {
        h.CreateControlPlane("cp1");
        await h.ReconcileAsync("cp1");
        using var serving = X509Certificate2.CreateFromPem(h.SecretText("cp1", "k8s-certs", "apiserver.crt"));
        var names = serving.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single();
        Assert.Equal(["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster", "kubernetes.default.svc.cluster.local", "localhost",
            "kubeflex-control-plane", "cp1.cp1-system", "cp1.cp1-system.svc", "cp1.cp1-system.svc.cluster", "cp1.cp1-system.svc.cluster.local", "cp1.localtest.me"], names.EnumerateDnsNames());
        Assert.Equal(["127.0.0.1", "::1", "10.96.0.1"], names.EnumerateIPAddresses().Select(a => a.ToString()));
    }

    [Fact]
    public async Task A_second_pass_writes_nothing()
    {
        h.CreateControlPlane("cp1");
        await h.ReconcileAsync("cp1");
        h.Api.ClearRequests();
        h.Time.Advance(TimeSpan.FromHours(5));
        var result = await h.ReconcileAsync("cp1");
        Assert.Empty(h.Writes());
        // Two thirds of a year, less the five hours.
        Assert.InRange(result.RequeueAfter!.Value.TotalDays, 243, 244);
    }

    [Theory]
    [InlineData("admin-kubeconfig")]
    [InlineData("cm-kubeconfig")]
    public async Task A_lost_kubeconfig_is_made_anew_on_the_same_authority(string secret)
    {
        h.CreateControlPlane("cp1");
        await h.ReconcileAsync("cp1");
        var ca = h.SecretText("cp1", "k8s-certs", "ca.crt");
        h.Api.Remove(Harness.Secret("cp1", secret));
        h.Api.ClearRequests();
        await h.ReconcileAsync("cp1");
        Assert.Equal(ca, h.SecretText("cp1", "k8s-certs", "ca.crt"));
        Assert.StartsWith(ca, Pem(Yaml(h.SecretText("cp1", secret, "kubeconfig"))["clusters"][0]["cluster"]["certificate-authority-data"]), StringComparison.Ordinal);
        Assert.Single(h.Writes());
    }

    [Fact]
    public async Task Lost_certificates_are_made_anew_and_the_kubeconfigs_follow()
    {
        h.CreateControlPlane("cp1");
        await h.ReconcileAsync("cp1");
        var ca = h.SecretText("cp1", "k8s-certs", "ca.crt");
        h.Api.Remove(Harness.Secret("cp1", "k8s-certs"));
        await h.ReconcileAsync("cp1");
        var now = h.SecretText("cp1", "k8s-certs", "ca.crt");
        Assert.NotEqual(ca, now);
        Assert.StartsWith(now, Pem(Yaml(h.SecretText("cp1", "admin-kubeconfig", "kubeconfig"))["clusters"][0]["cluster"]["certificate-authority-data"]), StringComparison.Ordinal);
        h.Api.ClearRequests();
        await h.ReconcileAsync("cp1");
        Assert.Empty(h.Writes());
    }

    [Fact]
    public async Task A_damaged_certificate_is_mended_and_the_authority_kept()
    {
        h.CreateControlPlane("cp1");
        await h.ReconcileAsync("cp1");
        var ca = h.SecretText("cp1", "k8s-certs", "ca.crt");
        var tokens = h.SecretText("cp1", "k8s-certs", "sa.key");
        var secret = h.Api.Get(Harness.Secret("cp1", "k8s-certs"))!;
        secret["data"]!["apiserver.crt"] = Convert.ToBase64String("nonsense"u8);
        h.Api.Put(Harness.Secret("cp1", "k8s-certs"), secret);
        await h.ReconcileAsync("cp1");
        Assert.StartsWith("-----BEGIN CERTIFICATE-----", h.SecretText("cp1", "k8s-certs", "apiserver.crt"), StringComparison.Ordinal);
        Assert.Equal((ca, tokens), (h.SecretText("cp1", "k8s-certs", "ca.crt"), h.SecretText("cp1", "k8s-certs", "sa.key")));
    }

    [Fact]
    public async Task Another_address_of_the_server_reaches_existing_kubeconfigs()
    {
        h.CreateControlPlane("cp1");
        await h.ReconcileAsync("cp1");
        h.Host.Port = 7777;
        await h.ReconcileAsync("cp1");
        Assert.Equal("https://127.0.0.1:7777/controlplanes/cp1", Text(Yaml(h.SecretText("cp1", "admin-kubeconfig", "kubeconfig"))["clusters"][0]["cluster"]["server"]));
    }

    [Fact]
    public async Task Leaves_are_renewed_after_two_thirds_of_their_life()
    {
        h.CreateControlPlane("cp1");
        await h.ReconcileAsync("cp1");
        var (ca, leaf, config) = (h.SecretText("cp1", "k8s-certs", "ca.crt"), h.SecretText("cp1", "k8s-certs", "apiserver.crt"), h.SecretText("cp1", "admin-kubeconfig", "kubeconfig"));
        h.Time.Advance(TimeSpan.FromDays(244));
        await h.ReconcileAsync("cp1");
        Assert.Equal(ca, h.SecretText("cp1", "k8s-certs", "ca.crt"));
        Assert.NotEqual(leaf, h.SecretText("cp1", "k8s-certs", "apiserver.crt"));
        Assert.NotEqual(config, h.SecretText("cp1", "admin-kubeconfig", "kubeconfig"));
    }

    [Fact]
    public async Task Not_serving_is_told_and_tried_again_and_times_move_only_with_the_status()
    {
        h.Host.NotServing = "the store is opening";
        h.CreateControlPlane("cp1");
        Assert.Equal(ReconcileResult.WithBackoff, await h.ReconcileAsync("cp1"));
        AssertCondition("Ready", "False", "Unavailable", "the store is opening");
        var first = (string?)h.Condition("cp1", "Ready")["lastTransitionTime"];
        h.Time.Advance(TimeSpan.FromMinutes(1));
        h.Host.NotServing = "the store is still opening";
        await h.ReconcileAsync("cp1");
        Assert.Equal(first, (string?)h.Condition("cp1", "Ready")["lastTransitionTime"]);
        Assert.NotEqual(first, (string?)h.Condition("cp1", "Ready")["lastUpdateTime"]);
        h.Time.Advance(TimeSpan.FromMinutes(1));
        h.Host.NotServing = null;
        await h.ReconcileAsync("cp1");
        AssertCondition("Ready", "True", "Available", "");
        Assert.NotEqual(first, (string?)h.Condition("cp1", "Ready")["lastTransitionTime"]);
        Assert.Single(h.Events("SyncSuccess"));
    }

    [Theory]
    [InlineData("kube")]
    [InlineData("kubeflex")]
    [InlineData("postgres")]
    [InlineData("default")]
    [InlineData("host")]
    [InlineData("a.b")]
    [InlineData("a23456789-123456789-123456789-123456789-123456789-1234567")]
    public async Task A_refused_name_makes_nothing_says_why_and_can_be_deleted(string name)
    {
        h.Api.Put(Harness.Namespace(name), []);
        h.CreateControlPlane(name);
        Assert.Equal(ReconcileResult.Done, await h.ReconcileAsync(name));
        Assert.Equal("False", (string?)h.Condition(name, "Ready")["status"]);
        Assert.Equal("ReconcileError", (string?)h.Condition(name, "Synced")["reason"]);
        Assert.Contains("under a", (string?)h.Condition(name, "Synced")["message"], StringComparison.Ordinal);
        Assert.Single(h.Events("SyncFail"));
        Assert.Empty(h.Host.Calls);

        await h.ReconcileAsync(name);
        Assert.Single(h.Events("SyncFail"));
        await h.DeleteAsync(name);
        await h.ReconcileAsync(name);
        Assert.Null(h.Find(name));
        Assert.NotNull(h.Api.Get(Harness.Namespace(name)));
        Assert.Empty(h.Host.Calls);
    }

    [Fact]
    public async Task The_longest_name_is_taken()
    {
        var name = new string('a', 56);
        h.CreateControlPlane(name);
        await h.ReconcileAsync(name);
        Assert.True(h.IsReady(name));
    }

    [Fact]
    public async Task A_foreign_namespace_is_refused_left_alone_and_its_going_heals()
    {
        h.Api.Put(Harness.Namespace("cp1"), []);
        h.CreateControlPlane("cp1");
        await h.ReconcileAsync("cp1");
        Assert.StartsWith("metadata.name: namespace \"cp1-system\" exists and does not belong to this control plane", (string?)h.Condition("cp1", "Synced")["message"], StringComparison.Ordinal);
        Assert.Single(h.Events("SyncFail"));
        Assert.Empty(h.Api.All(Resources.Secrets));

        h.Api.Remove(Harness.Namespace("cp1"));
        await h.ReconcileAsync("cp1");
        Assert.True(h.IsReady("cp1"));
    }

    [Fact]
    public async Task Deleting_beside_a_foreign_namespace_leaves_that_alone()
    {
        h.Api.Put(Harness.Namespace("cp1"), []);
        h.Api.Put(new ResourceRef("rbac.authorization.k8s.io", "v1", "clusterroles", null, "of-helm"), HelmMarked("kubeflex"));
        h.CreateControlPlane("cp1", more: s => s["postCreateHook"] = "x");
        await h.ReconcileAsync("cp1");
        await h.DeleteAsync("cp1");
        await h.ReconcileAsync("cp1");
        Assert.Null(h.Find("cp1"));
        Assert.NotNull(h.Api.Get(Harness.Namespace("cp1")));
        Assert.NotNull(h.Api.Get(new ResourceRef("rbac.authorization.k8s.io", "v1", "clusterroles", null, "of-helm")));
    }

    [Theory]
    [InlineData("vcluster", null, "spec.type: \"vcluster\"")]
    [InlineData("k3s", null, "spec.type: \"k3s\"")]
    [InlineData("external", null, "spec.bootstrapSecretRef")]
    [InlineData("ocm", null, "deprecated")]
    [InlineData("k8s", "Pods", "spec.runtime: \"Pods\"")]
    [InlineData("k8s", "Process", "spec.runtime: \"Process\"")]
    public async Task What_this_server_cannot_do_is_said_and_can_be_deleted(string type, string? runtime, string expected)
    {
        h.CreateControlPlane("cp1", type, s =>
        {
            if (runtime is not null) s["runtime"] = runtime;
        });
        Assert.Equal(ReconcileResult.Done, await h.ReconcileAsync("cp1"));
        Assert.Contains(expected, (string?)h.Condition("cp1", "Synced")["message"], StringComparison.Ordinal);
        Assert.Equal("False", (string?)h.Condition("cp1", "Ready")["status"]);
        await h.DeleteAsync("cp1");
        await h.ReconcileAsync("cp1");
        Assert.Null(h.Find("cp1"));
    }

    [Fact]
    public async Task Keys_that_the_cache_has_not_heard_of_are_not_overwritten()
    {
        h.CreateControlPlane("cp1");
        await h.ReconcileAsync("cp1");
        var ca = h.SecretText("cp1", "k8s-certs", "ca.crt");
        // Another operator's view: everything there, but without our label, so that its watch does not show it.
        foreach (var name in new[] { "k8s-certs", "admin-kubeconfig" })
        {
            var secret = h.Api.Get(Harness.Secret("cp1", name))!;
            secret["metadata"]!["labels"] = null;
            h.Api.Remove(Harness.Secret("cp1", name));
            h.Api.Put(Harness.Secret("cp1", name), secret);
        }
        await h.ReconcileAsync("cp1");
        Assert.Equal(ca, h.SecretText("cp1", "k8s-certs", "ca.crt"));
        Assert.True(h.IsReady("cp1"));
    }

    private static JsonObject HelmMarked(string manager) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["labels"] = new JsonObject { ["app.kubernetes.io/managed-by"] = "Helm" },
            ["annotations"] = new JsonObject { ["meta.helm.sh/release-namespace"] = "cp1-system" },
            ["managedFields"] = new JsonArray(new JsonObject { ["manager"] = manager }),
        },
    };

    private void AssertCondition(string type, string status, string reason, string message)
    {
        var c = h.Condition("cp1", type);
        Assert.Equal((status, reason, message), ((string?)c["status"], (string?)c["reason"], (string?)c["message"]));
    }

    private static YamlNode Yaml(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return stream.Documents[0].RootNode;
    }

    private static string? Text(YamlNode node) => ((YamlScalarNode)node).Value;

    private static string Pem(YamlNode node) => Encoding.ASCII.GetString(Convert.FromBase64String(Text(node)!));
}
