using System.Net;
using System.Net.Sockets;
using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Server;

public sealed class StartupTests : IDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("kubeflex-start-").FullName;

    private Task<CommandResult> ServeAsync(params string[] args) =>
        Command.RunAsync(Repository.Server, args, new Dictionary<string, string?> { ["HOME"] = home, ["KUBEFLEX_HOME"] = null });

    [Fact]
    public async Task Wrong_arguments_are_all_named()
    {
        var said = (await ServeAsync("--listen", "nowhere", "--domain", "-x-", "--colour=red")).Fails();
        Assert.Contains("--listen \"nowhere\"", said, StringComparison.Ordinal);
        Assert.Contains("--domain \"-x-\"", said, StringComparison.Ordinal);
        Assert.Contains("unknown argument \"--colour\"", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_busy_port_is_named_with_the_way_out()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var result = await ServeAsync("--data-dir", Path.Combine(home, "data"), "--listen", taken.LocalEndpoint.ToString()!);
        Assert.Equal(98, result.ExitCode);
        Assert.Contains($"{taken.LocalEndpoint} is in use", result.Fails(), StringComparison.Ordinal);
        Assert.Contains("--listen", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_server_on_the_same_directory_is_refused()
    {
        await using var server = await TestServer.StartAsync();
        var result = await ServeAsync("--data-dir", server.Data, "--listen", "127.0.0.1:0");
        Assert.Equal(3, result.ExitCode);
        Assert.Contains($"process {server.Pid}", result.Fails(), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(server.Data, "server.json")));
    }

    [Fact]
    public async Task A_directory_that_cannot_be_written_is_named()
    {
        // A file where the directory should be: refused for every user, root included.
        var file = Path.Combine(home, "file");
        await File.WriteAllTextAsync(file, "");
        var result = await ServeAsync("--data-dir", Path.Combine(file, "data"), "--listen", "127.0.0.1:0");
        Assert.Equal(4, result.ExitCode);
        Assert.Contains(file, result.Fails(), StringComparison.Ordinal);
        Assert.Contains("--data-dir", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_corrupt_database_is_named_and_left_alone()
    {
        var data = Directory.CreateDirectory(Path.Combine(home, "data")).FullName;
        var database = Path.Combine(data, "kubeflex.db");
        await File.WriteAllTextAsync(database, new string('x', 8192));
        var result = await ServeAsync("--data-dir", data, "--listen", "127.0.0.1:0");
        Assert.Equal(4, result.ExitCode);
        Assert.Contains(database, result.Fails(), StringComparison.Ordinal);
        Assert.Equal(new string('x', 8192), await File.ReadAllTextAsync(database));
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(home, recursive: true);
}
