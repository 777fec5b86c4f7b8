using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>Defaults of structural schemas: absent members, and nulls where null is no value, get the default; defaults apply inside defaults too.</summary>
internal static class Defaulter
{
    /// <summary>Drops nulls that are no value and have no default, as upstream does before it fills in defaults.</summary>
    public static void DropNulls(JsonNode? node, Schema? schema)
    {
        if (schema is null) return;
        if (node is JsonArray array)
        {
            foreach (var item in array) DropNulls(item, schema.Items);
            return;
        }
        if (node is not JsonObject obj) return;
        List<string>? gone = null;
        foreach (var (name, value) in obj)
        {
            if (Governing(schema, name) is not { } member) continue;
            if (value is null && !member.Nullable && member.Default is null) (gone ??= []).Add(name);
            else DropNulls(value, member);
        }
        foreach (var name in gone ?? []) obj.Remove(name);
    }

    public static void Default(JsonNode? node, Schema? schema)
    {
        if (schema is null) return;
        if (node is JsonArray array)
        {
            for (var i = 0; i < array.Count; i++)
            {
                if (array[i] is null && schema.Items is { Nullable: false, Default: { } item }) array[i] = item.DeepClone();
                Default(array[i], schema.Items);
            }
            return;
        }
        if (node is not JsonObject obj) return;
        foreach (var (name, member) in schema.Properties)
        {
            if (member.Default is null || Governing(schema, name) is null) continue;
            if (!obj.TryGetPropertyValue(name, out var value) || value is null && !member.Nullable) obj[name] = member.Default.DeepClone();
        }
        foreach (var name in obj.Select(p => p.Key).ToList())
        {
            if (Governing(schema, name) is not { } member) continue;
            if (obj[name] is null && !member.Nullable && member.Default is { } value) obj[name] = value.DeepClone();
            Default(obj[name], member);
        }
    }

    // Published types state defaults that only describe Go's zero values; inside them only what the definition itself adds (it has rules) counts.
    private static Schema? Governing(Schema schema, string name)
    {
        if (!schema.Properties.TryGetValue(name, out var member)) return schema.TypeName is null ? Own(schema.AdditionalProperties) : null;
        return schema.TypeName is null || member.Rules is not null ? member : null;
    }

    private static Schema? Own(Schema? schema) => schema?.Rules is null ? null : schema;
}
