using System.CommandLine;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Cli.Terminal;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Commands;

/// <summary>Deletes control planes, waits until nothing of them is left, and forgets their contexts.</summary>
internal sealed class DeleteCommand : Verb
{
    private readonly Argument<string[]> names = new("name") { Description = "Control planes to delete.", Arity = ArgumentArity.OneOrMore };
    private readonly Option<TimeSpan> timeout = Durations.Option("--timeout", TimeSpan.FromMinutes(10), "How long to wait until each is gone.");

    public DeleteCommand(CliApp app) : base(app, "delete", "Delete control planes with all that is in them.")
    {
        Add(names);
        Add(timeout);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        using var hosting = await new HostingResolver(session).ConnectAsync(cancellation);
        var access = new ControlPlaneAccess(session, hosting);
        var views = new List<ControlPlaneView>();
        // All or nothing as far as a misspelt name goes.
        foreach (var name in parse.GetValue(names)!.Distinct()) views.Add(await access.GetAsync(name, cancellation));
        foreach (var view in views) await hosting.Client.DeleteAsync(Resources.ControlPlanes.Named(view.Name), null, cancellation);
        foreach (var view in views)
        {
            await WaitGoneAsync(session, hosting, view, parse.GetValue(timeout), cancellation);
            var now = await ForgetAsync(session, hosting, view, cancellation);
            session.Talk.Done($"Control plane {view.Name} is deleted{(now is null ? "" : $", and {now} is the current context")}");
        }
        return ExitCodes.Ok;
    }

    private static async Task WaitGoneAsync(CliSession session, KubeConnection hosting, ControlPlaneView view, TimeSpan timeout, CancellationToken cancellation)
    {
        var missing = "the operator has not looked at it yet";
        using var step = session.Talk.Begin($"Waiting for control plane {view.Name} to be gone");
        await Deadline.WithinAsync(timeout, session.Host.Time, async token =>
        {
            await ObjectWait.UntilAsync(hosting.Client, Resources.ControlPlanes.Named(view.Name), obj =>
            {
                // Another object of that name, made meanwhile, is not ours to wait for.
                if (obj is null || new ControlPlaneView(obj).Uid != view.Uid) return true;
                missing = new ControlPlaneView(obj).Problem ?? "its finalizer is being worked off";
                step.Update($"Waiting for control plane {view.Name} to be gone: {missing}");
                return false;
            }, session.Host.Time, token);
            return await ObjectWait.UntilAsync(hosting.Client, Resources.Namespaces.Named(view.Namespace), ns =>
            {
                if (ns is null || !IsOwned(ns, view)) return true;
                missing = $"namespace {view.Namespace} is being emptied";
                step.Update($"Waiting for control plane {view.Name} to be gone: {missing}");
                return false;
            }, session.Host.Time, token);
        }, () => new CliException($"control plane {view.Name} is not gone after {timeout.TotalSeconds:0} s: {missing}", ExitCodes.Timeout,
            $"Its deletion goes on. See what holds it: kubectl --context {hosting.Context} describe controlplane {view.Name}"), cancellation);
    }

    // A namespace that was there before the control plane stays when it goes.
    private static bool IsOwned(JsonObject ns, ControlPlaneView view) => (ns["metadata"]?["ownerReferences"] as JsonArray ?? []).Any(r => ControlPlaneView.Text(r?["uid"]) == view.Uid);

    private static Task<string?> ForgetAsync(CliSession session, KubeConnection hosting, ControlPlaneView view, CancellationToken cancellation) =>
        session.Kubeconfigs.EditAsync(config =>
        {
            // A context that was renamed still knows its control plane.
            var mine = config.Names(KubeconfigSection.Contexts)
                .Where(c => c != hosting.Context && (KubeflexExtension.ControlPlaneOf(config, c) ?? (ControlPlaneEntries.IsManaged(config, c) ? c : null)) == view.Name).ToList();
            var wasCurrent = config.CurrentContext is { } current && mine.Contains(current);
            foreach (var context in mine) ControlPlaneEntries.Remove(config, context);
            return wasCurrent ? config.CurrentContext = hosting.Context : null;
        }, cancellation);
}
