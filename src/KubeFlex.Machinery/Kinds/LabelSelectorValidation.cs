using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.Kinds;

/// <summary>Checks <c>metav1.LabelSelector</c> and tells whether it matches labels.</summary>
internal static class LabelSelectorValidation
{
    internal static void Validate(JsonObject? selector, string path, FieldErrors errors)
    {
        if (selector is null) return;
        ObjectMetaRules.Labels(selector.Object("matchLabels"), $"{path}.matchLabels", errors);
        foreach (var (term, at) in selector.Items("matchExpressions", path))
        {
            var values = term.Array("values")?.Count ?? 0;
            switch (term.Text("operator"))
            {
                case "In" or "NotIn" when values == 0:
                    errors.Required($"{at}.values", "must be specified when `operator` is 'In' or 'NotIn'");
                    break;
                case "Exists" or "DoesNotExist" when values > 0:
                    errors.Forbidden($"{at}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                    break;
                case "In" or "NotIn" or "Exists" or "DoesNotExist":
                    break;
                default:
                    errors.Invalid($"{at}.operator", term.Text("operator"), "not a valid selector operator");
                    break;
            }
            Rule.Report(Names.QualifiedName(term.Text("key")), $"{at}.key", term.Text("key"), errors);
            var i = 0;
            foreach (var value in term.Texts("values")) Rule.Report(Names.LabelValue(value), $"{at}.values[{i++}]", value, errors);
        }
    }

    internal static bool IsEmpty(JsonObject? selector) =>
        (selector.Object("matchLabels")?.Count ?? 0) == 0 && (selector.Array("matchExpressions")?.Count ?? 0) == 0;

    /// <summary>Absent selects nothing, empty selects everything.</summary>
    internal static bool Matches(JsonObject? selector, JsonObject? labels)
    {
        if (selector is null) return false;
        return (selector.Object("matchLabels") ?? []).All(want => labels?[want.Key] is { } v && v.AsText() == want.Value.AsText())
            && selector.Objects("matchExpressions").All(term =>
            {
                var value = labels?[term.Text("key")];
                var among = value is not null && term.Texts("values").Contains(value.AsText());
                return term.Text("operator") switch { "In" => among, "NotIn" => !among, "Exists" => value is not null, _ => value is null };
            });
    }
}
