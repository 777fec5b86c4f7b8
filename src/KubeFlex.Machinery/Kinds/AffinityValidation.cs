using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.Kinds;

/// <summary>Rules of node, pod and anti-affinity.</summary>
internal static class AffinityValidation
{
    private const string Required = "requiredDuringSchedulingIgnoredDuringExecution";
    private const string Preferred = "preferredDuringSchedulingIgnoredDuringExecution";

    internal static void Validate(JsonObject? affinity, string path, FieldErrors errors)
    {
        if (affinity.Object("nodeAffinity") is { } node)
        {
            if (node.Object(Required) is { } selector) NodeSelector(selector, $"{path}.nodeAffinity.{Required}", errors);
            foreach (var (term, at) in node.Items(Preferred, $"{path}.nodeAffinity"))
            {
                Weight(term, at, errors);
                NodeTerm(term.Object("preference"), $"{at}.preference", errors);
            }
        }
        foreach (var kind in (ReadOnlySpan<string>)["podAffinity", "podAntiAffinity"])
        {
            foreach (var (term, at) in affinity.Object(kind).Items(Required, $"{path}.{kind}")) PodTerm(term, at, errors);
            foreach (var (term, at) in affinity.Object(kind).Items(Preferred, $"{path}.{kind}"))
            {
                Weight(term, at, errors);
                PodTerm(term.Object("podAffinityTerm"), $"{at}.podAffinityTerm", errors);
            }
        }
    }

    internal static void NodeSelector(JsonObject selector, string path, FieldErrors errors)
    {
        if (selector.Array("nodeSelectorTerms") is not { Count: > 0 })
            errors.Required($"{path}.nodeSelectorTerms", "must have at least one node selector term");
        foreach (var (term, at) in selector.Items("nodeSelectorTerms", path)) NodeTerm(term, at, errors);
    }

    private static void NodeTerm(JsonObject? term, string path, FieldErrors errors)
    {
        foreach (var (requirement, at) in term.Items("matchExpressions", path))
        {
            var values = requirement.Array("values")?.Count ?? 0;
            switch (requirement.Text("operator"))
            {
                case "In" or "NotIn" when values == 0:
                    errors.Required($"{at}.values", "must be specified when `operator` is 'In' or 'NotIn'");
                    break;
                case "Exists" or "DoesNotExist" when values > 0:
                    errors.Forbidden($"{at}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                    break;
                case "Gt" or "Lt" when values != 1:
                    errors.Required($"{at}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'");
                    break;
                case "In" or "NotIn" or "Exists" or "DoesNotExist" or "Gt" or "Lt":
                    break;
                default:
                    errors.Invalid($"{at}.operator", requirement.Text("operator"), "not a valid selector operator");
                    break;
            }
            Rule.Report(Names.QualifiedName(requirement.Text("key")), $"{at}.key", requirement.Text("key"), errors);
        }
    }

    private static void PodTerm(JsonObject? term, string path, FieldErrors errors)
    {
        LabelSelectorValidation.Validate(term.Object("labelSelector"), $"{path}.labelSelector", errors);
        LabelSelectorValidation.Validate(term.Object("namespaceSelector"), $"{path}.namespaceSelector", errors);
        foreach (var ns in term.Texts("namespaces")) Rule.Report(Names.DnsLabel(ns), $"{path}.namespace", ns, errors);
        var key = term.Text("topologyKey");
        if (key.Length == 0) errors.Required($"{path}.topologyKey", "can not be empty");
        else Rule.Report(Names.QualifiedName(key), $"{path}.topologyKey", key, errors);
    }

    private static void Weight(JsonObject term, string path, FieldErrors errors)
    {
        if (term.Number("weight") is null or < 1 or > 100) errors.Invalid($"{path}.weight", term.Number("weight") ?? 0, "must be in the range 1-100");
    }
}
