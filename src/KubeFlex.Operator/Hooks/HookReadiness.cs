using System.Text.Json.Nodes;

namespace KubeFlex.Operator.Hooks;

/// <summary>How far an object that a hook made is.</summary>
/// <param name="IsReady">It does what it was made for.</param>
/// <param name="Failed">It never will: why; else null.</param>
internal readonly record struct HookObjectState(bool IsReady, string? Failed = null);

/// <summary>Readiness per kind: what KubeFlex waits for, and failed Jobs besides.</summary>
internal static class HookReadiness
{
    public static HookObjectState Of(JsonObject obj)
    {
        var status = obj["status"];
        return ((string?)obj["kind"], Group(obj)) switch
        {
            ("Deployment" or "StatefulSet" or "ReplicaSet", "apps") => new(Number(status?["readyReplicas"], 0) == Number(obj["spec"]?["replicas"], 1) && IsObserved(obj)),
            ("DaemonSet", "apps") => new(IsObserved(obj) && status?["desiredNumberScheduled"] is not null && Number(status["numberReady"], 0) == Number(status["desiredNumberScheduled"], 0)),
            ("Job", "batch") => Job(obj, status),
            ("CustomResourceDefinition", "apiextensions.k8s.io") => new(Condition(obj, "Established") is not null),
            ("Pod", "") => (string?)status?["phase"] switch
            {
                "Running" or "Succeeded" => new(true),
                "Failed" => new(false, $"{(string?)status["reason"] ?? "Failed"}: {(string?)status["message"] ?? "the pod failed"}"),
                _ => new(false),
            },
            _ => new(true),
        };
    }

    /// <summary>When a Job failed, or null.</summary>
    public static JsonObject? FailedCondition(JsonObject job) => Condition(job, "Failed");

    private static HookObjectState Job(JsonObject job, JsonNode? status)
    {
        if (Number(status?["succeeded"], 0) > 0) return new(true);
        return Condition(job, "Failed") is { } failed ? new(false, $"{(string?)failed["reason"] ?? "Failed"}: {(string?)failed["message"] ?? ""}") : new(false);
    }

    // Right after a change the numbers still speak of the former spec.
    private static bool IsObserved(JsonObject obj) => Number(obj["status"]?["observedGeneration"], 0) >= Number(obj["metadata"]?["generation"], 0);

    private static JsonObject? Condition(JsonObject obj, string type) =>
        (obj["status"]?["conditions"] as JsonArray ?? []).OfType<JsonObject>().FirstOrDefault(c => (string?)c["type"] == type && (string?)c["status"] == "True");

    private static string Group(JsonObject obj) => (string?)obj["apiVersion"] is { } v && v.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash ? v[..slash] : "";

    private static long Number(JsonNode? node, long otherwise) => node is JsonValue v && long.TryParse(v.ToString(), out var n) ? n : otherwise;
}
