using System.Text.Json.Nodes;
using KubeFlex.Cli.Installation;
using KubeFlex.Cli.Tests.Harness;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Tests.Commands;

/// <summary><c>init --create-kind</c> with a stand-in for kind, whose cluster is the fake API.</summary>
public sealed class KindTests : IAsyncLifetime
{
    private const string Config = "/api/v1/namespaces/kubeflex-system/configmaps/kubeflex-config";
    private const string Controller = "/apis/apps/v1/namespaces/way-in/deployments/way-in-controller";
    private FakeApi api = null!;
    private Harness.Cli cli = null!;

    private string Manifest => Path.Combine(cli.Home, "ingress.yaml");

    private string Log => File.Exists(Path.Combine(cli.Home, "kind.log")) ? File.ReadAllText(Path.Combine(cli.Home, "kind.log")) : "";

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the stand-in for kind is a shell script");
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
        await File.WriteAllTextAsync(Manifest, """
            apiVersion: v1
            kind: Namespace
            metadata: {name: way-in}
            ---
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: way-in, namespace: way-in}
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: way-in-controller, namespace: way-in}
            spec:
              template:
                spec:
                  containers:
                  - {name: other, args: [/other]}
                  - {name: controller, args: [/nginx-ingress-controller, --watch-ingress-without-class=true]}
            """);
        var bin = Directory.CreateDirectory(Path.Combine(cli.Home, "bin")).FullName;
        var kind = Path.Combine(bin, "kind");
        // What kind does to the kubeconfig, as far as we see it.
        await File.WriteAllTextAsync(kind, $$"""
            #!/bin/sh
            echo "$@" >> {{cli.Home}}/kind.log
            [ "$1" = get ] && exit 0
            cat > {{cli.Home}}/kind.yaml
            sed -i 's/hosting/kind-kubeflex/g' {{cli.KubeconfigFile}}
            """);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(kind, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        cli.Set("PATH", bin + ":" + Environment.GetEnvironmentVariable("PATH"));
    }

    public async ValueTask DisposeAsync()
    {
        cli?.Dispose();
        if (api is not null) await api.DisposeAsync();
    }

