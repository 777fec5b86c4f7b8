using System.Text.Json.Nodes;

namespace KubeFlex.Machinery.Kinds;

/// <summary>
/// HorizontalPodAutoscaler between v1 and v2. Version 1 knows one metric, the use of cpu in percent; all else travels as JSON in annotations, so
/// nothing is lost on the way there and back.
/// </summary>
internal static class AutoscalingConversion
{
    private const string Metrics = "autoscaling.alpha.kubernetes.io/metrics";
    private const string CurrentMetrics = "autoscaling.alpha.kubernetes.io/current-metrics";
    private const string Conditions = "autoscaling.alpha.kubernetes.io/conditions";
    private const string Behavior = "autoscaling.alpha.kubernetes.io/behavior";

    internal static JsonObject ToV1(JsonObject obj)
    {
        var v1 = (JsonObject)obj.DeepClone();
        v1["apiVersion"] = "autoscaling/v1";
        if (v1.Object("spec") is { } spec)
        {
            var others = new JsonArray();
            foreach (var metric in spec.Objects("metrics"))
                if (CpuPercent(metric, "target") is { } percent && !spec.Has("targetCPUUtilizationPercentage")) spec["targetCPUUtilizationPercentage"] = percent;
                else others.Add(Old(metric, "target", "target"));
            spec.Remove("metrics");
            Keep(v1, Metrics, others);
            if (spec.Object("behavior") is { } behavior) Annotate(v1, Behavior, behavior);
            spec.Remove("behavior");
        }
        if (v1.Object("status") is { } status)
        {
            var current = new JsonArray();
            foreach (var metric in status.Objects("currentMetrics"))
            {
                if (CpuPercent(metric, "current") is { } percent) status["currentCPUUtilizationPercentage"] = percent;
                current.Add(Old(metric, "current", "current"));
            }
            Keep(v1, CurrentMetrics, current);
            Keep(v1, Conditions, status.Array("conditions")?.DeepClone() as JsonArray ?? []);
            status.Remove("currentMetrics");
            status.Remove("conditions");
            status.Default("currentReplicas", 0);
        }
        return v1;
    }

    internal static JsonObject ToV2(JsonObject obj)
    {
        var v2 = (JsonObject)obj.DeepClone();
        v2["apiVersion"] = "autoscaling/v2";
        if (v2.Object("spec") is { } spec)
        {
            var metrics = new JsonArray();
            foreach (var metric in Take(v2, Metrics) as JsonArray ?? []) if (metric is JsonObject m) metrics.Add(New(m, "target", "target"));
            if (spec.Number("targetCPUUtilizationPercentage") is { } percent)
                metrics.Add(new JsonObject
                {
                    ["type"] = "Resource",
                    ["resource"] = new JsonObject { ["name"] = "cpu", ["target"] = new JsonObject { ["type"] = "Utilization", ["averageUtilization"] = percent } },
                });
            spec.Remove("targetCPUUtilizationPercentage");
            if (metrics.Count > 0) spec["metrics"] = metrics;
            if (Take(v2, Behavior) is JsonObject behavior) spec["behavior"] = behavior;
        }
        if (v2.Object("status") is { } status)
        {
            var metrics = new JsonArray();
            foreach (var metric in Take(v2, CurrentMetrics) as JsonArray ?? []) if (metric is JsonObject m) metrics.Add(New(m, "current", "current"));
            if (metrics.Count == 0 && status.Number("currentCPUUtilizationPercentage") is { } percent)
                metrics.Add(new JsonObject
                {
                    ["type"] = "Resource",
                    ["resource"] = new JsonObject { ["name"] = "cpu", ["current"] = new JsonObject { ["averageUtilization"] = percent } },
                });
            status.Remove("currentCPUUtilizationPercentage");
            status["currentMetrics"] = metrics.Count > 0 ? metrics : null;
            if (Take(v2, Conditions) is JsonArray conditions) status["conditions"] = conditions;
            if (status.Number("currentReplicas") == 0) status.Remove("currentReplicas");
        }
        if (v2.Object("metadata") is { } meta && meta.Object("annotations") is { Count: 0 }) meta.Remove("annotations");
        return v2;
    }

