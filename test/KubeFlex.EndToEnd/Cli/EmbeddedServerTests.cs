using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Cli;

public sealed class EmbeddedServerTests : IAsyncDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("kubeflex-embedded-").FullName;

    private Dictionary<string, string?> Environment => new() { ["HOME"] = home, ["KUBEFLEX_HOME"] = null, ["KUBEFLEX_SERVER"] = Repository.Server, ["KUBECONFIG"] = null };

    private Task<CommandResult> KflexAsync(params string[] args) => Command.RunAsync(Repository.Cli, args, Environment);

    [Fact]
    public async Task Quickstart_takes_another_port_when_the_default_one_is_busy_and_says_so()
    {
        // Somebody else may have it already: as good.
        var taken = new TcpListener(IPAddress.Loopback, 9443);
        try
        {
            taken.Start();
        }
        catch (SocketException)
        {
        }
        using (taken)
        {
            var result = await KflexAsync("quickstart");
            result.Ok();
            Assert.Contains("127.0.0.1:9443 is taken", result.Error, StringComparison.Ordinal);
            var server = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(home, ".kubeflex", "server.json")))!;
            var url = (string)server["url"]!;
            Assert.DoesNotContain(":9443", url, StringComparison.Ordinal);
            Assert.Contains(url, result.Error, StringComparison.Ordinal);
            Assert.True(File.Exists((string?)server["caFile"]));
            Assert.Equal("Hello from a control plane of your own", (await Command.RunAsync(Tools.Kubectl, ["get", "cm", "-n", "quickstart", "hello", "-o", "jsonpath={.data.message}"], Environment)).Ok());

            // Data on stdout, talk on stderr.
            Assert.StartsWith("KIND", result.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("KubeFlex server", result.Output, StringComparison.Ordinal);
            Assert.Contains("cp1", (await KflexAsync("list", "-o", "name")).Output, StringComparison.Ordinal);
            Assert.Contains("1.35", (await KflexAsync("version")).Ok(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Init_create_and_stop_keep_what_others_wrote_into_the_kubeconfig()
    {
        var config = Path.Combine(home, ".kube", "config");
        Directory.CreateDirectory(Path.GetDirectoryName(config)!);
        await File.WriteAllTextAsync(config, """
            apiVersion: v1
            kind: Config
            clusters: [{name: theirs, cluster: {server: "https://127.0.0.1:1"}}]
            users: [{name: theirs, user: {token: t}}]
            contexts: [{name: theirs, context: {cluster: theirs, user: theirs}}]
            current-context: theirs
            extensions: [{name: other-tool, extension: {keep: me}}]
            """);
        (await KflexAsync("init", "--embedded", "--listen", "127.0.0.1:0")).Ok();
        (await KflexAsync("create", "mine")).Ok();
        Assert.Equal("mine", (await KflexAsync("ctx", "get")).Ok());
        Assert.Matches(@"mine +yes +mine", (await KflexAsync("ctx", "list")).Ok());
        var written = await File.ReadAllTextAsync(config);
        foreach (var kept in (string[])["theirs", "other-tool", "keep: me"]) Assert.Contains(kept, written, StringComparison.Ordinal);
        (await KflexAsync("delete", "mine")).Ok();
        (await KflexAsync("stop")).Ok();
        Assert.NotEqual(0, (await KflexAsync("list")).ExitCode);
    }

    [Fact]
    public async Task Serve_becomes_the_server()
    {
        using var serve = Command.Start(Repository.Cli, ["serve", "--data-dir", Path.Combine(home, ".kubeflex"), "--listen", "127.0.0.1:0"], Environment);
        await serve.LineAsync(l => l.StartsWith("KubeFlex serves https://127.0.0.1:", StringComparison.Ordinal));
        Assert.Equal(serve.Process.Id, (int)JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(home, ".kubeflex", "server.json")))!["pid"]!);
        (await KflexAsync("stop")).Ok();
        Assert.Equal(0, (await serve.EndAsync(Command.Patience)).ExitCode);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KflexAsync("stop");
        Directory.Delete(home, recursive: true);
    }
}
