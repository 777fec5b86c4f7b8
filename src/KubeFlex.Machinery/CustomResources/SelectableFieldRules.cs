using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>Fields that selectors may name: at most eight scalars of the schema, none in metadata.</summary>
internal static class SelectableFieldRules
{
    private const int Most = 8;

    public static void Check(JsonArray? fields, JsonObject? schema, string path, FieldErrors errors)
    {
        if (fields is null or { Count: 0 }) return;
        if (schema is null)
        {
            errors.Invalid(path, "", "schema is required to validate selectable fields");
            return;
        }
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < fields.Count; i++)
        {
            var (text, field) = (fields[i].Str("jsonPath"), $"{path}[{i}].jsonPath");
            if (text.Length == 0)
            {
                errors.Required(field);
                continue;
            }
            if (Find(text, schema, out var why) is not { } found)
            {
                errors.Invalid(field, text, $"is an invalid path: {why}");
                continue;
            }
            if (text.StartsWith(".metadata", StringComparison.Ordinal)) errors.Invalid(field, text, "must not point to fields in metadata");
            if (found.Str("type") is not ("string" or "boolean" or "integer"))
                errors.Invalid(field, text, "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.");
            if (!seen.Add(text)) errors.Duplicate(field, text);
        }
        if (seen.Count > Most) errors.TooMany(path, seen.Count, Most);
    }

    private static JsonObject? Find(string text, JsonObject schema, out string why)
    {
        why = "";
        if (!text.StartsWith('.'))
        {
            why = $"expected [ or . but got: {text.Split('.', '[')[0]}";
            return null;
        }
        var node = schema;
        foreach (var name in text[1..].Split('.'))
        {
            if (name.Contains('[', StringComparison.Ordinal))
            {
                why = "array notation is not allowed";
                return null;
            }
            var next = node.Obj("properties").Obj(name) ?? (node == schema && name == "metadata" ? [] : node.Obj("additionalProperties"));
            if (next is null)
            {
                why = "does not refer to a valid field";
                return null;
            }
            node = next;
        }
        return node;
    }
}