    private static long? CpuPercent(JsonObject metric, string part) =>
        metric.Text("type") == "Resource" && metric.Object("resource").Text("name") == "cpu" ? metric.Object("resource").Object(part).Number("averageUtilization") : null;

    // v2 nests name and selector under "metric" and amounts under target or current; v1 has them flat with longer names.
    private static JsonObject Old(JsonObject metric, string prefix, string part)
    {
        var old = new JsonObject { ["type"] = metric.Text("type") };
        foreach (var (kind, value) in metric)
        {
            if (value is not JsonObject source) continue;
            var flat = new JsonObject();
            foreach (var name in (ReadOnlySpan<string>)["name", "container"])
                if (source[name] is { } v) flat[name] = v.DeepClone();
            if (source.Object("describedObject") is { } described) flat["target"] = described.DeepClone();
            if (source.Object("metric") is { } identity)
            {
                flat["metricName"] = identity.Text("name");
                if (identity["selector"] is { } selector) flat[kind == "external" ? "metricSelector" : "selector"] = selector.DeepClone();
            }
            foreach (var (name, amount) in source.Object(part) ?? [])
                if (name != "type" && amount is not null) flat[OldName(name, kind, prefix)] = amount.DeepClone();
            old[kind] = flat;
        }
        return old;
    }

    private static string OldName(string name, string kind, string prefix) =>
        name == "averageValue" && kind == "object" ? name : prefix + char.ToUpperInvariant(name[0]) + name[1..];

    private static JsonObject New(JsonObject metric, string prefix, string part)
    {
        var made = new JsonObject { ["type"] = metric.Text("type") };
        foreach (var (kind, value) in metric)
        {
            if (value is not JsonObject flat) continue;
            var source = new JsonObject();
            var amounts = new JsonObject();
            foreach (var (name, v) in flat)
            {
                if (v is null) continue;
                if (name is "name" or "container") source[name] = v.DeepClone();
                else if (name == "target" && v is JsonObject described) source["describedObject"] = described.DeepClone();
                else if (name == "metricName") source.Ensure("metric")["name"] = v.DeepClone();
                else if (name is "selector" or "metricSelector") source.Ensure("metric")["selector"] = v.DeepClone();
                else if (name == "averageValue") amounts[name] = v.DeepClone();
                else if (name.StartsWith(prefix, StringComparison.Ordinal) && name.Length > prefix.Length)
                    amounts[char.ToLowerInvariant(name[prefix.Length]) + name[(prefix.Length + 1)..]] = v.DeepClone();
            }
            if (part == "target")
                amounts["type"] = amounts.Has("averageUtilization") ? "Utilization" : amounts.Has("averageValue") ? "AverageValue" : "Value";
            source[part] = amounts;
            made[kind] = source;
        }
        return made;
    }

    private static void Keep(JsonObject obj, string annotation, JsonArray values)
    {
        if (values.Count > 0) Annotate(obj, annotation, values);
    }

    private static void Annotate(JsonObject obj, string annotation, JsonNode value) =>
        obj.Ensure("metadata").Ensure("annotations")[annotation] = value.ToJsonString(Json.KubeJson.Relaxed);

    private static JsonNode? Take(JsonObject obj, string annotation)
    {
        if (obj.Object("metadata").Object("annotations") is not { } annotations || annotations.Text(annotation) is not { Length: > 0 } text) return null;
        annotations.Remove(annotation);
        try
        {
            return JsonNode.Parse(text);
        }
        catch (System.Text.Json.JsonException)
        {
            // Written by hand and broken: upstream ignores it as well.
            return null;
        }
    }
}
