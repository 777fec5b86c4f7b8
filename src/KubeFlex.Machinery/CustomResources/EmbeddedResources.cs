using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Objects;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>Embedded resources are whole objects: they name their kind and carry valid metadata.</summary>
internal static class EmbeddedResources
{
    public static void Validate(JsonNode? node, Schema schema, FieldErrors errors) => Visit(node, schema, "", errors);

    /// <summary>Checks a default that is itself an embedded resource.</summary>
    public static void ValidateAt(JsonNode? node, Schema schema, string path, FieldErrors errors) => Visit(node, schema, path, errors);

    private static void Visit(JsonNode? node, Schema? schema, string path, FieldErrors errors)
    {
        if (schema?.Rules is null) return;
        if (node is JsonArray array)
        {
            for (var i = 0; i < array.Count; i++) Visit(array[i], schema.Items, $"{path}[{i}]", errors);
        }
        else if (node is JsonObject obj)
        {
            if (schema.EmbeddedResource) Check(obj, path, errors);
            foreach (var (name, value) in obj)
            {
                var member = schema.Properties.TryGetValue(name, out var known) ? known : schema.AdditionalProperties;
                Visit(value, member, path.Length == 0 ? name : $"{path}.{name}", errors);
            }
        }
    }

    private static void Check(JsonObject obj, string path, FieldErrors errors)
    {
        if (!obj.ContainsKey("apiVersion")) errors.Required($"{path}.apiVersion", "must not be empty");
        if (!obj.ContainsKey("kind")) errors.Required($"{path}.kind", "must not be empty");
        foreach (var (name, value) in obj)
        {
            var field = $"{path}.{name}";
            switch (name)
            {
                case "apiVersion" or "kind" when value.AsString() is null:
                    errors.Invalid(field, value, "must be a string");
                    break;
                case "apiVersion" or "kind" when value.AsString()!.Length == 0:
                    errors.Invalid(field, value, "must not be empty");
                    break;
                case "apiVersion" when GroupVersion.Parse(value.AsString()!) is null:
                    errors.Invalid(field, value, $"unexpected GroupVersion string: {value.AsString()}");
                    break;
                case "kind" when Names.Dns1035Label(value.AsString()!.ToLowerInvariant()) is { Count: > 0 } wrong:
                    errors.Invalid(field, value, $"may have mixed case, but should otherwise match: {string.Join(",", wrong)}");
                    break;
                case "metadata" when value is JsonObject metadata:
                    CheckMetadata(metadata, path, errors);
                    break;
                case "metadata" when value is not null:
                    errors.Invalid(field, value, "must be an object");
                    break;
            }
        }
    }

    private static void CheckMetadata(JsonObject metadata, string path, FieldErrors errors)
    {
        // An embedded object may be nameless: only what is there is checked.
        if (metadata.Count == 0 || (!metadata.ContainsKey("name") && !metadata.ContainsKey("generateName"))) return;
        var found = new FieldErrors();
        ObjectMetaRules.Validate(new JsonObject { ["metadata"] = metadata.DeepClone() }, metadata.Str("namespace").Length > 0, Names.PathSegment, found);
        foreach (var e in found) errors.Add(e with { Field = $"{path}.{e.Field}" });
    }
}
