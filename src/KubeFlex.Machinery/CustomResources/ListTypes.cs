using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>Items of sets and keys of map lists stand once (<c>x-kubernetes-list-type</c>).</summary>
internal static class ListTypes
{
    public static void Validate(JsonNode? node, Schema schema, FieldErrors errors) => Visit(node, schema, "", errors);

    private static void Visit(JsonNode? node, Schema? schema, string path, FieldErrors errors)
    {
        // Without rules the schema is a published type, whose lists are checked as metadata.
        if (schema?.Rules is null) return;
        if (node is JsonArray array)
        {
            if (schema.ListType != ListType.Atomic) CheckUnique(array, schema, path, errors);
            for (var i = 0; i < array.Count; i++) Visit(array[i], schema.Items, $"{path}[{i}]", errors);
        }
        else if (node is JsonObject obj)
        {
            foreach (var (name, value) in obj)
            {
                var member = schema.Properties.TryGetValue(name, out var known) ? known : schema.AdditionalProperties;
                Visit(value, member, path.Length == 0 ? name : $"{path}.{name}", errors);
            }
        }
    }

    private static void CheckUnique(JsonArray array, Schema schema, string path, FieldErrors errors)
    {
        var seen = new Dictionary<string, bool>(StringComparer.Ordinal);
        for (var i = 0; i < array.Count; i++)
        {
            var key = schema.ListType == ListType.Set ? array[i] : KeyOf(array[i], schema);
            var text = JsonReading.Canonical(key);
            // A value that stands three times is reported once, at its second place.
            if (!seen.TryGetValue(text, out var reported)) seen[text] = false;
            else if (!reported)
            {
                errors.Duplicate($"{path}[{i}]", key);
                seen[text] = true;
            }
        }
    }

    private static JsonObject KeyOf(JsonNode? item, Schema schema)
    {
        var key = new JsonObject();
        foreach (var name in schema.ListMapKeys.Order(StringComparer.Ordinal))
            if (item is JsonObject o && o.TryGetPropertyValue(name, out var value)) key[name] = value?.DeepClone();
        return key;
    }
}
