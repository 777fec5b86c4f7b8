using System.Text.Json.Nodes;
using KubeFlex.Cli.Tests.Harness;

namespace KubeFlex.Cli.Tests.Commands;

public sealed class LogsTests : IAsyncLifetime
{
    private FakeApi api = null!;
    private Harness.Cli cli = null!;
    private string data = null!;

    public async ValueTask InitializeAsync()
    {
        api = await FakeApi.StartAsync();
        cli = Harness.Cli.For(api);
        data = Path.Combine(cli.Home, "data");
        cli.Set("KUBEFLEX_HOME", data);
        await cli.RunAsync("create", "a");
    }

    public async ValueTask DisposeAsync()
    {
        cli.Dispose();
        await api.DisposeAsync();
    }

    [Fact]
    public async Task Logs_of_an_in_process_control_plane_are_the_servers_lines_about_it()
    {
        var elsewhere = await cli.RunAsync("logs", "a");
        Assert.Equal(ExitCodes.NotFound, elsewhere.ExitCode);
        Assert.Contains("--data-dir", elsewhere.Error, StringComparison.Ordinal);

        Directory.CreateDirectory(data);
        await File.WriteAllTextAsync(Path.Combine(data, "server.json"), new JsonObject { ["url"] = api.Url, ["pid"] = 999999 }.ToJsonString());
        await File.WriteAllTextAsync(Path.Combine(data, "server.log"), "one a two\nab\nteam-a\nnamespace a-system\nx /controlplanes/a/api\n");
        var result = await cli.RunAsync("logs", "a");
        Assert.Equal("one a two\nnamespace a-system\nx /controlplanes/a/api\n", result.Out);
        Assert.Equal("x /controlplanes/a/api\n", (await cli.RunAsync("logs", "a", "--tail", "1")).Out);
    }

    [Fact]
    public async Task Logs_of_child_processes_come_from_the_server()
    {
        api.Put("/apis/tenancy.kflex.kubestellar.org/v1alpha1/controlplanes/a", new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "a" },
            ["spec"] = new JsonObject { ["type"] = "k8s", ["runtime"] = "Process" },
        });
        var missing = await cli.RunAsync("logs", "a");
        Assert.Equal(ExitCodes.NotFound, missing.ExitCode);
        Assert.Contains("the server has no logs of control plane a", missing.Error, StringComparison.Ordinal);
        api.Texts["/kubeflex/controlplanes/a/logs"] = "[kube-apiserver] one\n[kube-controller-manager] two\n";
        Assert.Equal("[kube-apiserver] one\n[kube-controller-manager] two\n", (await cli.RunAsync("logs", "a", "--tail", "7", "--component", "kube-apiserver", "-f")).Out);
    }

    [Fact]
    public async Task Logs_of_pods_bear_their_names()
    {
        foreach (var pod in new[] { "kube-apiserver-1", "my-job", "coredns-x-kube-system-x-vcluster" })
        {
            api.Put($"/api/v1/namespaces/a-system/pods/{pod}", new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = pod },
                ["spec"] = new JsonObject { ["containers"] = new JsonArray(new JsonObject { ["name"] = "kine" }, new JsonObject { ["name"] = "main" }) },
            });
        }
        api.Texts["/api/v1/namespaces/a-system/pods/kube-apiserver-1/log"] = "hello\n";
        Assert.Equal("[kube-apiserver-1/kine] hello\n[kube-apiserver-1/main] hello\n", (await cli.RunAsync("logs", "a")).Out);
        api.Texts["/api/v1/namespaces/a-system/pods/my-job/log"] = "job\n";
        Assert.Equal("[my-job/kine] job\n[my-job/main] job\n", (await cli.RunAsync("logs", "a", "--component", "my-job")).Out);
    }

    [Fact]
    public async Task Follow_goes_on_with_whole_lines_about_it_until_it_is_interrupted()
    {
        Directory.CreateDirectory(data);
        var log = Path.Combine(data, "server.log");
        await File.WriteAllTextAsync(Path.Combine(data, "server.json"), new JsonObject { ["url"] = api.Url, ["pid"] = 999999 }.ToJsonString());
        await File.WriteAllTextAsync(log, "first a\nbegun a");
        using var stop = new CancellationTokenSource();
        using var said = new LineWriter();
        var run = cli.RunAsync(["logs", "a", "-f"], null, stop.Token, said);
        Assert.Equal("first a", await said.NextAsync());
        await File.AppendAllTextAsync(log, " and ended\nab\nlast a\n");
        Assert.Equal("begun a and ended", await said.NextAsync());
        Assert.Equal("last a", await said.NextAsync());
        // Emptied by somebody who needs the space: what comes then is new.
        await File.WriteAllTextAsync(log, "x a\n");
        Assert.Equal("x a", await said.NextAsync());
        await stop.CancelAsync();
        var result = await run;
        Assert.Equal(ExitCodes.Interrupted, result.ExitCode);
        Assert.DoesNotContain("error", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pods_are_followed_all_at_once_and_until_they_end()
    {
        foreach (var pod in new[] { "kube-apiserver-1", "etcd-0" })
        {
            api.Put($"/api/v1/namespaces/a-system/pods/{pod}", new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = pod },
                ["spec"] = new JsonObject { ["containers"] = new JsonArray(new JsonObject { ["name"] = "main" }) },
            });
        }
        api.Texts["/api/v1/namespaces/a-system/pods/kube-apiserver-1/log"] = "one\ntwo";
        var result = await cli.RunAsync("logs", "a", "--follow");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal("[kube-apiserver-1/main] one\n[kube-apiserver-1/main] two\n", result.Out);
        Assert.Contains("etcd-0/main:", result.Error, StringComparison.Ordinal);
        Assert.Contains(api.Requests, r => r.Contains("follow=true", StringComparison.Ordinal));
    }

    private sealed class LineWriter : StringWriter
    {
        private readonly System.Threading.Channels.Channel<string> lines = System.Threading.Channels.Channel.CreateUnbounded<string>();

        public override Task WriteLineAsync(string? value)
        {
            lines.Writer.TryWrite(value ?? "");
            return base.WriteLineAsync(value);
        }

        public async Task<string> NextAsync()
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
            return await lines.Reader.ReadAsync(limit.Token);
        }
    }
}
