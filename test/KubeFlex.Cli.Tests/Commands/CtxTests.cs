using System.Text.Json.Nodes;
using KubeFlex.Cli.Tests.Harness;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Tests.Commands;

public sealed class CtxTests : IAsyncLifetime
{
    private FakeApi api = null!;
    private Harness.Cli cli = null!;

    public async ValueTask InitializeAsync()
    {
        api = await FakeApi.StartAsync();
        cli = Harness.Cli.For(api);
    }

    public async ValueTask DisposeAsync()
    {
        cli.Dispose();
        await api.DisposeAsync();
    }

    [Fact]
    public async Task Goes_to_the_hosting_context_and_back()
    {
        await cli.RunAsync("create", "a");
        Assert.Equal(0, (await cli.RunAsync("ctx")).ExitCode);
        Assert.Equal("hosting\n", (await cli.RunAsync("ctx", "get")).Out);
        Assert.Equal(0, (await cli.RunAsync("ctx", "a")).ExitCode);
        Assert.Equal("a\n", (await cli.RunAsync("ctx", "get")).Out);
        Assert.Equal("CONTEXT     MANAGED BY KFLEX   CONTROLPLANE\n  hosting\n  mine\n* a         yes                a\n", (await cli.RunAsync("ctx", "list")).Out);
    }

    [Fact]
    public async Task Finds_the_hosting_context_without_the_extension_and_says_so()
    {
        cli.WriteKubeconfig(File.ReadAllText(cli.KubeconfigFile).Replace("current-context: hosting", "current-context: none", StringComparison.Ordinal)
            .Replace("https://foreign.example", "http://127.0.0.1:1", StringComparison.Ordinal));
        var result = await cli.RunAsync("ctx");
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains("Using context \"hosting\"", result.Error, StringComparison.Ordinal);
        Assert.Equal("hosting", KubeflexExtension.HostingContext(cli.Kubeconfig));
    }

    [Fact]
    public async Task Fetches_a_control_plane_that_somebody_else_made_and_marks_it()
    {
        await cli.RunAsync("create", "a");
        await cli.RunAsync("ctx", "delete", "a");
        Assert.Null(cli.Kubeconfig.FindContext("a"));
        Assert.Equal("hosting", cli.Kubeconfig.CurrentContext);
        Assert.Equal(0, (await cli.RunAsync("ctx", "a")).ExitCode);
        Assert.Equal("a", KubeflexExtension.ControlPlaneOf(cli.Kubeconfig, "a"));
        var missing = await cli.RunAsync("ctx", "b");
        Assert.Equal(ExitCodes.NotFound, missing.ExitCode);
        Assert.Contains("kflex create b", missing.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Overwrite_fetches_anew()
    {
        await cli.RunAsync("create", "a");
        cli.WriteKubeconfig(File.ReadAllText(cli.KubeconfigFile).Replace("token: secret", "token: stale", StringComparison.Ordinal));
        await cli.RunAsync("ctx", "a");
        Assert.Equal("stale", (string?)cli.Kubeconfig.Find(KubeconfigSection.Users, "a-admin")!["token"]);
        await cli.RunAsync("ctx", "a", "-o");
        Assert.Equal("secret", (string?)cli.Kubeconfig.Find(KubeconfigSection.Users, "a-admin")!["token"]);
    }

    [Fact]
    public async Task Rename_takes_cluster_user_and_marks_along()
    {
        await cli.RunAsync("create", "a");
        Assert.Equal(0, (await cli.RunAsync("ctx", "rename", "a", "b")).ExitCode);
        var config = cli.Kubeconfig;
        Assert.Equal(("b-cluster", "b-admin", "default"), config.FindContext("b"));
        Assert.Equal("a", KubeflexExtension.ControlPlaneOf(config, "b"));
        Assert.Equal("b", config.CurrentContext);
        Assert.Equal(ExitCodes.AlreadyExists, (await cli.RunAsync("ctx", "rename", "b", "mine")).ExitCode);

        // Deleting the control plane still finds its context.
        Assert.Equal(0, (await cli.RunAsync("delete", "a")).ExitCode);
        Assert.Null(cli.Kubeconfig.FindContext("b"));
    }

    [Fact]
    public async Task Renaming_the_hosting_context_keeps_it_the_hosting_one()
    {
        await cli.RunAsync("ctx", "-c");
        Assert.Equal(0, (await cli.RunAsync("ctx", "rename", "hosting", "home")).ExitCode);
        Assert.Equal("home", KubeflexExtension.HostingContext(cli.Kubeconfig));
        Assert.Equal("home", cli.Kubeconfig.CurrentContext);
    }

    [Fact]
    public async Task A_control_plane_is_not_stored_as_the_hosting_cluster()
    {
        await cli.RunAsync("create", "a");
        foreach (var line in new[] { "config set-hosting a", "ctx -c" })
        {
            var result = await cli.RunAsync(line.Split(' '));
            Assert.Equal(ExitCodes.Usage, result.ExitCode);
            Assert.Contains("\"a\" leads to a control plane, which does not host others", result.Error, StringComparison.Ordinal);
        }
        Assert.Equal("hosting", KubeflexExtension.HostingContext(cli.Kubeconfig));
        Assert.Equal(0, (await cli.RunAsync("list")).ExitCode);
    }

    [Fact]
    public async Task A_foreign_context_is_removed_only_by_force()
    {
        Assert.Equal(ExitCodes.Usage, (await cli.RunAsync("ctx", "delete", "mine")).ExitCode);
        Assert.NotNull(cli.Kubeconfig.FindContext("mine"));
        Assert.Equal(0, (await cli.RunAsync("ctx", "delete", "mine", "--force")).ExitCode);
        Assert.Null(cli.Kubeconfig.FindContext("mine"));
        Assert.NotNull(cli.Kubeconfig.Find(KubeconfigSection.Clusters, "foreign"));
    }

    [Fact]
    public async Task Diagnose_tells_ok_warning_and_critical()
    {
        Assert.Equal("warning", await DiagnoseAsync(0));
        await cli.RunAsync("config", "set-hosting", "hosting");
        Assert.Equal("ok", await DiagnoseAsync(0));
        cli.WriteKubeconfig("extensions: [{name: kubeflex, extension: {data: {hosting-cluster-ctx-name: gone}}}]");
        Assert.Equal("critical", await DiagnoseAsync(1));
        cli.WriteKubeconfig("{");
        Assert.Equal("critical", await DiagnoseAsync(1));
    }

    private async Task<string?> DiagnoseAsync(int exitCode)
    {
        var result = await cli.RunAsync("config", "diagnose", "-o", "json");
        Assert.Equal(exitCode, result.ExitCode);
        return (string?)JsonNode.Parse(result.Out)!["status"];
    }
}
