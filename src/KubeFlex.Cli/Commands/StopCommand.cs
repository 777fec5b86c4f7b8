using System.CommandLine;
using KubeFlex.Cli.Embedded;
using KubeFlex.Cli.Terminal;

namespace KubeFlex.Cli.Commands;

/// <summary>Stops the server of a data directory. Nothing is lost: the next start finds everything.</summary>
internal sealed class StopCommand : Verb
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);
    private readonly Option<string?> dataDir = ServerOptionSet.DataDir();
    private readonly Option<Duration> timeout = Durations.Option("--timeout", TimeSpan.FromSeconds(30), "How long to wait until it has ended.");

    public StopCommand(CliApp app) : base(app, "stop", "Stop the KubeFlex server of this machine.")
    {
        Add(dataDir);
        Add(timeout);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var directory = DataDirectory.Resolve(parse.GetValue(dataDir), session.Host);
        TimeSpan limit = parse.GetValue(timeout);
        // After a crash the file is left behind, and by now its process id may be anybody's.
        if (directory.ReadServer() is not { } server || !ServerProcess.IsAlive(server.Pid) || !await IsOursAsync(session, directory, server, cancellation))
        {
            session.Talk.Say($"No KubeFlex server runs on {directory.Path}.");
            return ExitCodes.Ok;
        }
        if (!ServerProcess.Terminate(server.Pid))
            throw new CliException($"the server (process {server.Pid}) may not be stopped by this user", ExitCodes.Failed, "Stop it as the user who started it.");
        using (session.Talk.Begin($"Stopping the server (process {server.Pid})"))
        {
            await Deadline.WithinAsync(limit, session.Host.Time, async token =>
            {
                // The end of somebody else's child is not announced.
                while (ServerProcess.IsAlive(server.Pid)) await Task.Delay(Poll, session.Host.Time, token);
                return true;
            }, () => new CliException($"the server (process {server.Pid}) has not ended after {limit.TotalSeconds:0} s", ExitCodes.Timeout,
                $"See its log: {directory.Log}. As a last resort: kill -9 {server.Pid} (what was acknowledged is safe)"), cancellation);
        }
        session.Talk.Done($"The KubeFlex server is stopped; its data stays in {directory.Path}");
        return ExitCodes.Ok;
    }

    private static async Task<bool> IsOursAsync(CliSession session, DataDirectory directory, ServerInfo server, CancellationToken cancellation)
    {
        var commandLine = $"/proc/{server.Pid}/cmdline";
        if (File.Exists(commandLine)) return (await File.ReadAllTextAsync(commandLine, cancellation)).Contains("kubeflex-server", StringComparison.Ordinal);
        return await new ServerLauncher(session).FindRunningAsync(directory, cancellation) is not null;
    }
}
