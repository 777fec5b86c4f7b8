using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Hooks;

/// <summary>One pass over the hooks of one control plane: what is done, what is to be told, when to look again.</summary>
internal sealed class HookPass
{
    /// <summary>What hooks made on the hosting cluster is watched; this is for a watch that may be refused (a kind that the operator may make but not list).</summary>
    private static readonly TimeSpan Safety = TimeSpan.FromMinutes(5);

    // In the control plane itself nothing is watched.
    private static readonly TimeSpan ShortestWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan TenantPatience = TimeSpan.FromSeconds(30);

    private readonly HostingCluster hosting;
    private readonly ControlPlane cp;
    private readonly HookDestinations destinations;
    private readonly Dictionary<string, bool> done = [];
    private readonly Dictionary<string, string> revisions = [];
    private readonly HashSet<string> settled = [];
    private readonly List<string> errors = [], pending = [];
    private bool retry;
    private TimeSpan? again;

    public HookPass(HostingCluster hosting, ControlPlane cp, HookDestinations destinations)
    {
        (this.hosting, this.cp, this.destinations) = (hosting, cp, destinations);
        foreach (var hook in cp.Hooks)
        {
            done[hook.Name] = WasDone(cp, hook.Name);
            if ((string?)cp.Status?["postCreateHookRevisions"]?[hook.Name] is { } revision) revisions[hook.Name] = revision;
        }
    }

    public static bool WasDone(ControlPlane cp, string hook) => cp.Status?["postCreateHooks"]?[hook] is JsonValue v && v.TryGetValue<bool>(out var yes) && yes;

    /// <summary>Brings one hook as far as it goes; false when the pass must end with it.</summary>
    public async Task<bool> RunAsync(OrderedHook hook, CancellationToken cancellation)
    {
        if (hook.Hook is null)
        {
            if (done[hook.Name])
            {
                settled.Add(hook.Name);
                return true;
            }
            errors.Add($"PostCreateHook \"{hook.Name}\" not found: post create hook not found; create it, or take it out of the control plane's spec");
            return false;
        }
        if (!hook.FollowsChanges) revisions.Remove(hook.Name);
        // A tenant that hangs must not hold up the operator; the hosting cluster answers, or nothing works.
        using var limit = new CancellationTokenSource(hook.IntoControlPlane ? TenantPatience : Timeout.InfiniteTimeSpan, hosting.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            if (!done[hook.Name] || hook.FollowsChanges) await AdvanceAsync(hook, both.Token);
            else await LookAfterJobsAsync(hook, null, both.Token);
            if (done[hook.Name] && !pending.Contains(hook.Name)) settled.Add(hook.Name);
        }
        catch (ReconcileFailure e)
        {
            if (!errors.Contains(e.Message)) errors.Add(e.Message);
            if (e.RetryAfter is { } delay) LookAgain(delay);
            else retry |= !e.Permanent;
        }
        catch (KubeApiException e)
        {
            Failed(hook, e.Message);
        }
        catch (Exception e) when (hook.IntoControlPlane && e is HttpRequestException or IOException or JsonException)
        {
            Failed(hook, $"the control plane cannot be reached: {e.Message}");
        }
        catch (OperationCanceledException) when (hook.IntoControlPlane && !cancellation.IsCancellationRequested)
        {
            Failed(hook, "the control plane does not answer in time");
        }
        return true;
    }

