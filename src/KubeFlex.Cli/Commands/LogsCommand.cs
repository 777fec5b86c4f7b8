using System.CommandLine;
using KubeFlex.Cli.Completion;
using KubeFlex.Cli.Embedded;
using KubeFlex.Cli.Logs;
using KubeFlex.Cli.Tenancy;

namespace KubeFlex.Cli.Commands;

/// <summary>Prints what a control plane's programs say, from wherever it runs.</summary>
internal sealed class LogsCommand : Verb
{
    private readonly NamesArgument<string> name = new("name", NameKind.ControlPlane) { Description = "Name of the control plane." };
    private readonly Option<string?> component = new("--component") { Description = $"Only this program: {string.Join(", ", PodLogs.Components)}, or any other pod.", HelpName = "name" };
    private readonly Option<int> tail = new("--tail") { Description = "Lines from the end of each log; 0 for all.", HelpName = "lines", DefaultValueFactory = _ => 200 };
    private readonly Option<bool> follow = new("--follow", "-f") { Description = "Go on with what is written from now on, until interrupted." };
    private readonly Option<string?> dataDir = ServerOptionSet.DataDir();

    public LogsCommand(CliApp app) : base(app, "logs", "Print the logs of a control plane.")
    {
        component.CompletionSources.Add([.. PodLogs.Components]);
        Add(name);
        Add(component);
        Add(tail);
        Add(follow);
        Add(dataDir);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var request = new LogRequest(parse.GetValue(component), parse.GetValue(tail), parse.GetValue(follow));
        if (request.Tail < 0) throw new CliException($"--tail {request.Tail} is less than none", ExitCodes.Usage, "0 prints all.");
        using var hosting = await new HostingResolver(session).ConnectAsync(cancellation);
        var view = await new ControlPlaneAccess(session, hosting).GetAsync(parse.GetValue(name)!, cancellation);
        var source = await LogSources.FindAsync(session, hosting, view, request.Component, DataDirectory.Resolve(parse.GetValue(dataDir), session.Host), cancellation);
        try
        {
            return await source.WriteAsync(request, cancellation);
        }
        catch (OperationCanceledException) when (request.Follow && cancellation.IsCancellationRequested)
        {
            // The way to end it, so nothing is said.
            return ExitCodes.Interrupted;
        }
    }
}
