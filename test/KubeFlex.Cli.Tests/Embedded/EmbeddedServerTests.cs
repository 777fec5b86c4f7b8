using System.Net;
using System.Net.Sockets;
using KubeFlex.Cli.Tests.Harness;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Tests.Embedded;

/// <summary>Starting and stopping, with a script that keeps the server's side of the contract (and one for each way to break it).</summary>
public sealed class EmbeddedServerTests : IAsyncLifetime
{
    private FakeApi api = null!;
    private Harness.Cli cli = null!;
    private string data = null!;

    public async ValueTask InitializeAsync()
    {
        api = await FakeApi.StartAsync();
        cli = new Harness.Cli();
        data = Path.Combine(cli.Home, "data dir");
        cli.Set("KUBEFLEX_HOME", data);
        cli.Set("PATH", Environment.GetEnvironmentVariable("PATH") ?? "");
    }

    public async ValueTask DisposeAsync()
    {
        await cli.RunAsync("stop");
        cli.Dispose();
        await api.DisposeAsync();
    }

    [Fact]
    public async Task Quickstart_does_everything_and_the_second_time_finds_everything()
    {
        if (OperatingSystem.IsWindows()) return;
        Serve();
        var first = await cli.RunAsync("quickstart", "--listen", "127.0.0.1:0");
        Assert.True(first.ExitCode == 0, first.Error);
        Assert.Contains("Hello from a control plane", first.Out, StringComparison.Ordinal);
        Assert.Contains("kflex stop", first.Error, StringComparison.Ordinal);
        Assert.NotNull(api.Get("/tenant/api/v1/namespaces/quickstart/configmaps/hello"));
        Assert.Equal("cp1", cli.Kubeconfig.CurrentContext);
        Assert.Equal("kubeflex-hosting", KubeflexExtension.HostingContext(cli.Kubeconfig));
        var arguments = File.ReadAllText(Path.Combine(data, "server.log"));
        Assert.Contains($"--data-dir|{data}|--listen|127.0.0.1:0|", arguments, StringComparison.Ordinal);

        var before = File.ReadAllText(cli.KubeconfigFile);
        var second = await cli.RunAsync("quickstart");
        Assert.True(second.ExitCode == 0, second.Error);
        Assert.Contains("was running already", second.Error, StringComparison.Ordinal);
        Assert.Contains("was there already", second.Error, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllText(cli.KubeconfigFile));

        var stop = await cli.RunAsync("stop");
        Assert.True(stop.ExitCode == 0, stop.Error);
        Assert.Contains("is stopped", stop.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(data, "server.json")));
        var again = await cli.RunAsync("stop");
        Assert.Equal(0, again.ExitCode);
        Assert.Contains("No KubeFlex server runs", again.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Init_makes_the_hosting_context_current()
    {
        if (OperatingSystem.IsWindows()) return;
        Serve();
        var result = await cli.RunAsync("init", "--embedded", "--listen", "127.0.0.1:0");
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal("kubeflex-hosting", cli.Kubeconfig.CurrentContext);
        Assert.Equal(0, (await cli.RunAsync("create", "a")).ExitCode);
    }

    [Fact]
    public async Task A_server_that_dies_shows_its_last_words()
    {
        if (OperatingSystem.IsWindows()) return;
        Script("echo 'the disk is on fire' >&2; exit 7");
        var result = await cli.RunAsync("init", "--embedded", "--listen", "127.0.0.1:0");
        Assert.Equal(ExitCodes.ServerFailed, result.ExitCode);
        Assert.Contains("ended with code 7", result.Error, StringComparison.Ordinal);
        Assert.Contains("the disk is on fire", result.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(cli.KubeconfigFile));
    }

    [Fact]
    public async Task A_port_that_was_asked_for_and_is_taken_is_an_error_with_the_way_out()
    {
        if (OperatingSystem.IsWindows()) return;
        Script("echo \"address in use\"; exit 98");
        var result = await cli.RunAsync("init", "--embedded", "--listen", "127.0.0.1:9443");
        Assert.Equal(ExitCodes.ServerFailed, result.ExitCode);
        Assert.Contains("127.0.0.1:9443 is taken", result.Error, StringComparison.Ordinal);
        Assert.Contains("--listen 127.0.0.1:0", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_last_port_is_used_again_and_replaced_aloud_when_it_is_taken()
    {
        if (OperatingSystem.IsWindows()) return;
        using var squatter = new TcpListener(IPAddress.Loopback, 0);
        squatter.Start();
        var taken = $"127.0.0.1:{((IPEndPoint)squatter.LocalEndpoint).Port}";
        Directory.CreateDirectory(data);
        File.WriteAllText(Path.Combine(data, "admin.kubeconfig"), FakeApi.Kubeconfig("kubeflex-hosting", $"https://{taken}"));
        Serve();
        var result = await cli.RunAsync("init", "--embedded");
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains($"{taken} is taken", result.Error, StringComparison.Ordinal);
        Assert.Contains("|--listen|127.0.0.1:0|", File.ReadAllText(Path.Combine(data, "server.log")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stale_server_file_does_not_stop_a_stranger()
    {
        if (OperatingSystem.IsWindows()) return;
        Directory.CreateDirectory(data);
        // This very process: alive, and no server.
        File.WriteAllText(Path.Combine(data, "server.json"), $$"""{"url":"https://127.0.0.1:1","pid":{{Environment.ProcessId}}}""");
        var result = await cli.RunAsync("stop");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("No KubeFlex server runs", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_data_directory_that_cannot_be_written_is_named()
    {
        if (OperatingSystem.IsWindows()) return;
        Serve();
        File.WriteAllText(data, "a file where a directory should be");
        var result = await cli.RunAsync("init", "--embedded");
        Assert.Equal(ExitCodes.ServerFailed, result.ExitCode);
        Assert.Contains(data, result.Error, StringComparison.Ordinal);
        Assert.Contains("--data-dir", result.Error, StringComparison.Ordinal);
    }

    private void Serve() => Script($$"""
        printf '%s|' "$@"; echo
        cat >"$2/admin.kubeconfig" <<'END'
        {{FakeApi.Kubeconfig("kubeflex-hosting", api.Url).ReplaceLineEndings("\n")}}
        END
        printf '{"url":"{{api.Url}}","pid":%s}' $$ >"$2/server.json.new"
        mv "$2/server.json.new" "$2/server.json"
        trap 'kill $child; rm -f "$2/server.json"; exit 0' TERM
        sleep 300 & child=$!
        wait
        """);

    private void Script(string body)
    {
        var file = Path.Combine(cli.Home, "kubeflex-server");
        File.WriteAllText(file, "#!/bin/bash\n" + body + "\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        cli.Set("KUBEFLEX_SERVER", file);
    }
}
