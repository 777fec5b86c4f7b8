using System.Text.Json.Nodes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.ControlPlanes;

/// <summary>What a pass found out about a control plane.</summary>
internal sealed record Outcome
{
    /// <summary>Why the pass did not do all it should, or null: the Synced condition.</summary>
    public string? Error { get; init; }

    /// <summary>The Ready condition; null leaves it as it was.</summary>
    public ReadyState? Ready { get; init; }

    public SecretReference? SecretRef { get; init; }

    /// <summary>Which hooks are done; null leaves it as it was.</summary>
    public IReadOnlyDictionary<string, bool>? Hooks { get; init; }

    public bool? HooksCompleted { get; init; }
}

/// <summary>Status, reason and message of the Ready condition.</summary>
internal sealed record ReadyState(bool IsReady, string Reason, string Message)
{
    public static readonly ReadyState Available = new(true, "Available", "");
    public static readonly ReadyState WaitingForHooks = new(false, "WaitingForPostCreateHooks", "Waiting for PostCreateHook completion");

    public static ReadyState Unavailable(string why) => new(false, "Unavailable", why);
}

/// <summary>Writes status and events, each only when something changed.</summary>
internal sealed class StatusWriter(HostingCluster hosting, EventRecorder events)
{
    public async Task WriteAsync(ControlPlane cp, Outcome outcome, CancellationToken cancellation)
    {
        var old = cp.Status;
        var now = HostingCluster.Timestamp(hosting.Time.GetUtcNow());
        var conditions = Conditions.Of(old);
        var changed = outcome.Ready is { } ready && conditions.Set("Ready", ready.IsReady, ready.Reason, ready.Message, now);
        var synced = conditions.Set("Synced", outcome.Error is null, outcome.Error is null ? "ReconcileSuccess" : "ReconcileError", outcome.Error ?? "", now);

        var patch = new JsonObject();
        if (changed || synced) patch["conditions"] = conditions.ToJson();
        Set(patch, old, "observedGeneration", cp.Generation);
        if (outcome.SecretRef is { } secret) Set(patch, old, "secretRef", ToJson(secret));
        if (outcome.Hooks is { } hooks) Set(patch, old, "postCreateHooks", new JsonObject(hooks.Select(h => KeyValuePair.Create(h.Key, (JsonNode?)h.Value))));
        if (outcome.HooksCompleted is { } completed) Set(patch, old, "postCreateHookCompleted", completed);
        if (patch.Count == 0) return;

        // Both are required by the schema; a status that has one only would be refused.
        if (old is null)
        {
            patch["conditions"] ??= conditions.ToJson();
            patch["observedGeneration"] ??= cp.Generation;
        }
        hosting.ControlPlanes.Observe(await hosting.Client.PatchAsync(
            Resources.ControlPlanes.Named(cp.Name).Sub("status"), PatchKind.Merge, new JsonObject { ["status"] = patch }, cancellation));
        if (synced)
            await events.RecordAsync(cp, outcome.Error is null ? "Normal" : "Warning", outcome.Error is null ? "SyncSuccess" : "SyncFail", outcome.Error ?? "", cancellation);
    }

    private static void Set(JsonObject patch, JsonObject? old, string field, JsonNode value)
    {
        if (JsonNode.DeepEquals(old?[field], value)) return;
        patch[field] = value;
        // A merge patch keeps members that it does not name: those that are gone must be named.
        if (value is JsonObject map && old?[field] is JsonObject before)
        {
            foreach (var (key, _) in before)
            {
                if (!map.ContainsKey(key)) map[key] = null;
            }
        }
    }

    private static JsonObject ToJson(SecretReference secret)
    {
        var o = new JsonObject { ["namespace"] = secret.Namespace, ["name"] = secret.Name };
        if (secret.Key is not null) o["key"] = secret.Key;
        o["inClusterKey"] = secret.InClusterKey;
        return o;
    }
}
