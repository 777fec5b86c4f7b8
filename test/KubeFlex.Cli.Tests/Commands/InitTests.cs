using System.Text.Json.Nodes;
using KubeFlex.Cli.Installation;
using KubeFlex.Cli.Tests.Harness;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Tests.Commands;

public sealed class InitTests : IAsyncLifetime
{
    private const string Config = "/api/v1/namespaces/kubeflex-system/configmaps/kubeflex-config";
    private const string Definition = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/controlplanes.tenancy.kflex.kubestellar.org";
    private FakeApi api = null!;
    private Harness.Cli cli = null!;

    public async ValueTask InitializeAsync()
    {
        api = await FakeApi.StartAsync();
        api.IsOurs = false;
        cli = Harness.Cli.For(api);
        api.Texts["/api/v1"] = Discovery("Namespace", "namespaces", false, "ConfigMap", "configmaps", true, "ServiceAccount", "serviceaccounts", true, "Service", "services", true, "Secret", "secrets", true);
        api.Texts["/apis/apps/v1"] = Discovery("Deployment", "deployments", true, "StatefulSet", "statefulsets", true);
        api.Texts["/apis/rbac.authorization.k8s.io/v1"] = Discovery("ClusterRole", "clusterroles", false, "ClusterRoleBinding", "clusterrolebindings", false, "Role", "roles", true, "RoleBinding", "rolebindings", true);
        api.Patched = (cluster, path, obj) =>
        {
            if (path.Contains("customresourcedefinitions", StringComparison.Ordinal))
                obj["status"] = new JsonObject { ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Established", ["status"] = "True" }) };
            else if (path.Contains("deployments", StringComparison.Ordinal)) obj["status"] = new JsonObject { ["availableReplicas"] = 1 };
            else return;
            cluster.Put(path, obj);
        };
    }

    public async ValueTask DisposeAsync()
    {
        cli.Dispose();
        await api.DisposeAsync();
    }

    [Fact]
    public async Task Installs_upgrades_and_asks_nothing_twice()
    {
        var first = await cli.RunAsync("init", "--domain", "example.org", "-p", "8443");
        Assert.True(first.ExitCode == 0, first.Error);
        Assert.NotNull(api.Get(Definition));
        Assert.Equal("""{"domain":"example.org","externalPort":"8443","hostContainer":"kubeflex-control-plane","isOpenShift":"false"}""", api.Get(Config)!["data"]!.ToJsonString());
        Assert.Equal("hosting", KubeflexExtension.HostingContext(cli.Kubeconfig));

        var again = await cli.RunAsync("init", "-n", "other");
        Assert.True(again.ExitCode == 0, again.Error);
        Assert.Equal("""{"domain":"example.org","externalPort":"8443","hostContainer":"other","isOpenShift":"false"}""", api.Get(Config)!["data"]!.ToJsonString());
    }

    [Fact]
    public async Task Detects_OpenShift()
    {
        api.Texts["/apis/project.openshift.io/v1"] = Discovery("Project", "projects", false);
        var result = await cli.RunAsync("init");
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal("true", (string?)api.Get(Config)!["data"]!["isOpenShift"]);
    }

    [Fact]
    public async Task Dry_run_prints_and_changes_nothing()
    {
        var result = await cli.RunAsync("init", "--dry-run", "-d", "example.org");
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains("kind: CustomResourceDefinition", result.Out, StringComparison.Ordinal);
        Assert.Contains("domain: example.org", result.Out, StringComparison.Ordinal);
        Assert.DoesNotContain(api.Requests, r => !r.StartsWith("GET", StringComparison.Ordinal));
        using var nowhere = new Harness.Cli();
        Assert.Equal(0, (await nowhere.RunAsync("init", "--dry-run")).ExitCode);
    }

    [Fact]
    public async Task A_server_of_ours_needs_no_installation()
    {
        api.IsOurs = true;
        var result = await cli.RunAsync("init");
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains("built in", result.Error, StringComparison.Ordinal);
        Assert.Null(api.Get(Config));
    }

    [Fact]
    public async Task Without_a_cluster_the_embedded_one_is_offered()
    {
        cli.WriteKubeconfig(File.ReadAllText(cli.KubeconfigFile).Replace(api.Url, "http://127.0.0.1:1", StringComparison.Ordinal));
        var alone = await cli.RunAsync("init");
        Assert.Equal(ExitCodes.Unreachable, alone.ExitCode);
        Assert.Contains("kflex init --embedded", alone.Error, StringComparison.Ordinal);
        var no = await cli.RunAsync(["init"], "n\n", CancellationToken.None);
        Assert.Contains("instead, without a cluster? (Y/n)", no.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Unreachable, no.ExitCode);
    }

    [Fact]
    public void Settings_reach_the_operator()
    {
        JsonObject Operator(InstallSettings settings) => InstallDocuments.Of([], [JsonNode.Parse("""
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"kubeflex-controller-manager"},"spec":{"template":{"spec":{"securityContext":{"runAsUser":999,"runAsNonRoot":true}}}}}
            """)!.AsObject()], settings).Rest[^1];
        var (one, two) = (Operator(new("a.example", 9443, "c", false)), Operator(new("b.example", 9443, "c", true)));
        Assert.NotEqual(one["spec"]!["template"]!["metadata"]!.ToJsonString(), two["spec"]!["template"]!["metadata"]!.ToJsonString());
        Assert.Equal("""{"runAsUser":999,"runAsNonRoot":true}""", one["spec"]!["template"]!["spec"]!["securityContext"]!.ToJsonString());
        Assert.Equal("""{"runAsNonRoot":true}""", two["spec"]!["template"]!["spec"]!["securityContext"]!.ToJsonString());
    }

    private static string Discovery(params object[] triples) => new JsonObject
    {
        ["resources"] = new JsonArray([.. triples.Chunk(3).Select(t => new JsonObject { ["kind"] = (string)t[0], ["name"] = (string)t[1], ["namespaced"] = (bool)t[2] })]),
    }.ToJsonString();
}
