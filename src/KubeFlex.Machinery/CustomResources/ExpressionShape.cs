using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>Shape of <c>x-kubernetes-validations</c>; the expressions themselves are carried as they are.</summary>
internal static class ExpressionShape
{
    private static readonly string[] Reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

    public static void Check(JsonObject schema, string path, FieldErrors errors)
    {
        if (schema.Arr("x-kubernetes-validations") is not { } rules) return;
        for (var i = 0; i < rules.Count; i++)
        {
            var (rule, at) = (rules[i], $"{path}.x-kubernetes-validations[{i}]");
            var (text, message, expression, field) = (rule.Str("rule"), rule.Str("message"), rule.Str("messageExpression"), rule.Str("fieldPath"));
            if (text.Trim().Length == 0) errors.Required($"{at}.rule", "rule is not specified");
            else if (message.Length > 0 && message.Trim().Length == 0) errors.Invalid($"{at}.message", message, "message must be non-empty if specified");
            else if (HasBreak(message.Trim())) errors.Invalid($"{at}.message", message, "message must not contain line breaks");
            else if (HasBreak(text.Trim()) && message.Trim().Length == 0) errors.Required($"{at}.message", "message must be specified if rule contains line breaks");
            if (expression.Length > 0 && expression.Trim().Length == 0) errors.Required($"{at}.messageExpression", "messageExpression must be non-empty if specified");
            if (rule.Get("reason").AsString() is { } reason && !Reasons.Contains(reason)) errors.NotSupported($"{at}.reason", reason, Reasons);
            if (field.Length == 0) continue;
            if (field.Trim().Length == 0) errors.Invalid($"{at}.fieldPath", field, "fieldPath must be non-empty if specified");
            else if (HasBreak(field)) errors.Invalid($"{at}.fieldPath", field, "fieldPath must not contain line breaks");
            else if (!RefersToField(field.Trim(), schema)) errors.Invalid($"{at}.fieldPath", field, "fieldPath must be a valid path: does not refer to a valid field");
        }
    }

    private static bool HasBreak(string text) => text.AsSpan().IndexOfAny('\r', '\n') >= 0;

    // .name and ['name'], of properties and additional properties; items cannot be named.
    private static bool RefersToField(string text, JsonObject schema)
    {
        JsonNode? node = schema;
        for (var i = 0; i < text.Length;)
        {
            string name;
            if (text[i] == '.')
            {
                var end = text.AsSpan(i + 1).IndexOfAny('.', '[') is var n and >= 0 ? i + 1 + n : text.Length;
                (name, i) = (text[(i + 1)..end], end);
            }
            else if (text.AsSpan(i).StartsWith("['") && text.IndexOf("']", i, StringComparison.Ordinal) is var close and > 0)
            {
                (name, i) = (text[(i + 2)..close], close + 2);
            }
            else return false;
            node = node.Obj("properties").Obj(name) ?? node.Obj("additionalProperties");
            if (node is null || name.Length == 0) return false;
        }
        return true;
    }
}
