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
    public string Name => Text(obj["metadata"]?["name"]);

    public string Uid => Text(obj["metadata"]?["uid"]);

    public string Type => Text(obj["spec"]?["type"]);

    public string Namespace => $"{Name}-system";

    public bool IsDeleting => obj["metadata"]?["deletionTimestamp"] is not null;

    public bool IsReady => Condition("Ready") is { Status: "True" };

    public ConditionView? Condition(string type) => (obj["status"]?["conditions"] as JsonArray ?? []).OfType<JsonObject>()
        .Where(c => Text(c["type"]) == type).Select(c => new ConditionView(type, Text(c["status"]), Text(c["reason"]), Text(c["message"]))).FirstOrDefault();

    /// <summary>The operator's complaint, if it has one.</summary>
    public string? Problem => Condition("Synced") is { Status: "False", Message: { Length: > 0 } message } ? message : null;

    /// <summary>What stands between it and readiness, in the operator's words.</summary>
    public string Waiting => Problem ?? (Condition("Ready") is { Status: not "True" } ready ? ready.Message.Length > 0 ? ready.Message : ready.Reason : "the operator has not looked at it yet");

    public SecretRef? Secret => obj["status"]?["secretRef"] is JsonObject s && Text(s["name"]).Length > 0
        ? new(Text(s["namespace"]), Text(s["name"]), Optional(s["key"]), Optional(s["inClusterKey"])) : null;

    public TimeSpan? Age(DateTimeOffset now) =>
        DateTimeOffset.TryParse(Text(obj["metadata"]?["creationTimestamp"]), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? now - at : null;

    public static string Text(JsonNode? node) => node is JsonValue v && v.TryGetValue(out string? s) ? s : "";

    private static string? Optional(JsonNode? node) => Text(node) is { Length: > 0 } s ? s : null;
}
