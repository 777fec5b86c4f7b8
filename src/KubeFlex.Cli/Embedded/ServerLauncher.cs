using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Embedded;

/// <summary>Options of the server as the user gave them; null for the standard.</summary>
internal sealed record ServerOptions(DataDirectory Directory, string? Listen, string? Domain, string? Datastore = null, string? BinaryAssets = null, string? AdvertiseUrl = null)
{
    public const string StandardAddress = "127.0.0.1:9443";

    public IReadOnlyList<string> Arguments(string? listen) =>
        ["--data-dir", Directory.Path, .. listen is null ? Array.Empty<string>() : ["--listen", listen], .. Domain is null ? Array.Empty<string>() : ["--domain", Domain],
            .. BinaryAssets is null ? Array.Empty<string>() : ["--binary-assets-dir", BinaryAssets],
            .. AdvertiseUrl is null ? Array.Empty<string>() : ["--advertise-url", AdvertiseUrl]];

    /// <summary>The datastore's URL may hold a password: in the environment other users cannot see it, on the command line they can.</summary>
    public IReadOnlyDictionary<string, string> Variables => Datastore is null ? new Dictionary<string, string>() : new() { ["KUBEFLEX_DATASTORE"] = Datastore };
}

/// <summary>Sees to it that the embedded server of a data directory runs.</summary>
internal sealed class ServerLauncher(CliSession session)
{
    // Exit codes the server and we agree on.
    private const int PortTaken = 98;
    private const int DirectoryTaken = 3;
    private const int LogLinesShown = 20;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(15);

    /// <summary>Answers the running server, and whether we started it.</summary>
    public async Task<(ServerInfo Server, bool Started)> EnsureAsync(ServerOptions options, TimeSpan patience, CancellationToken cancellation)
    {
        if (await FindRunningAsync(options.Directory, cancellation) is { } running) return (running, false);

        PrepareDirectory(options.Directory.Path);
        var wanted = options.Listen ?? options.Directory.LastAddress(session.Host.Time) ?? ServerOptions.StandardAddress;
        var listen = options.Listen is null && IsTaken(wanted) ? FreePort(wanted) : wanted;
        using var step = session.Talk.Begin("Starting the KubeFlex server");
        try
        {
            return await StartWithinAsync(options, listen, patience, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw new CliException("interrupted", ExitCodes.Interrupted, $"The server goes on starting in the background. Stop it: kflex stop{options.Directory.Suffix}");
        }
    }

    private Task<(ServerInfo Server, bool Started)> StartWithinAsync(ServerOptions options, string listen, TimeSpan patience, CancellationToken cancellation) =>
        Deadline.WithinAsync(patience, session.Host.Time, async token =>
        {
            var (server, code, process) = await StartAsync(options, listen, token);
            if (server is null && code == PortTaken && options.Listen is null) (server, code, process) = await StartAsync(options, FreePort(listen), token);
            if (server is null && code == DirectoryTaken && await WaitForOtherAsync(options.Directory, token) is { } other) return (other, false);
            return server is not null ? (server, true) : throw Died(options, listen, code!.Value, process);
        }, () => new CliException($"the server did not get ready within {patience.TotalSeconds:0} s", ExitCodes.Timeout, $"See its log: {options.Directory.Log}"), cancellation);

    /// <summary>The server of a directory if it runs and answers.</summary>
    public async Task<ServerInfo?> FindRunningAsync(DataDirectory directory, CancellationToken cancellation)
    {
        if (directory.ReadServer() is not { } server || !ServerProcess.IsAlive(server.Pid)) return null;
        try
        {
            var admin = directory.LoadAdmin(session.Host.Time);
            if (admin.Names(KubeconfigSection.Contexts) is not [var context, ..]) return null;
            using var connection = await session.ConnectAsync(admin, context, cancellation);
            await connection.Client.GetRawAsync("readyz", cancellation);
            return server;
        }
        catch (Exception e) when (e is HttpRequestException or KubeconfigException or KubeApiException)
        {
            // A stale file whose process id somebody else has now, or a server that is about to end: starting one tells them apart.
            session.Talk.Explain($"{directory.ServerFile} names process {server.Pid}, which does not answer at {server.Url}: {e.Message}");
            return null;
        }
    }

    private async Task<(ServerInfo? Server, int? ExitCode, ServerProcess Process)> StartAsync(ServerOptions options, string listen, CancellationToken cancellation)
    {
        var program = ServerExecutable.Locate(session.Host);
        session.Talk.Explain($"{program.File} {string.Join(' ', options.Arguments(listen))}");
        var process = ServerProcess.Start(program, options.Arguments(listen), options.Variables, options.Directory.Log);
        while (true)
        {
            // Its file appears when it is ready. A watch on the directory costs more than these looks.
            if (options.Directory.ReadServer() is { } server && (server.Pid == process.Pid || OperatingSystem.IsWindows())) return (server, null, process);
            if (process.ExitCode is { } code) return (null, code, process);
            await Task.Delay(Poll, session.Host.Time, cancellation);
        }
    }

    // Somebody else starts a server on the same directory right now: its readiness is what we want as well.
    private async Task<ServerInfo?> WaitForOtherAsync(DataDirectory directory, CancellationToken cancellation)
    {
        for (var look = 0; look < 200; look++)
        {
            if (await FindRunningAsync(directory, cancellation) is { } server) return server;
            await Task.Delay(Poll * 4, session.Host.Time, cancellation);
        }
        return null;
    }

    private string FreePort(string taken)
    {
        session.Talk.Warn($"{taken} is taken by another program; the server takes a free port instead");
        return taken[..taken.LastIndexOf(':')] + ":0";
    }

    private static bool IsTaken(string address)
    {
        if (!IPEndPoint.TryParse(address, out var endPoint) || endPoint.Port == 0) return false;
        try
        {
            using var probe = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            probe.Bind(endPoint);
            probe.Listen(1);
            return false;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.AddressAlreadyInUse;
        }
    }

    private static void PrepareDirectory(string path)
    {
        try
        {
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
            else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var probe = Path.Combine(path, $".{Path.GetRandomFileName()}");
            File.WriteAllBytes(probe, [0]);
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"the data directory {path} cannot be written: {e.Message}", ExitCodes.ServerFailed,
                "Make it writable and see that its disk is not full, or choose another with --data-dir or KUBEFLEX_HOME.");
        }
    }

    private static CliException Died(ServerOptions options, string listen, int code, ServerProcess process)
    {
        var lines = process.LastLines(LogLinesShown);
        var said = lines.Count == 0 ? "It said nothing." : $"Its last words ({options.Directory.Log}):\n  {string.Join("\n  ", lines)}";
        return code switch
        {
            PortTaken => new($"{listen} is taken by another program", ExitCodes.ServerFailed, $"End that program, or choose another address: --listen 127.0.0.1:0 takes a free port.\n{said}"),
            DirectoryTaken => new($"another server uses {options.Directory.Path}, but it does not answer", ExitCodes.ServerFailed, $"Stop it: kflex stop{options.Directory.Suffix}\n{said}"),
            _ => new($"the server ended with code {code} while it started", ExitCodes.ServerFailed, said),
        };
    }
}
