using System.Text.Json.Nodes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.ControlPlanes;

/// <summary>Writes status and events, each only when something changed.</summary>
internal sealed class StatusWriter(HostingCluster hosting, EventRecorder events)
{
    public async Task WriteAsync(ControlPlane cp, Outcome outcome, CancellationToken cancellation)
    {
        var old = cp.Status;
        var now = HostingCluster.Timestamp(hosting.Time.GetUtcNow());
        var conditions = Conditions.Of(old);
        var sync = SyncState.Of(outcome);
        var changed = outcome.Ready is { } ready && conditions.Set("Ready", ready.IsReady, ready.Reason, ready.Message, now);
        var synced = !outcome.Unfinished && conditions.Set("Synced", sync.IsSynced, sync.Reason, sync.Message, now);
        changed |= conditions.Set("Progressing", outcome.Progress.IsProgressing, outcome.Progress.Reason, outcome.Progress.Message, now);

        var patch = new JsonObject();
        if (changed || synced) patch["conditions"] = conditions.ToJson();
        Set(patch, old, "observedGeneration", cp.Generation);
        if (outcome.SecretRef is { } secret) Set(patch, old, "secretRef", ToJson(secret));
        if (outcome.Hooks is { } hooks) Set(patch, old, "postCreateHooks", new JsonObject(hooks.Select(h => KeyValuePair.Create(h.Key, (JsonNode?)h.Value))));
        if (outcome.HookRevisions is { } revisions && (revisions.Count > 0 || old?["postCreateHookRevisions"] is not null))
            Set(patch, old, "postCreateHookRevisions", new JsonObject(revisions.Select(h => KeyValuePair.Create(h.Key, (JsonNode?)h.Value))));
        if (outcome.HooksCompleted is { } completed) Set(patch, old, "postCreateHookCompleted", completed);
        if (outcome.Certificates is { } certificates && (certificates.Count > 0 || old?["certificates"] is not null))
            Set(patch, old, "certificates", new JsonArray([.. certificates.Select(c => c.ToJson())]));
        if (patch.Count == 0) return;

        // Both are required by the schema; a status that has one only would be refused.
        if (old is null)
        {
            patch["conditions"] ??= conditions.ToJson();
            patch["observedGeneration"] ??= cp.Generation;
        }
        var writing = hosting.Client.PatchAsync(Resources.ControlPlanes.Named(cp.Name).Sub("status"), PatchKind.Merge, new JsonObject { ["status"] = patch }, cancellation);
        // Both in one breath, so that they share a sync of the disk; the event never fails.
        var telling = synced ? events.RecordAsync(cp, sync.EventType, sync.EventReason, sync.Message, cancellation) : Task.CompletedTask;
        await Task.WhenAll(writing, telling);
        hosting.ControlPlanes.Observe(await writing);
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

    /// <summary>The Synced condition and the event that goes with it.</summary>
    private sealed record SyncState(bool IsSynced, string Reason, string Message, string EventType, string EventReason)
    {
        public static SyncState Of(Outcome outcome) => outcome switch
        {
            { Paused: true } => new(false, "ReconcilePaused", "spec.paused is true: nothing is changed until it is false", "Normal", "ReconcilePaused"),
            { Error: null } => new(true, "ReconcileSuccess", "", "Normal", "SyncSuccess"),
            // What can be mended is a failure to sync; other reasons are events of their own.
            { ErrorReason: "ReconcileError" } => new(false, outcome.ErrorReason, outcome.Error, "Warning", "SyncFail"),
            _ => new(false, outcome.ErrorReason, outcome.Error, "Warning", outcome.ErrorReason),
        };
    }
}