    public HookProgress Result() => new()
    {
        Done = done,
        Revisions = revisions,
        Error = errors.Count == 0 ? null : string.Join("; ", errors),
        Pending = pending.Count == 0 ? null : $"{done.Values.Count(d => d)} of {done.Count} hooks are done; under way: {string.Join(", ", pending.Select(p => $"\"{p}\""))}",
        Retry = retry,
        RequeueAfter = again,
    };

    private async Task AdvanceAsync(OrderedHook hook, CancellationToken cancellation)
    {
        if (hook.Refusal is not null && !done[hook.Name]) throw new ReconcileFailure(hook.Refusal, permanent: true);
        if (hook.DependsOn.Any(d => !settled.Contains(d)))
        {
            // Whatever it waits for is looked after, or has been reported.
            if (!done[hook.Name] && errors.Count == 0) pending.Add(hook.Name);
            return;
        }
        var variables = HookVariables.Of(hook.Hook!, hook.Reference, cp);
        // All are rendered before the first is applied: a mistake in the last leaves nothing half done.
        var objects = hook.Templates.Select((t, i) => HookTemplate.Render(t, i, hook.Name, variables)).ToList();
        var revision = hook.FollowsChanges ? Revision(objects) : null;
        if (done[hook.Name] && revisions.GetValueOrDefault(hook.Name) == revision)
        {
            await LookAfterJobsAsync(hook, revision, cancellation);
            return;
        }

        var applier = new HookApplier(hosting.Time, await destinations.ForAsync(hook, cancellation), cp, hook.Name);
        var (ready, job) = (true, false);
        for (var i = 0; i < objects.Count; i++)
        {
            var state = await applier.ApplyAsync(i, objects[i], revision, cancellation);
            // A Job that failed is told by who runs it again.
            if (state.Failed is { } failed && !HookApplier.IsJob(objects[i])) errors.Add($"{applier.Where(i, objects[i])}: {failed}");
            ready &= state.IsReady;
            job |= !state.IsReady && HookApplier.IsJob(objects[i]);
        }
        var mustBeReady = cp.WaitForHooks || hook.HasDependents;
        if (ready || !mustBeReady)
        {
            done[hook.Name] = true;
            if (revision is not null) revisions[hook.Name] = revision;
            // Nobody waits for it, but its failure must be told.
            if (job) LookAgain(Wait(hook, Safety));
            return;
        }
        pending.Add(hook.Name);
        LookAgain(Wait(hook, LongestWait));
    }

    /// <summary>A Job may fail after its hook counts as done.</summary>
    private async Task LookAfterJobsAsync(OrderedHook hook, string? revision, CancellationToken cancellation)
    {
        foreach (var (template, index) in hook.Templates.Select((t, i) => (t, i)).Where(t => HookApplier.IsJob(t.t)))
        {
            JsonObject job;
            try
            {
                job = HookTemplate.Render(template, index, hook.Name, HookVariables.Of(hook.Hook!, hook.Reference, cp));
            }
            catch (ReconcileFailure)
            {
                // The hook changed since, and was not applied again: it is not this Job's matter.
                continue;
            }
            var applier = new HookApplier(hosting.Time, await destinations.ForAsync(hook, cancellation), cp, hook.Name);
            if (!await applier.HasEndedAsync(index, job, revision, cancellation)) LookAgain(Wait(hook, Safety));
        }
    }

    private void Failed(OrderedHook hook, string why)
    {
        errors.Add($"PostCreateHook \"{hook.Name}\": {why}");
        retry = true;
    }

    private void LookAgain(TimeSpan delay) => again = again is { } other && other < delay ? other : delay;

    /// <summary>In the control plane, a third of the time waited so far: what comes up quickly is seen quickly, what takes long is not asked often.</summary>
    private TimeSpan Wait(OrderedHook hook, TimeSpan longest)
    {
        if (!hook.IntoControlPlane) return Safety;
        var since = HostingCluster.ParseTime((string?)Conditions.Of(cp.Status).Find("Ready")?["lastTransitionTime"]);
        var wait = since is { } at ? (hosting.Time.GetUtcNow() - at) / 3 : TimeSpan.Zero;
        return wait < ShortestWait ? ShortestWait : wait > longest ? longest : wait;
    }

    private static string Revision(List<JsonObject> objects)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var obj in objects) sha.AppendData(KubeJson.ToUtf8(obj));
        return Convert.ToHexStringLower(sha.GetHashAndReset().AsSpan(0, 12));
    }
}
