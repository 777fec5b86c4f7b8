using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.Kinds;

/// <summary>HorizontalPodAutoscalers, in both versions.</summary>
internal sealed class HorizontalPodAutoscalerRules : SpecStatusRules
{
    public override bool HasGeneration => false;

    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec").Default("minReplicas", 1);
        if (IsV1(obj)) return;
        if (spec.Array("metrics") is not { Count: > 0 })
            spec["metrics"] = JsonNode.Parse("""[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":80}}}]""");
        if (spec.Object("behavior") is not { } behavior) return;
        // A direction that is spoken of at all gets the rest of its rules; up is fast, down is what one likes within five minutes.
        if (behavior.Object("scaleUp") is { } up)
            up.Default("selectPolicy", "Max").Default("stabilizationWindowSeconds", 0)
                .Default("policies", JsonNode.Parse("""[{"type":"Pods","value":4,"periodSeconds":15},{"type":"Percent","value":100,"periodSeconds":15}]""")!);
        else behavior["scaleUp"] = JsonNode.Parse("""
            {"selectPolicy":"Max","stabilizationWindowSeconds":0,"policies":[{"type":"Pods","value":4,"periodSeconds":15},{"type":"Percent","value":100,"periodSeconds":15}]}
            """);
        behavior.Ensure("scaleDown").Default("selectPolicy", "Max").Default("policies", JsonNode.Parse("""[{"type":"Percent","value":100,"periodSeconds":15}]""")!);
    }

    public override void PrepareForCreate(JsonObject obj) => obj["status"] = IsV1(obj)
        ? new JsonObject { ["currentReplicas"] = 0, ["desiredReplicas"] = 0 }
        : new JsonObject { ["currentMetrics"] = null, ["desiredReplicas"] = 0 };

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec") ?? [];
        var (min, max) = (spec.Number("minReplicas"), spec.Number("maxReplicas") ?? 0);
        if (min is < 1) errors.Invalid("spec.minReplicas", min, "must be greater than or equal to 1");
        if (max < 1) errors.Invalid("spec.maxReplicas", max, "must be greater than 0");
        if (min is { } low && max < low) errors.Invalid("spec.maxReplicas", max, "must be greater than or equal to `minReplicas`");
        Target(spec.Object("scaleTargetRef"), "spec.scaleTargetRef", errors);
        if (spec.Number("targetCPUUtilizationPercentage") is < 1 and var percent)
            errors.Invalid("spec.targetCPUUtilizationPercentage", percent, "must be greater than 0");
        foreach (var (metric, at) in spec.Items("metrics", "spec"))
        {
            var type = metric.Text("type");
            if (type is not ("ContainerResource" or "External" or "Object" or "Pods" or "Resource"))
            {
                errors.NotSupported($"{at}.type", type, ["ContainerResource", "External", "Object", "Pods", "Resource"]);
                continue;
            }
            var member = char.ToLowerInvariant(type[0]) + type[1..];
            if (!metric.Has(member)) errors.Required($"{at}.{member}", $"must populate information for the given metric source");
        }
    }

    internal static bool IsV1(JsonObject obj) => obj.Text("apiVersion") == "autoscaling/v1";

    private static void Target(JsonObject? target, string at, FieldErrors errors)
    {
        foreach (var name in (ReadOnlySpan<string>)["kind", "name"])
            if (target.Text(name).Length == 0) errors.Required($"{at}.{name}");
            else Rule.Report(Names.PathSegment(target.Text(name)), $"{at}.{name}", target.Text(name), errors);
        var version = target.Text("apiVersion");
        if (Objects.GroupVersion.Parse(version) is not { } parsed) errors.Invalid($"{at}.apiVersion", version, $"unexpected GroupVersion string: {version}");
        else if (parsed.Group.Length == 0 && target.Text("kind") != "ReplicationController")
            errors.Invalid($"{at}.apiVersion", version, "apiVersion must specify API group");
    }
}
