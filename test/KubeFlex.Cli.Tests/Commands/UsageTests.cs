using KubeFlex.Cli.Tests.Harness;

namespace KubeFlex.Cli.Tests.Commands;

public sealed class UsageTests
{
    [Theory]
    [InlineData("frobnicate", "frobnicate")]
    [InlineData("create", "'name'")]
    [InlineData("create Foo", "lower-case")]
    [InlineData("create -- -a", "lower-case")]
    [InlineData("create kube", "reserved")]
    [InlineData("create default", "reserved")]
    [InlineData("create host", "reserved")]
    [InlineData("create x12345678901234567890123456789012345678901234567890123456", "at most 56")]
    [InlineData("create a -t virtual", "k8s, vcluster, k3s, host, external, ocm")]
    [InlineData("create a -t external", "bootstrapSecretRef")]
    [InlineData("create a -b etcd", "shared, dedicated")]
    [InlineData("create a -p h -e novalue", "key=value")]
    [InlineData("create a -e k=v", "--postcreate-hook")]
    [InlineData("create a --timeout soon", "5m")]
    [InlineData("list -o xml", "yaml")]
    [InlineData("init", "--embedded")]
    [InlineData("init --dry-run --domain Example.org", "--domain \"Example.org\" is not a DNS name")]
    [InlineData("init -d a..b", "DNS name")]
    [InlineData("init -n my_node", "--host-container-name \"my_node\"")]
    [InlineData("init -p 65536", "65536 is not a port")]
    [InlineData("init --embedded --create-kind", "exclude each other")]
    [InlineData("init --create-kind", "kind is not on PATH", ExitCodes.NotFound)]
    [InlineData("init my-cluster", "--create-kind")]
    [InlineData("init --no-ingress", "goes with --create-kind")]
    [InlineData("init --ingress-manifest f.yaml", "goes with --create-kind")]
    [InlineData("init -c --no-ingress --ingress-manifest f.yaml", "exclude each other")]
    [InlineData("create a --wait=later", "--wait=hooks")]
    [InlineData("create a --runtime Docker", "InProcess, Pods, Process")]
    [InlineData("create a --global-var novalue", "--global-var key=value")]
    [InlineData("create --file /nowhere/cp.yaml", "/nowhere/cp.yaml")]
    [InlineData("delete", "kflex delete --all")]
    [InlineData("delete a --all", "exclude each other")]
    [InlineData("delete --all", "--yes")]
    [InlineData("adopt kube", "reserved")]
    [InlineData("adopt a -x 5", "600")]
    [InlineData("adopt a -u ftp://x", "not a URL")]
    [InlineData("adopt a -a /nowhere/config", "/nowhere/config")]
    [InlineData("kubeconfig a --group g", "--user")]
    [InlineData("kubeconfig a --user u --expiry 1s", "--expiry 10m")]
    [InlineData("logs a --tail -1", "less than none")]
    [InlineData("completion tcsh", "fish")]
    [InlineData("quickstart --name Bad", "lower-case")]
    [InlineData("storage serve", "--datastore")]
    [InlineData("storage", "command")]
    public async Task Nonsense_is_refused_with_the_rule_and_touches_nothing(string line, string expected, int code = ExitCodes.Usage)
    {
        using var cli = new Harness.Cli();
        var result = await cli.RunAsync(line.Split(' '));
        Assert.Equal(code, result.ExitCode);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
        Assert.Empty(result.Out);
        Assert.Empty(Directory.GetFileSystemEntries(cli.Home));
    }

    [Fact]
    public async Task Help_is_data()
    {
        using var cli = new Harness.Cli();
        var result = await cli.RunAsync("create", "--help");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("--postcreate-hook", result.Out, StringComparison.Ordinal);
        Assert.Empty(result.Error);
    }

    [Theory]
    [InlineData("list")]
    [InlineData("ctx")]
    [InlineData("ctx list")]
    [InlineData("create a")]
    [InlineData("quickstart")]
    public async Task A_corrupt_kubeconfig_stops_everything_and_stays(string line)
    {
        using var cli = new Harness.Cli();
        cli.WriteKubeconfig("contexts: [{name: a");
        var result = await cli.RunAsync(line.Split(' '));
        Assert.Equal(ExitCodes.BadKubeconfig, result.ExitCode);
        Assert.Contains(cli.KubeconfigFile, result.Error, StringComparison.Ordinal);
        Assert.Equal("contexts: [{name: a", File.ReadAllText(cli.KubeconfigFile));
        Assert.Equal([".kube"], Directory.GetFileSystemEntries(cli.Home).Select(Path.GetFileName));
    }

    [Fact]
    public async Task An_unreachable_server_is_named_with_its_context()
    {
        using var cli = new Harness.Cli();
        // Port 1 of this machine: refused at once, by nobody.
        cli.WriteKubeconfig("""
            current-context: dead
            contexts: [{name: dead, context: {cluster: dead, user: ""}}]
            clusters: [{name: dead, cluster: {server: "http://127.0.0.1:1"}}]
            extensions: [{name: kubeflex, extension: {data: {hosting-cluster-ctx-name: dead}}}]
            """);
        var result = await cli.RunAsync("list");
        Assert.Equal(ExitCodes.Unreachable, result.ExitCode);
        Assert.Contains("http://127.0.0.1:1/ of context \"dead\"", result.Error, StringComparison.Ordinal);
        Assert.Contains("kflex init --embedded", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_prints_two_lines()
    {
        await using var api = await FakeApi.StartAsync();
        using var cli = Harness.Cli.For(api);
        var result = await cli.RunAsync("version");
        Assert.Matches("^Kubeflex version: v\\S+\nKubernetes version: v1.35.0\n$", result.Out);
    }
}
