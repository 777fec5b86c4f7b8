using KubeFlex.Operator.Hooks;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Metrics;
using KubeFlex.Operator.Tenants;
using KubeFlex.Operator.Types;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Controllers;

namespace KubeFlex.Operator.ControlPlanes;

/// <summary>
/// Brings one control plane to what its object asks for. Reading <see cref="AdvanceAsync"/> from top to bottom tells the way: name and type are
/// possible → finalizer and namespace → what the type makes → does it serve? → hooks → Ready. All in one pass when nothing has to be waited for.
/// </summary>
internal sealed class ControlPlaneReconciler(HostingCluster hosting, IReadOnlyDictionary<string, IControlPlaneType> types, ITenantApi tenants, EventRecorder events,
    OperatorMetrics? metrics = null) : IReconciler
{
    /// <summary>A pass that takes longer says what it is at. Most take milliseconds, and for those it would only be another write.</summary>
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(3);

    private readonly StatusWriter status = new(hosting, events);
    private readonly HookRunner hooks = new(hosting, tenants);
    private readonly Foundation foundation = new(hosting, new HookLabels(hosting));
    private readonly Deletion deletion = new(hosting, new Foundation(hosting, new HookLabels(hosting)), types);

    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellation)
    {
        if (hosting.ControlPlanes.Get(null, key) is not { } obj) return ReconcileResult.Done;
        var cp = new ControlPlane(obj);
        if (cp.IsDeleting && !cp.HasFinalizer) return ReconcileResult.Done;
        Outcome outcome;
        ReconcileResult result;
        try
        {
            (outcome, result) = cp.IsDeleting ? await DeleteAsync(cp, cancellation) : cp.IsPaused ? Paused(cp) : await AdvanceAsync(cp, cancellation);
        }
        catch (ReconcileFailure e)
        {
            (outcome, result) = Failed(cp, e);
        }
        catch (KubeApiException e) when (!e.IsConflict && !e.IsTransient)
        {
            (outcome, result) = Failed(cp, new ReconcileFailure(e.Message));
        }
        if (outcome.Error is not null) metrics?.Failed(cp.Type);
        await WriteStatusAsync(Current(cp), outcome, cancellation);
        return result;
    }

    private async Task<(Outcome, ReconcileResult)> AdvanceAsync(ControlPlane cp, CancellationToken cancellation)
    {
        var type = types.GetValueOrDefault(cp.Type) ?? throw new ReconcileFailure(
            $"spec.type: \"{cp.Type}\" is not known; use one of {string.Join(", ", types.Keys.Select(t => $"\"{t}\""))}", permanent: true);
        if ((ControlPlaneNames.Refusal(cp.Name) ?? SpecRules.Refusal(cp, hosting.Namespaces.Get(null, cp.Namespace))) is { } refused) throw new ReconcileFailure(refused, permanent: true);
        if (type.Refusal(cp) is { } refusal) throw new ReconcileFailure(refusal, permanent: true) { Reason = type.RefusalReason };

        var ensuring = type.EnsureAsync(cp, foundation.EnsureAsync(cp, cancellation), cancellation);
        await TellWhenSlowAsync(cp, ensuring, cancellation);
        var outcome = new Outcome { SecretRef = await ensuring, Certificates = type.Certificates(cp) };
        if (await type.CheckAsync(cp, cancellation) is { } why)
            return (outcome with { Ready = ReadyState.Unavailable(why), Progress = ProgressState.Step("WaitingForControlPlane", why) }, ReconcileResult.WithBackoff);

        outcome = outcome with { Progress = type.Underway(cp) ?? ProgressState.Complete };
        var again = Earlier(type.RenewAt(cp) is { } at ? at - hosting.Time.GetUtcNow() : null, type.RecheckAfter);
        if (cp.Hooks.Count == 0) return (outcome with { Ready = ReadyState.Available }, new ReconcileResult(again));
        var progress = await hooks.RunAsync(cp, outcome.SecretRef, cancellation);
        outcome = outcome with
        {
            Ready = progress.Completed || !cp.WaitForHooks ? ReadyState.Available : ReadyState.WaitingForHooks,
            Progress = progress switch
            {
                { Pending: { } pending } => ProgressState.Step("ApplyingHooks", pending),
                { Error: not null } => progress.Retry || progress.RequeueAfter is not null ? ProgressState.Retrying : ProgressState.Blocked,
                _ => outcome.Progress,
            },
            Error = progress.Error,
            Hooks = progress.Done,
            HookRevisions = progress.Revisions,
            HooksCompleted = progress.Completed,
        };
        return (outcome, new ReconcileResult(Earlier(progress.RequeueAfter, again), progress.Retry));
    }

    private async Task<(Outcome, ReconcileResult)> DeleteAsync(ControlPlane cp, CancellationToken cancellation) =>
        await deletion.RunAsync(cp, cancellation) is { } waiting
            ? (new Outcome { Ready = new ReadyState(false, "Deleting", waiting), Progress = ProgressState.Step("Deleting", waiting) }, ReconcileResult.Done)
            : (new Outcome(), ReconcileResult.Done);

    /// <summary>A change of the spec is what ends it, and that is watched.</summary>
    private static (Outcome, ReconcileResult) Paused(ControlPlane cp) => (new Outcome
    {
        Paused = true,
        Progress = ProgressState.Paused,
        Ready = Conditions.Of(cp.Status).Find("Ready") is null ? ReadyState.Unavailable("paused before anything was made") : null,
    }, ReconcileResult.Done);

    /// <summary>A control plane that serves stays Ready through a passing failure; one whose spec cannot be is not Ready.</summary>
    private static (Outcome, ReconcileResult) Failed(ControlPlane cp, ReconcileFailure e) => (new Outcome
    {
        Error = e.Message,
        ErrorReason = e.Reason,
        Ready = cp.IsReady && !e.Permanent && !e.Unavailable ? null : ReadyState.Unavailable(e.Message),
        Progress = e.Permanent && !e.PassesByItself ? ProgressState.Blocked : ProgressState.Retrying,
    }, e.RetryAfter is { } delay ? ReconcileResult.After(delay) : e.Permanent ? ReconcileResult.Done : ReconcileResult.WithBackoff);

    private async Task TellWhenSlowAsync(ControlPlane cp, Task ensuring, CancellationToken cancellation)
    {
        try
        {
            await ensuring.WaitAsync(Slow, hosting.Time, cancellation);
        }
        catch (TimeoutException)
        {
            // It ended just then, well or not: the caller sees how.
            if (ensuring.IsCompleted) return;
            const string message = "making namespace, certificates, kubeconfigs and what serves the API";
            var now = Current(cp);
            try
            {
                await WriteStatusAsync(now, new Outcome
                {
                    Unfinished = true,
                    Ready = Conditions.Of(now.Status).Find("Ready") is null ? new ReadyState(false, "Creating", message) : null,
                    Progress = ProgressState.Step("Creating", message),
                }, cancellation);
            }
            catch (Exception e) when (e is KubeApiException or HttpRequestException)
            {
                // Talk only; the pass itself tells what fails.
            }
        }
    }

    /// <summary>The object after our own writes of this pass, which the cache has taken in.</summary>
    private ControlPlane Current(ControlPlane cp) =>
        hosting.ControlPlanes.Get(null, cp.Name) is { } now && (string?)now["metadata"]?["uid"] == cp.Uid ? new ControlPlane(now) : cp;

    private async Task WriteStatusAsync(ControlPlane cp, Outcome outcome, CancellationToken cancellation)
    {
        // Let go: there is no object any more to write to.
        if (cp.IsDeleting && outcome is { Error: null, Ready: null }) return;
        try
        {
            await status.WriteAsync(cp, outcome, cancellation);
            if (outcome.Ready is { IsReady: true }) metrics?.IsReady(cp);
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            // Deleted meanwhile; the watch tells.
        }
    }

    private static TimeSpan? Earlier(TimeSpan? a, TimeSpan? b) => a is null ? b : b is null || a < b ? a : b;
}
