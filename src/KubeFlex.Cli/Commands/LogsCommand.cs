using System.CommandLine;
using KubeFlex.Cli.Completion;
using KubeFlex.Cli.Embedded;
using KubeFlex.Cli.Logs;
using KubeFlex.Cli.Tenancy;

namespace KubeFlex.Cli.Commands;

/// <summary>Prints what a control plane's programs say: its child processes' or pods' logs, or the lines about it in the log of the server it runs in.</summary>
internal sealed class LogsCommand : Verb
{
    private readonly NamesArgument<string> name = new("name", NameKind.ControlPlane) { Description = "Name of the control plane." };
    private readonly Option<string?> component = new("--component") { Description = $"Only programs or pods of this name: {string.Join(", ", PodLogs.Components)} or any other.", HelpName = "name" };
    private readonly Option<int> tail = new("--tail") { Description = "Lines from the end of each log; 0 for all.", HelpName = "lines", DefaultValueFactory = _ => 200 };
    private readonly Option<bool> follow = new("--follow", "-f") { Description = "Go on printing what comes, until Ctrl-C." };
    private readonly Option<string?> dataDir = ServerOptionSet.DataDir();

    public LogsCommand(CliApp app) : base(app, "logs", "Print the logs of a control plane.")
    {
        component.CompletionSources.Add(PodLogs.Components);
        Add(name);
        Add(component);
        Add(tail);
        Add(follow);
        Add(dataDir);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var wish = new LogWish(parse.GetValue(component), parse.GetValue(tail), parse.GetValue(follow));
        if (wish.Tail < 0) throw new CliException($"--tail {wish.Tail} is less than none", ExitCodes.Usage, "0 prints all.");
        using var hosting = await new HostingResolver(session).ConnectAsync(cancellation);
        var view = await new ControlPlaneAccess(session, hosting).GetAsync(parse.GetValue(name)!, cancellation);
        if (view.Type is "host" or "external")
            throw new CliException($"control plane {view.Name} is of type {view.Type}: KubeFlex does not run it and has no logs of it", ExitCodes.NotFound, $"What the operator has to say about it: kflex describe {view.Name}");
        try
        {
            if (view.Runtime == "Process") return await new ProgramLogs(session, hosting.Client, view).WriteAsync(wish, cancellation);
            var pods = await PodLogs.FindAsync(hosting.Client, view, wish.Component, cancellation);
            if (pods.Count > 0) return await new PodLogs(session, hosting.Client, view).WriteAsync(pods, wish, cancellation);
            if (!HostingFacts.IsOurs(await HostingFacts.VersionAsync(hosting.Client, cancellation)) || view.Runtime == "Pods" || view.Type != "k8s")
                throw new CliException($"control plane {view.Name} has no {(wish.Component is { } c ? $"pods of {c}" : "pods")} in namespace {view.Namespace}", ExitCodes.NotFound, view.IsReady ? null : $"It is not Ready: {view.Waiting}");
            return await new ServerLog(session, DataDirectory.Resolve(parse.GetValue(dataDir), session.Host)).WriteAsync(hosting, view, wish, cancellation);
        }
        catch (OperationCanceledException) when (wish.Follow && cancellation.IsCancellationRequested)
        {
            // How following ends.
            return ExitCodes.Interrupted;
        }
    }
}
