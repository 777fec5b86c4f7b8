using System.Text.Json.Nodes;
using KubeFlex.Machinery.CustomResources;

namespace KubeFlex.Machinery.Tables.Printers;

/// <summary>What an autoscaler sees and wants: <c>cpu: 40%/80%, 3/10</c>, two metrics at most.</summary>
internal static class AutoscalerTargets
{
    private const string Unknown = "<unknown>";

    public static string Format(JsonObject? spec, JsonObject? status)
    {
        // autoscaling/v1 knows the CPU only.
        if (spec.Long("targetCPUUtilizationPercentage") is { } wanted)
            return $"cpu: {(status.Long("currentCPUUtilizationPercentage") is { } seen ? $"{seen}%" : Unknown)}/{wanted}%";
        var metrics = spec.Items("metrics").ToList();
        if (metrics.Count == 0) return CellWriter.None;
        var current = status.Items("currentMetrics").ToList();
        var shown = metrics.Take(2).Select((m, i) => Metric(m, i < current.Count ? current[i] : null));
        var text = string.Join(", ", shown);
        return metrics.Count > 2 ? $"{text} + {metrics.Count - 2} more..." : text;
    }

    private static string Metric(JsonNode? metric, JsonNode? current)
    {
        var type = metric.Str("type");
        var source = type switch { "Resource" => "resource", "ContainerResource" => "containerResource", "Pods" => "pods", "Object" => "object", "External" => "external", _ => "" };
        if (source.Length == 0) return "<unknown type>";
        var (target, seen) = (metric.Obj(source).Obj("target"), current.Obj(source).Obj("current"));
        var label = type is "Resource" or "ContainerResource" ? $"{metric.Obj(source).Str("name")}: " : "";
        if (type is "Resource" or "ContainerResource" && target.Get("averageValue") is null)
        {
            var utilization = seen.Long("averageUtilization") is { } u ? $"{u}%" : Unknown;
            return $"{label}{utilization}/{(target.Long("averageUtilization") is { } w ? $"{w}%" : "<auto>")}";
        }
        if (target.Get("averageValue") is { } average)
        {
            var suffix = type is "Object" or "External" ? " (avg)" : "";
            return $"{label}{seen.Get("averageValue").Text().Or(Unknown)}/{average.Text()}{suffix}";
        }
        return $"{label}{seen.Get("value").Text().Or(Unknown)}/{target.Get("value").Text()}";
    }
}
