using KubeFlex.Operator.Hooks;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Types;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Controllers;

namespace KubeFlex.Operator.ControlPlanes;

/// <summary>
/// Brings one control plane to what its object asks for. Reading <see cref="AdvanceAsync"/> from top to bottom tells the way: name and type are
/// possible → finalizer and namespace → what the type makes → does it serve? → hooks → Ready. All in one pass when nothing has to be waited for.
/// </summary>
internal sealed class ControlPlaneReconciler(HostingCluster hosting, IReadOnlyDictionary<string, IControlPlaneType> types, EventRecorder events) : IReconciler
{
    private readonly StatusWriter status = new(hosting, events);
    private readonly HookRunner hooks = new(hosting);
    private readonly Foundation foundation = new(hosting, new HookRunner(hosting));
    private readonly Deletion deletion = new(hosting, new Foundation(hosting, new HookRunner(hosting)), types);

    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellation)
    {
        if (hosting.ControlPlanes.Get(null, key) is not { } obj) return ReconcileResult.Done;
        var cp = new ControlPlane(obj);
        if (cp.IsDeleting && !cp.HasFinalizer) return ReconcileResult.Done;
        Outcome outcome;
        ReconcileResult result;
        try
        {
            (outcome, result) = cp.IsDeleting ? await DeleteAsync(cp, cancellation) : await AdvanceAsync(cp, cancellation);
        }
        catch (ReconcileFailure e)
        {
            (outcome, result) = Failed(cp, e.Message, e.Permanent, e.RetryAfter);
        }
        catch (KubeApiException e) when (!e.IsConflict && !e.IsTransient)
        {
            (outcome, result) = Failed(cp, e.Message, permanent: false, null);
        }
        await WriteStatusAsync(Current(cp), outcome, cancellation);
        return result;
    }

    private async Task<(Outcome, ReconcileResult)> AdvanceAsync(ControlPlane cp, CancellationToken cancellation)
    {
        var type = types.GetValueOrDefault(cp.Type) ?? throw new ReconcileFailure(
            $"spec.type: \"{cp.Type}\" is not known; use one of {string.Join(", ", types.Keys.Select(t => $"\"{t}\""))}", permanent: true);
        if ((ControlPlaneNames.Refusal(cp.Name) ?? SpecRules.Refusal(cp, hosting.Namespaces.Get(null, cp.Namespace)) ?? type.Refusal(cp)) is { } refusal) throw new ReconcileFailure(refusal, permanent: true);

        var outcome = new Outcome { SecretRef = await type.EnsureAsync(cp, foundation.EnsureAsync(cp, cancellation), cancellation) };
        if (await type.CheckAsync(cp, cancellation) is { } why)
            return (outcome with { Ready = ReadyState.Unavailable(why) }, ReconcileResult.WithBackoff);

        var renewal = type.RenewAt(cp) is { } at ? at - hosting.Time.GetUtcNow() : (TimeSpan?)null;
        if (cp.Hooks.Count == 0) return (outcome with { Ready = ReadyState.Available }, new ReconcileResult(renewal));
        var progress = await hooks.RunAsync(cp, cancellation);
        outcome = outcome with
        {
            Ready = progress.Completed || !cp.WaitForHooks ? ReadyState.Available : ReadyState.WaitingForHooks,
            Error = progress.Error,
            Hooks = progress.Done,
            HooksCompleted = progress.Completed,
        };
        return (outcome, new ReconcileResult(progress.RequeueAfter ?? renewal, progress.Retry));
    }

    private async Task<(Outcome, ReconcileResult)> DeleteAsync(ControlPlane cp, CancellationToken cancellation) =>
        await deletion.RunAsync(cp, cancellation) is { } waiting
            ? (new Outcome { Ready = new ReadyState(false, "Deleting", waiting) }, ReconcileResult.Done)
            : (new Outcome(), ReconcileResult.Done);

    /// <summary>A control plane that serves stays Ready through a passing failure; one whose spec cannot be is not Ready.</summary>
    private static (Outcome, ReconcileResult) Failed(ControlPlane cp, string message, bool permanent, TimeSpan? retryAfter)
    {
        var isReady = (string?)Conditions.Of(cp.Status).Find("Ready")?["status"] == "True";
        return (new Outcome { Error = message, Ready = isReady && !permanent ? null : ReadyState.Unavailable(message) },
            retryAfter is { } delay ? ReconcileResult.After(delay) : permanent ? ReconcileResult.Done : ReconcileResult.WithBackoff);
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
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            // Deleted meanwhile; the watch tells.
        }
    }
}
