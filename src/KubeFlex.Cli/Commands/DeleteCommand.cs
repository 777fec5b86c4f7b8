using System.CommandLine;
using KubeFlex.Cli.Completion;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Cli.Terminal;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Cli.Commands;

/// <summary>Deletes control planes, waits until nothing of them is left, and forgets their contexts.</summary>
internal sealed class DeleteCommand : Verb
{
    private const int AtOnce = 16;
    private readonly NamesArgument<string[]> names = new("name", NameKind.ControlPlane) { Description = "Control planes to delete.", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<bool> all = new("--all") { Description = "Delete all control planes." };
    private readonly Option<bool> yes = new("--yes", "-y") { Description = "Do not ask." };
    private readonly Option<Duration> timeout = Durations.Option("--timeout", TimeSpan.FromMinutes(10), "How long to wait until all are gone.");

    public DeleteCommand(CliApp app) : base(app, "delete", "Delete control planes with all that is in them.")
    {
        Add(names);
        Add(all);
        Add(yes);
        Add(timeout);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var (wanted, everything) = (parse.GetValue(names)!.Distinct().ToList(), parse.GetValue(all));
        if (everything == wanted.Count > 0)
            throw new CliException(everything ? "--all and names exclude each other" : "the argument 'name' is missing", ExitCodes.Usage, "Write kflex delete NAME..., or kflex delete --all");
        if (everything && !parse.GetValue(yes) && !session.Host.CanAsk)
            throw new CliException("--all deletes every control plane, and there is no terminal to ask on", ExitCodes.Usage, "Confirm it with --yes");

        using var hosting = await new HostingResolver(session).ConnectAsync(cancellation);
        var access = new ControlPlaneAccess(session, hosting);
        var views = everything ? [.. (await access.ListAsync(cancellation)).Select(cp => new ControlPlaneView(cp))] : await NamedAsync(access, wanted, cancellation);
        if (views.Count == 0)
        {
            session.Talk.Say("No control planes found.");
            return ExitCodes.Ok;
        }
        if (everything && !parse.GetValue(yes) && !await Question.AskAsync(session.Host,
            $"Delete {views.Count} control plane{(views.Count == 1 ? "" : "s")} of context \"{hosting.Context}\" with all that is in them: {Shown(views)}?", standard: false, cancellation))
            throw new CliException("nothing was deleted", ExitCodes.Failed);

        try
        {
            await Parallel.ForEachAsync(views, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation },
                async (view, token) => await hosting.Client.DeleteAsync(Resources.ControlPlanes.Named(view.Name), null, token));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw new CliException("interrupted", ExitCodes.Interrupted, $"The deletion of {Shown(views)} may or may not have begun. See: kflex list");
        }
        await new ControlPlaneRemoval(session, hosting).WaitAsync(views, parse.GetValue(timeout), cancellation);
        return ExitCodes.Ok;
    }

    // All or nothing as far as a misspelt name goes.
    private static async Task<List<ControlPlaneView>> NamedAsync(ControlPlaneAccess access, IReadOnlyList<string> wanted, CancellationToken cancellation)
    {
        var views = new List<ControlPlaneView>();
        foreach (var name in wanted) views.Add(await access.GetAsync(name, cancellation));
        return views;
    }

    private static string Shown(List<ControlPlaneView> views)
    {
        const int Most = 10;
        var shown = string.Join(", ", views.Take(Most).Select(v => v.Name));
        return views.Count > Most ? $"{shown} and {views.Count - Most} more" : shown;
    }
}
