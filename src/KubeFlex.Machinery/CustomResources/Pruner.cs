using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>
/// Removes unknown members. A sub-tree that preserves unknown fields keeps them, but what it specifies is pruned again:
/// <code>spec: {x-kubernetes-preserve-unknown-fields: true, properties: {a: {type: object, properties: {b: …}}}}
/// {"spec":{"free":1,"a":{"b":1,"c":1}}}  →  {"spec":{"free":1,"a":{"b":1}}}, unknown: spec.a.c</code>
/// </summary>
internal static class Pruner
{
    public static void PruneRoot(JsonObject obj, Schema schema, List<string> unknown) => PruneObject(obj, schema, "", root: true, unknown);

    /// <summary>True when nothing had to go (for defaults, which must not hold unknown members).</summary>
    public static bool IsPruned(JsonNode? value, Schema schema)
    {
        var unknown = new List<string>();
        Prune(value?.DeepClone(), schema, "", unknown);
        return unknown.Count == 0;
    }

    private static void Prune(JsonNode? node, Schema? schema, string path, List<string> unknown)
    {
        switch (node)
        {
            case JsonObject obj:
                PruneObject(obj, schema, path, root: false, unknown);
                break;
            case JsonArray array:
                var items = schema?.Items ?? (schema?.PreserveUnknownFields == true ? Schema.Anything : null);
                for (var i = 0; i < array.Count; i++) Prune(array[i], items, $"{path}[{i}]", unknown);
                break;
        }
    }

    private static void PruneObject(JsonObject obj, Schema? schema, string path, bool root, List<string> unknown)
    {
        // Types without any member (FieldsV1) hold whatever they like.
        if (schema?.TypeName is not null && schema is { Properties.Count: 0, AdditionalProperties: null }) return;
        List<string>? gone = null;
        var embedded = schema is not null && (root || schema.EmbeddedResource);
        foreach (var (name, value) in obj)
        {
            var child = path.Length == 0 ? name : $"{path}.{name}";
            if (embedded && name is "apiVersion" or "kind") continue;
            if (embedded && name == "metadata")
            {
                PruneMetadata(value, schema!, child, unknown);
                continue;
            }
            if (schema is not null && schema.Properties.TryGetValue(name, out var known)) Prune(value, known, child, unknown);
            else if (schema?.AdditionalProperties is { } additional) Prune(value, additional, child, unknown);
            else if (schema?.PreserveUnknownFields == true) continue;
            else
            {
                (gone ??= []).Add(name);
                unknown.Add(child);
            }
        }
        foreach (var name in gone ?? []) obj.Remove(name);
    }

    // Metadata is decoded into ObjectMeta: unknown members and nulls do not survive it, whatever the definition preserves.
    private static void PruneMetadata(JsonNode? metadata, Schema schema, string path, List<string> unknown)
    {
        if (metadata is not JsonObject obj || !schema.Properties.TryGetValue("metadata", out var meta) || meta.PreserveUnknownFields) return;
        foreach (var name in obj.Where(p => p.Value is null && meta.Properties.ContainsKey(p.Key)).Select(p => p.Key).ToList()) obj.Remove(name);
        PruneObject(obj, meta, path, root: false, unknown);
    }
}
