using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Cli.Tests.Harness;
using KubeFlex.Machinery.Json;

namespace KubeFlex.Cli.Tests.Commands;

public sealed class AdoptTests : IAsyncLifetime
{
    private const string Secret = "/api/v1/namespaces/kubeflex-system/secrets/ext-bootstrap";
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
    public async Task Writes_a_secret_with_files_embedded_and_an_object_that_names_it()
    {
        var other = Path.Combine(cli.Home, "elsewhere", "config");
        Directory.CreateDirectory(Path.GetDirectoryName(other)!);
        await File.WriteAllTextAsync(Path.Combine(cli.Home, "elsewhere", "t"), "from-file\n");
        await File.WriteAllTextAsync(other, """
            current-context: wrong
            clusters: [{name: c, cluster: {server: "https://api.example:6443", extensions: [{name: x, extension: {}}]}}]
            contexts: [{name: right, context: {cluster: c, user: u, namespace: n}}, {name: wrong, context: {cluster: none, user: none}}]
            users: [{name: u, user: {tokenFile: t}}]
            """);
        var result = await cli.RunAsync("adopt", "ext", "-a", other, "-c", "right", "-x", "7200");
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal("""{"type":"external","bootstrapSecretRef":{"namespace":"kubeflex-system","name":"ext-bootstrap","inClusterKey":"kubeconfig-incluster"},"tokenExpirationSeconds":7200}""",
            api.Get($"{FakeApi.ControlPlanes}/ext")!["spec"]!.ToJsonString());
        var text = Convert.FromBase64String((string)api.Get(Secret)!["data"]!["kubeconfig-incluster"]!);
        var config = ObjectReader.ReadYaml(text).Value.Object;
        Assert.Equal("from-file", (string?)config["users"]![0]!["user"]!["token"]);
        Assert.Null(config["users"]![0]!["user"]!["tokenFile"]);
        Assert.Null(config["clusters"]![0]!["cluster"]!["extensions"]);
        Assert.Equal("right", (string?)config["current-context"]);
        Assert.Equal("hosting", cli.Kubeconfig.CurrentContext);
    }

    [Fact]
    public async Task A_local_server_is_refused_by_a_cluster_elsewhere_whatever_its_port()
    {
        api.IsOurs = false;
        cli.WriteKubeconfig(File.ReadAllText(cli.KubeconfigFile).Replace("https://foreign.example", "https://127.0.0.1:6443", StringComparison.Ordinal));
        var refused = await cli.RunAsync("adopt", "ext", "-c", "mine");
        Assert.Equal(ExitCodes.Usage, refused.ExitCode);
        Assert.Contains("--url-override", refused.Error, StringComparison.Ordinal);
        Assert.Null(api.Get(Secret));

        var result = await cli.RunAsync("adopt", "ext", "-c", "mine", "-u", "https://ext-control-plane:6443");
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains("https://ext-control-plane:6443", Encoding.UTF8.GetString(Convert.FromBase64String((string)api.Get(Secret)!["data"]!["kubeconfig-incluster"]!)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_of_ours_on_this_machine_sees_local_ones()
    {
        cli.WriteKubeconfig(File.ReadAllText(cli.KubeconfigFile).Replace("https://foreign.example", "https://localhost:6443", StringComparison.Ordinal));
        Assert.Equal(0, (await cli.RunAsync("adopt", "ext", "-c", "mine")).ExitCode);
    }

    [Fact]
    public async Task The_hosting_cluster_is_not_adopted()
    {
        var result = await cli.RunAsync("adopt", "ext");
        Assert.Equal(ExitCodes.Usage, result.ExitCode);
        Assert.Contains("--type host", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exec_users_are_refused_in_words()
    {
        cli.WriteKubeconfig(File.ReadAllText(cli.KubeconfigFile) + "\n- {name: plugin, user: {exec: {command: aws}}}\n");
        cli.WriteKubeconfig(File.ReadAllText(cli.KubeconfigFile).Replace("{cluster: foreign, user: me}", "{cluster: foreign, user: plugin}", StringComparison.Ordinal));
        var result = await cli.RunAsync("adopt", "ext", "-c", "mine");
        Assert.Equal(ExitCodes.BadKubeconfig, result.ExitCode);
        Assert.Contains("(exec)", result.Error, StringComparison.Ordinal);
        Assert.Contains("kubectl create token", result.Error, StringComparison.Ordinal);
        Assert.Null(api.Get(Secret));
    }

    [Fact]
    public async Task No_credentials_are_left_when_the_object_is_not_made()
    {
        api.Put($"{FakeApi.ControlPlanes}/ext", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "ext" } });
        Assert.Equal(ExitCodes.AlreadyExists, (await cli.RunAsync("adopt", "ext", "-c", "mine")).ExitCode);
        Assert.Null(api.Get(Secret));
    }

    [Theory]
    [InlineData("https://api.example:6443", null)]
    [InlineData("https://api.example/prefix", null)]
    [InlineData("https://localhost.example:1", null)]
    [InlineData("https://user@api.example", "user")]
    [InlineData("https://api.example?x=1", "query")]
    [InlineData("https://api.example#x", "fragment")]
    [InlineData("api.example:6443", "not a URL")]
    [InlineData("https://127.0.0.1:6443", "means this machine")]
    [InlineData("https://127.9.9.9", "means this machine")]
    [InlineData("https://LOCALHOST:6443", "means this machine")]
    [InlineData("https://localhost.:6443", "means this machine")]
    [InlineData("https://[::1]:6443", "means this machine")]
    [InlineData("https://0.0.0.0:6443", "means this machine")]
    public void Urls_follow_the_rules(string url, string? broken)
    {
        var failure = Record.Exception(() => AdoptedServer.Check(url, "the server", mayBeLocal: false));
        if (broken is null) Assert.Null(failure);
        else Assert.Contains(broken, Assert.IsType<CliException>(failure).Message, StringComparison.Ordinal);
    }
}
