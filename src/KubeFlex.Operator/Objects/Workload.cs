using System.Text.Json.Nodes;

namespace KubeFlex.Operator.Objects;

/// <summary>Readiness of Deployments, StatefulSets and Jobs.</summary>
internal static class Workload
{
    /// <summary>Null when all replicas that are asked for are ready, else how far it is. KubeFlex's rule: ready = present = asked for, and more than none.</summary>
    public static string? NotReady(JsonObject? workload, string kind, string name)
    {
        if (workload is null) return $"{kind} \"{name}\" does not exist yet";
        var (status, wanted) = (workload["status"], Number(workload["spec"]?["replicas"], 1));
        // Right after a change the numbers still speak of the former spec.
        if (Number(status?["observedGeneration"], 0) < Number(workload["metadata"]?["generation"], 0)) return $"{kind} \"{name}\": waiting for its controller to take up the change";
        var ready = Number(status?["readyReplicas"], 0);
        return wanted > 0 && ready == wanted && Number(status?["replicas"], 0) == wanted ? null : $"{kind} \"{name}\": {ready} of {wanted} replicas are ready";
    }

    public static bool Succeeded(JsonObject job) => Number(job["status"]?["succeeded"], 0) > 0;

    /// <summary>Why a Job failed for good, or null.</summary>
    public static string? Failure(JsonObject job) =>
        FailedCondition(job) is { } failed
            ? $"{(string?)failed["reason"] ?? "Failed"}: {(string?)failed["message"] ?? ""}" : null;

    /// <summary>When it did, or null.</summary>
    public static DateTimeOffset? FailedAt(JsonObject job) => Hosting.HostingCluster.ParseTime(
        (string?)FailedCondition(job)?["lastTransitionTime"] ?? (string?)job["metadata"]?["creationTimestamp"]);

    private static JsonObject? FailedCondition(JsonObject job) => (job["status"]?["conditions"] as JsonArray ?? []).OfType<JsonObject>()
        .FirstOrDefault(c => (string?)c["type"] == "Failed" && (string?)c["status"] == "True");

    private static long Number(JsonNode? node, long otherwise) => node is JsonValue v && long.TryParse(v.ToString(), out var n) ? n : otherwise;
}
