using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.Kinds;

/// <summary>PodDisruptionBudgets.</summary>
internal sealed class PodDisruptionBudgetRules() : SpecStatusRules("""{"disruptionsAllowed":0,"currentHealthy":0,"desiredHealthy":0,"expectedPods":0}""")
{
    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec") ?? [];
        if (spec.Has("minAvailable") && spec.Has("maxUnavailable"))
        {
            // The value is upstream's internal struct.
            var shown = new JsonObject
            {
                ["MinAvailable"] = spec["minAvailable"]?.DeepClone(), ["Selector"] = spec["selector"]?.DeepClone(),
                ["MaxUnavailable"] = spec["maxUnavailable"]?.DeepClone(), ["UnhealthyPodEvictionPolicy"] = spec["unhealthyPodEvictionPolicy"]?.DeepClone(),
            };
            errors.Invalid("spec", shown, "minAvailable and maxUnavailable cannot be both set");
        }
        foreach (var name in (ReadOnlySpan<string>)["minAvailable", "maxUnavailable"])
        {
            Rule.IntOrPercent(spec[name], $"spec.{name}", errors);
            Rule.NotOver100Percent(spec[name], $"spec.{name}", errors);
        }
        LabelSelectorValidation.Validate(spec.Object("selector"), "spec.selector", errors);
        Rule.OneOfIfSet(spec, "unhealthyPodEvictionPolicy", "spec", errors, "AlwaysAllow", "IfHealthyBudget");
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors)
    {
        if (!WritesSpec(subresource))
            Rule.NonNegative(obj.Object("status"), "status", errors, "disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods");
    }
}

/// <summary>FlowSchemas.</summary>
internal sealed class FlowSchemaRules : SpecStatusRules
{
    public override void Default(JsonObject obj) => obj.Ensure("spec").DefaultZero("matchingPrecedence", 1000);

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec");
        if (spec.Number("matchingPrecedence") is (<= 0 or > 10000) and var precedence) errors.Invalid("spec.matchingPrecedence", precedence, precedence <= 0 ? "must be a positive value" : "must not be greater than 10000");
        Rule.Required(spec.Object("priorityLevelConfiguration"), "name", "spec.priorityLevelConfiguration", errors);
        if (spec.Object("distinguisherMethod") is { } method && method.Text("type") is not ("ByUser" or "ByNamespace"))
            errors.NotSupported("spec.distinguisherMethod", method.Text("type"), ["ByNamespace", "ByUser"]);
        foreach (var (rule, at) in spec.Items("rules", "spec"))
        {
            if (rule.Array("subjects") is not { Count: > 0 }) errors.Required($"{at}.subjects", "subjects must contain at least one value");
            foreach (var (subject, where) in rule.Items("subjects", at))
            {
                var member = subject.Text("kind") switch { "ServiceAccount" => "serviceAccount", "User" => "user", "Group" => "group", _ => "" };
                if (member.Length == 0) errors.NotSupported($"{where}.kind", subject.Text("kind"), ["Group", "ServiceAccount", "User"]);
                else if (!subject.Has(member)) errors.Required($"{where}.{member}", $"{member} is required when subject kind is '{subject.Text("kind")}'");
            }
            if (rule.Array("resourceRules") is not { Count: > 0 } && rule.Array("nonResourceRules") is not { Count: > 0 })
                errors.Required(at, "at least one of resourceRules and nonResourceRules has to be non-empty");
        }
    }
}

/// <summary>PriorityLevelConfigurations.</summary>
internal sealed class PriorityLevelConfigurationRules : SpecStatusRules
{
    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec");
        if (spec.Object("limited") is { } limited)
        {
            limited.Default("nominalConcurrencyShares", 30).Default("lendablePercent", 0);
            limited.Object("limitResponse").Object("queuing")?.DefaultZero("queues", 64).DefaultZero("handSize", 8).DefaultZero("queueLengthLimit", 50);
        }
        spec.Object("exempt")?.Default("nominalConcurrencyShares", 0).Default("lendablePercent", 0);
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec");
        switch (spec.Text("type"))
        {
            case "Exempt":
                if (spec.Has("limited")) errors.Forbidden("spec.limited", "must be nil if the type is not Limited");
                break;
            case "Limited":
                if (spec.Has("exempt")) errors.Forbidden("spec.exempt", "must be nil if the type is Limited");
                if (spec.Object("limited") is not { } limited)
                {
                    errors.Required("spec.limited", "must not be empty when type is Limited");
                    return;
                }
                var response = limited.Object("limitResponse").Text("type");
                if (response is not ("Queue" or "Reject"))
                    errors.NotSupported("spec.limited.limitResponse.type", response, ["Queue", "Reject"]);
                else if (response == "Queue" && !limited.Object("limitResponse").Has("queuing"))
                    errors.Required("spec.limited.limitResponse.queuing", "must not be empty if limited is Queue");
                break;
            default:
                errors.NotSupported("spec.type", spec.Text("type"), ["Exempt", "Limited"]);
                break;
        }
    }
}
