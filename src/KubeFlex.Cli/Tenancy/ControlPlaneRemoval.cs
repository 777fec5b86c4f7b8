using System.Text.Json.Nodes;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Tenancy;

/// <summary>Sees deleted control planes off: waits until nothing is left, and forgets their contexts.</summary>
internal sealed class ControlPlaneRemoval(CliSession session, KubeConnection hosting)
{
    /// <summary>Waits for all. Whatever ends the waiting, the contexts of those that are gone are gone as well.</summary>
    public async Task WaitAsync(IReadOnlyList<ControlPlaneView> views, TimeSpan timeout, CancellationToken cancellation)
    {
        var (gone, started) = (new List<ControlPlaneView>(), session.Host.Time.GetTimestamp());
        try
        {
            foreach (var view in views)
            {
                var left = timeout - session.Host.Time.GetElapsedTime(started);
                await WaitGoneAsync(view, left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1), timeout, cancellation);
                gone.Add(view);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw new CliException("interrupted", ExitCodes.Interrupted,
                $"The deletion of {string.Join(", ", views.Except(gone).Select(v => v.Name))} goes on in the background. See: kflex list");
        }
        finally
        {
            // Not cancelled: an entry that leads nowhere would be left.
            if (gone.Count > 0)
            {
                var now = await ForgetAsync(gone, CancellationToken.None);
                foreach (var view in gone) session.Talk.Done($"Control plane {view.Name} is deleted{(now is null || view != gone[^1] ? "" : $", and {now} is the current context")}");
            }
        }
    }

    private async Task WaitGoneAsync(ControlPlaneView view, TimeSpan left, TimeSpan timeout, CancellationToken cancellation)
    {
        var missing = "the operator has not looked at it yet";
        using var step = session.Talk.Begin($"Waiting for control plane {view.Name} to be gone");
        await Deadline.WithinAsync(left, session.Host.Time, async token =>
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

    private Task<string?> ForgetAsync(List<ControlPlaneView> gone, CancellationToken cancellation)
    {
        var names = gone.Select(v => v.Name).ToHashSet(StringComparer.Ordinal);
        return session.Kubeconfigs.EditAsync(config =>
        {
            // A context that was renamed still knows its control plane.
            var mine = config.Names(KubeconfigSection.Contexts)
                .Where(c => c != hosting.Context && (KubeflexExtension.ControlPlaneOf(config, c) ?? (ControlPlaneEntries.IsManaged(config, c) ? c : null)) is { } owner && names.Contains(owner)).ToList();
            var wasCurrent = config.CurrentContext is { } current && mine.Contains(current);
            foreach (var context in mine) ControlPlaneEntries.Remove(config, context);
            return wasCurrent ? config.CurrentContext = hosting.Context : null;
        }, cancellation);
    }
}