    [Fact]
    public async Task Makes_the_cluster_puts_the_ingress_controller_in_and_then_KubeFlex()
    {
        var result = await cli.RunAsync("init", "-c", "-p", "7443", "--ingress-manifest", Manifest);
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains($"create cluster --name kubeflex --kubeconfig {cli.KubeconfigFile} --config -", Log, StringComparison.Ordinal);
        var made = await File.ReadAllTextAsync(Path.Combine(cli.Home, "kind.yaml"));
        foreach (var part in (string[])["ipFamily: dual", "containerPort: 80, hostPort: 9080", "containerPort: 443, hostPort: 7443", "ingress-ready=true"]) Assert.Contains(part, made, StringComparison.Ordinal);
        Assert.NotNull(api.Get("/api/v1/namespaces/way-in/serviceaccounts/way-in"));
        var containers = api.Get(Controller)!["spec"]!["template"]!["spec"]!["containers"]!;
        Assert.Equal("""["/other"]""", containers[0]!["args"]!.ToJsonString());
        Assert.Equal("""["/nginx-ingress-controller","--watch-ingress-without-class=true","--enable-ssl-passthrough"]""", containers[1]!["args"]!.ToJsonString());
        var patches = api.Requests.Where(r => r.StartsWith("PATCH", StringComparison.Ordinal)).ToList();
        Assert.True(patches.FindIndex(r => r.Contains("way-in-controller", StringComparison.Ordinal)) < patches.FindIndex(r => r.Contains("kubeflex-controller-manager", StringComparison.Ordinal)));
        Assert.Equal("kind-kubeflex", KubeflexExtension.HostingContext(cli.Kubeconfig));
        Assert.NotNull(api.Get(Config));
        Assert.DoesNotContain("kflex does not install one", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_an_ingress_controller_it_says_what_is_missing()
    {
        var result = await cli.RunAsync("init", "-c", "--no-ingress");
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Null(api.Get(Controller));
        Assert.NotNull(api.Get(Config));
        Assert.Contains("--enable-ssl-passthrough", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    // Port 1 of this machine: refused at once, by nobody.
    [InlineData("https://me:secret@127.0.0.1:1/deploy.yaml?token=secret", "cannot be fetched from https://127.0.0.1:1/deploy.yaml", ExitCodes.Unreachable)]
    [InlineData("http://127.0.0.1:1/deploy.yaml", "neither an https URL nor a file", ExitCodes.Usage)]
    [InlineData("/nowhere/deploy.yaml", "cannot read --ingress-manifest /nowhere/deploy.yaml", ExitCodes.Usage)]
    public async Task A_manifest_that_cannot_be_had_stops_it_before_anything_is_made(string source, string expected, int code)
    {
        var result = await cli.RunAsync("init", "-c", "dev", "--ingress-manifest", source);
        Assert.Equal(code, result.ExitCode);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", result.Error, StringComparison.Ordinal);
        if (code != ExitCodes.Usage || !source.StartsWith("http:", StringComparison.Ordinal))
            foreach (var way in (string[])["no kind cluster dev made", "kflex init --create-kind dev --ingress-manifest FILE", "kflex init --create-kind dev --no-ingress"])
                Assert.Contains(way, result.Error, StringComparison.Ordinal);
        Assert.Empty(Log);
        Assert.Empty(api.Requests);
    }

    [Theory]
    [InlineData("a: [", "not YAML")]
    [InlineData("just: data", "document 1 has no kind")]
    [InlineData("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}", "no Deployment with a container whose args begin with /nginx-ingress-controller")]
    public async Task A_file_that_is_something_else_is_refused(string content, string expected)
    {
        await File.WriteAllTextAsync(Manifest, content);
        var result = await cli.RunAsync("init", "-c", "--ingress-manifest", Manifest);
        Assert.Equal(ExitCodes.Usage, result.ExitCode);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
        Assert.Empty(Log);
    }

    [Fact]
    public async Task A_controller_that_does_not_come_up_is_named_with_its_trouble_and_the_way_on()
    {
        api.Patched = (_, _, _) => { };
        api.Put("/api/v1/namespaces/way-in/pods/way-in-1", JsonNode.Parse("""
            {"metadata":{"name":"way-in-1"},"status":{"containerStatuses":[{"name":"controller","state":{"waiting":{"reason":"ImagePullBackOff"}}}]}}
            """)!.AsObject());
        var result = await cli.RunAsync("init", "-c", "--ingress-manifest", Manifest, "--timeout", "1s");
        Assert.Equal(ExitCodes.Timeout, result.ExitCode);
        foreach (var part in (string[])["way-in/way-in-controller is not available", "way-in-1/controller: ImagePullBackOff", "KubeFlex itself is not installed yet", $"kflex init --create-kind --ingress-manifest {Manifest}"])
            Assert.Contains(part, result.Error, StringComparison.Ordinal);
        Assert.Null(api.Get(Config));
    }

    [Fact]
    public void The_flag_is_not_added_twice()
    {
        var manifest = IngressManifest.Parse("""
            {apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: {spec: {containers: [{args: [/nginx-ingress-controller, --enable-ssl-passthrough=true]}]}}}}
            """, "file", "way out");
        Assert.DoesNotContain("\"--enable-ssl-passthrough\"", manifest.Controller.ToJsonString(), StringComparison.Ordinal);
    }

    private static string Discovery(params object[] triples) => new JsonObject
    {
        ["resources"] = new JsonArray([.. triples.Chunk(3).Select(t => new JsonObject { ["kind"] = (string)t[0], ["name"] = (string)t[1], ["namespaced"] = (bool)t[2] })]),
    }.ToJsonString();
}
