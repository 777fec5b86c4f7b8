using System.Globalization;
using System.Text.Json.Nodes;

namespace KubeFlex.Cli.Tenancy;

/// <summary>A condition of a control plane.</summary>
internal sealed record ConditionView(string Type, string Status, string Reason, string Message);

/// <summary>Where a control plane's kubeconfig is.</summary>
internal sealed record SecretRef(string Namespace, string Name, string? Key, string? InClusterKey);

/// <summary>Reads a ControlPlane document. Whatever is missing is empty: the object may be younger than its status.</summary>
internal sealed class ControlPlaneView(JsonObject obj)
{
    public JsonObject Document => obj;

    public string Name => Text(obj["metadata"]?["name"]);

    public string Uid => Text(obj["metadata"]?["uid"]);

    public string Type => Text(obj["spec"]?["type"]);

    /// <summary>What runs it; empty when the operator decides.</summary>
    public string Runtime => Text(obj["spec"]?["runtime"]);

    public string Backend => Text(obj["spec"]?["backend"]);

    public string Version => Text(obj["spec"]?["version"]);

    public string Created => Text(obj["metadata"]?["creationTimestamp"]);

    /// <summary>All hooks done, or none to do.</summary>
    public bool HooksCompleted => Hooks.Count == 0 || (obj["status"]?["postCreateHookCompleted"] is JsonValue v && v.TryGetValue(out bool done) && done);

    /// <summary>Its hooks in the order they run, each with whether it is done and its variables.</summary>
    public IReadOnlyList<(string Name, bool Done, string Variables)> Hooks
    {
        get
        {
            var hooks = (obj["spec"]?["postCreateHooks"] as JsonArray ?? []).OfType<JsonObject>().Select(h => (Name: Text(h["hookName"]), Vars: h["vars"] as JsonObject));
            if (Text(obj["spec"]?["postCreateHook"]) is { Length: > 0 } legacy) hooks = hooks.Prepend((legacy, obj["spec"]?["postCreateHookVars"] as JsonObject));
            return [.. hooks.DistinctBy(h => h.Name).Select(h => (h.Name, IsDone(h.Name), Pairs(h.Vars)))];
        }
    }

    public string GlobalVariables => Pairs(obj["spec"]?["globalVars"] as JsonObject);

    public IReadOnlyList<ConditionView> Conditions =>
        [.. (obj["status"]?["conditions"] as JsonArray ?? []).OfType<JsonObject>().Select(c => new ConditionView(Text(c["type"]), Text(c["status"]), Text(c["reason"]), Text(c["message"])))];

    public string Namespace => $"{Name}-system";

    public bool IsDeleting => obj["metadata"]?["deletionTimestamp"] is not null;

    public bool IsReady => Condition("Ready") is { Status: "True" };

    public ConditionView? Condition(string type) => Conditions.FirstOrDefault(c => c.Type == type);

    /// <summary>The operator's complaint, if it has one.</summary>
    public string? Problem => Condition("Synced") is { Status: "False", Message: { Length: > 0 } message } ? message : null;

    /// <summary>The operator goes no further until somebody changes what it complains of. An older complaint, about a spec that was changed since, does not count.</summary>
    public bool IsBlocked => Condition("Progressing") is { Status: "False", Reason: "Blocked" } && Number(obj["status"]?["observedGeneration"]) >= Number(obj["metadata"]?["generation"]);

    /// <summary>What stands between it and readiness, in the operator's words: its complaint, else the step it is at, else why it is not Ready.</summary>
    public string Waiting => Problem ?? Step ?? (Condition("Ready") is { Status: not "True" } ready ? ready.Message.Length > 0 ? ready.Message : ready.Reason : "the operator has not looked at it yet");

    private string? Step => Condition("Progressing") is { Status: "True", Reason: not "Retrying", Message: { Length: > 0 } message } ? message : null;

    public SecretRef? Secret => obj["status"]?["secretRef"] is JsonObject s && Text(s["name"]).Length > 0
        ? new(Text(s["namespace"]), Text(s["name"]), Optional(s["key"]), Optional(s["inClusterKey"])) : null;

    public TimeSpan? Age(DateTimeOffset now) =>
        DateTimeOffset.TryParse(Text(obj["metadata"]?["creationTimestamp"]), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? now - at : null;

    public static string Text(JsonNode? node) => node is JsonValue v && v.TryGetValue(out string? s) ? s : "";

    private static long Number(JsonNode? node) => node is JsonValue v && v.TryGetValue(out long n) ? n : 0;

    private bool IsDone(string hook) => obj["status"]?["postCreateHooks"]?[hook] is JsonValue v && v.TryGetValue(out bool done) && done;

    private static string Pairs(JsonObject? values) => string.Join(", ", (values ?? []).Select(p => $"{p.Key}={Text(p.Value)}"));

    private static string? Optional(JsonNode? node) => Text(node) is { Length: > 0 } s ? s : null;
}
