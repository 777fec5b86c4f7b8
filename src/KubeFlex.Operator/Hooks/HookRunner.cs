using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Hooks;

/// <summary>Where a control plane's hooks are.</summary>
internal sealed record HookProgress
{
    /// <summary>Per hook: applied, or with waiting applied and ready.</summary>
    public required IReadOnlyDictionary<string, bool> Done { get; init; }

    /// <summary>All of them are done.</summary>
    public required bool Completed { get; init; }

    public string? Error { get; init; }

    /// <summary>Whether the back-off shall bring the control plane back.</summary>
    public bool Retry { get; init; }

    /// <summary>When to look again at what hooks made, or null.</summary>
    public TimeSpan? RequeueAfter { get; init; }
}

/// <summary>Phase 3: applies the hooks a control plane names, in order, each once.</summary>
internal sealed class HookRunner(HostingCluster hosting)
{
    private static readonly TimeSpan ShortestWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(15);

    private readonly HookApplier applier = new(hosting);

    /// <summary>Labels of the hooks that are known and that the control plane must bear.</summary>
    public JsonObject MissingLabels(ControlPlane cp)
    {
        var missing = new JsonObject();
        foreach (var hook in cp.Hooks)
        {
            foreach (var (key, value) in hosting.Hooks.Get(null, hook.Name)?["metadata"]?["labels"] as JsonObject ?? [])
            {
                if ((string?)cp.Object["metadata"]?["labels"]?[key] != (string?)value) missing[key] = value?.DeepClone();
            }
        }
        return missing;
    }

    /// <summary>One pass. A hook that fails does not stop those after it; a hook that does not exist does, since they may build on it.</summary>
    public async Task<HookProgress> RunAsync(ControlPlane cp, CancellationToken cancellation)
    {
        var done = cp.Hooks.ToDictionary(h => h.Name, h => cp.Status?["postCreateHooks"]?[h.Name] is JsonValue v && v.TryGetValue<bool>(out var yes) && yes);
        var (errors, retry, again) = (new List<string>(), false, (TimeSpan?)null);
        foreach (var reference in cp.Hooks.Where(h => !done[h.Name]))
        {
            if (await FindAsync(reference.Name, cancellation) is not { } hook)
            {
                errors.Add($"PostCreateHook \"{reference.Name}\" not found: post create hook not found; create it, or take it out of the control plane's spec");
                break;
            }
            try
            {
                var ready = await ApplyAsync(cp, reference, hook, cancellation);
                done[reference.Name] = ready || !cp.WaitForHooks;
                if (!done[reference.Name]) again = Earlier(again, WaitFor(cp));
            }
            catch (ReconcileFailure e)
            {
                errors.Add(e.Message);
                if (e.RetryAfter is { } delay) again = Earlier(again, delay);
                else retry |= !e.Permanent;
            }
            catch (KubeApiException e)
            {
                errors.Add($"PostCreateHook \"{reference.Name}\": {e.Message}");
                retry = true;
            }
        }
        return new HookProgress
        {
            Done = done,
            Completed = done.Values.All(d => d),
            Error = errors.Count == 0 ? null : string.Join("; ", errors),
            Retry = retry,
            RequeueAfter = again,
        };
    }

    /// <summary>A hook that was created in one breath with the control plane may not have reached the cache.</summary>
    private async Task<JsonObject?> FindAsync(string name, CancellationToken cancellation) =>
        hosting.Hooks.Get(null, name) ?? await hosting.Client.FindAsync(Resources.PostCreateHooks.Named(name), cancellation);

    private async Task<bool> ApplyAsync(ControlPlane cp, HookReference reference, JsonObject hook, CancellationToken cancellation)
    {
        var variables = HookVariables.Of(hook, reference, cp);
        // All are rendered before the first is applied: a mistake in the last leaves nothing half done.
        var objects = (hook["spec"]?["templates"] as JsonArray ?? []).OfType<JsonObject>().Select((t, i) => HookTemplate.Render(t, i, reference.Name, variables)).ToList();
        var ready = true;
        for (var i = 0; i < objects.Count; i++)
        {
            var state = await applier.ApplyAsync(cp, reference.Name, i, objects[i], cancellation);
            ready &= state.IsReady;
        }
        return ready;
    }

    /// <summary>A third of the time waited so far: what comes up quickly is seen quickly, what takes long is not asked often.</summary>
    private TimeSpan WaitFor(ControlPlane cp)
    {
        var since = (string?)Conditions.Of(cp.Status).Find("Ready")?["lastTransitionTime"];
        var waited = DateTimeOffset.TryParse(since, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out var at)
            ? hosting.Time.GetUtcNow() - at : TimeSpan.Zero;
        var wait = waited / 3;
        return wait < ShortestWait ? ShortestWait : wait > LongestWait ? LongestWait : wait;
    }

    private static TimeSpan Earlier(TimeSpan? a, TimeSpan b) => a is { } other && other < b ? other : b;
}
