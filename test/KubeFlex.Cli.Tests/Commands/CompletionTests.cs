using System.Text.Json.Nodes;
using KubeFlex.Cli.Tests.Harness;

namespace KubeFlex.Cli.Tests.Commands;

public sealed class CompletionTests : IAsyncLifetime
{
    private FakeApi api = null!;
    private Harness.Cli cli = null!;

    public async ValueTask InitializeAsync()
    {
        api = await FakeApi.StartAsync();
        cli = Harness.Cli.For(api);
        await cli.RunAsync("create", "team-a");
        await cli.RunAsync("create", "team-b", "--wait=none");
        api.Put($"{FakeApi.Hooks}/hello", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "hello" } });
    }

    public async ValueTask DisposeAsync()
    {
        cli.Dispose();
        await api.DisposeAsync();
    }

    [Theory]
    [InlineData("del", "delete")]
    [InlineData("delete |", "team-a team-b")]
    [InlineData("delete team-a |", "team-b")]
    [InlineData("delete --timeout 5s team-|", "team-a team-b")]
    [InlineData("ctx ho", "hosting")]
    [InlineData("ctx delete m", "mine")]
    [InlineData("create x -p |", "hello")]
    [InlineData("create x --type v", "vcluster")]
    [InlineData("create x --type=v", "--type=vcluster")]
    [InlineData("list -o |", "json name wide yaml")]
    [InlineData("list --out", "--output")]
    [InlineData("list --kubec", "--kubeconfig")]
    [InlineData("describe team-a |", "")]
    [InlineData("frobnicate |", "")]
    [InlineData("certs r", "rotate")]
    public async Task Completes(string line, string expected)
    {
        var words = line.Replace("|", "", StringComparison.Ordinal).Split(' ');
        var result = await cli.RunAsync(["__complete", "--", .. words]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries), result.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('\t')[0]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Fails_silently()
    {
        cli.WriteKubeconfig(File.ReadAllText(cli.KubeconfigFile).Replace(api.Url, "http://127.0.0.1:1", StringComparison.Ordinal));
        var dead = await cli.RunAsync("__complete", "--", "describe", "");
        Assert.Equal((0, "", ""), (dead.ExitCode, dead.Out, dead.Error));
        cli.WriteKubeconfig("{");
        var corrupt = await cli.RunAsync("__complete", "--", "ctx", "");
        Assert.Equal((0, ""), (corrupt.ExitCode, corrupt.Error));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public async Task Scripts_ask_the_hidden_verb(string shell)
    {
        var result = await cli.RunAsync("completion", shell);
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("__complete --", result.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("__complete", (await cli.RunAsync("--help")).Out, StringComparison.Ordinal);
    }
}
