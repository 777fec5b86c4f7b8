using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Cli;

public sealed class QuickstartTests : IAsyncDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("kubeflex-quick-").FullName;

    private Dictionary<string, string?> Environment => new()
    {
        ["HOME"] = home,
        ["KUBEFLEX_HOME"] = Path.Combine(home, "data"),
        ["KUBEFLEX_SERVER"] = Repository.Server,
        ["KUBECONFIG"] = null,
    };

    private Task<CommandResult> KflexAsync(params string[] args) => Command.RunAsync(Repository.Cli, args, Environment);

    private Task<CommandResult> KubectlAsync(params string[] args) => Command.RunAsync(Tools.Kubectl, args, Environment);

    [Fact]
    public async Task Quickstart_stop_and_quickstart_again_lose_nothing()
    {
        var first = await KflexAsync("quickstart", "--listen", "127.0.0.1:0");
        first.Ok();
        Assert.Contains("kubectl", first.Output + first.Error, StringComparison.Ordinal);
        Assert.Equal("cp1", (await KubectlAsync("config", "current-context")).Ok());
        (await KubectlAsync("create", "configmap", "kept")).Ok();
        Assert.Contains("cp1", (await KflexAsync("list")).Ok(), StringComparison.Ordinal);

        var again = await KflexAsync("quickstart");
        again.Ok();
        Assert.Contains("running", again.Output + again.Error, StringComparison.OrdinalIgnoreCase);

        (await KflexAsync("stop")).Ok();
        (await KubectlAsync("get", "configmaps", "--request-timeout=3s")).Fails();
        (await KflexAsync("stop")).Ok();

        (await KflexAsync("quickstart", "--listen", "127.0.0.1:0")).Ok();
        Assert.Equal("configmap/kept", (await KubectlAsync("get", "configmap", "kept", "-o", "name")).Ok());
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KflexAsync("stop");
        Directory.Delete(home, recursive: true);
    }
}
