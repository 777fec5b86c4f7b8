using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.Apply;

/// <summary>How a value is owned: as one, member by member, or item by item.</summary>
internal enum ShapeKind
{
    Scalar,
    Atomic,
    Map,
    Set,
    KeyedList,
}

/// <summary>What a schema says about a value to server-side apply (structured-merge-diff's schema, derived from OpenAPI).</summary>
internal static class Shape
{
    // Custom resources may leave metadata to the server.
    private static readonly Schema Metadata = new()
    {
        Type = SchemaType.Object,
        PreserveUnknownFields = true,
        Properties = new Dictionary<string, Schema>
        {
            ["labels"] = new() { Type = SchemaType.Object, AdditionalProperties = new() { Type = SchemaType.String } },
            ["annotations"] = new() { Type = SchemaType.Object, AdditionalProperties = new() { Type = SchemaType.String } },
            ["finalizers"] = new() { Type = SchemaType.Array, ListType = ListType.Set, Items = new() { Type = SchemaType.String } },
            ["ownerReferences"] = new() { Type = SchemaType.Array, ListType = ListType.Map, ListMapKeys = ["uid"], Items = Schema.Anything },
        },
    };

    private static readonly Schema Text = new() { Type = SchemaType.String };

    internal static ShapeKind Of(Schema schema, JsonNode? value) => schema.Type switch
    {
        SchemaType.Object => schema.AtomicMap ? ShapeKind.Atomic : ShapeKind.Map,
        SchemaType.Array => schema.ListType switch
        {
            ListType.Set => ShapeKind.Set,
            ListType.Map => ShapeKind.KeyedList,
            _ => ShapeKind.Atomic,
        },
        SchemaType.Any when schema.Properties.Count > 0 || schema.AdditionalProperties is not null => schema.AtomicMap ? ShapeKind.Atomic : ShapeKind.Map,
        // Nothing is stated: objects of schemas that keep unknown fields are owned by member, all else as one.
        SchemaType.Any => value switch
        {
            JsonObject when schema.PreserveUnknownFields && !schema.AtomicMap => ShapeKind.Map,
            JsonObject or JsonArray => ShapeKind.Atomic,
            _ => ShapeKind.Scalar,
        },
        _ => ShapeKind.Scalar,
    };

    /// <summary>The schema of a member, or null when it is not declared.</summary>
    internal static Schema? Member(Schema schema, string name, bool isRoot)
    {
        var member = schema.Member(name);
        if (isRoot)
        {
            if (name == "metadata" && (member is null || member.Properties.Count == 0)) return Metadata;
            if (name is "apiVersion" or "kind") return member ?? Text;
        }
        if (member is not null) return member;
        // Published types that are objects without members (RawExtension, FieldsV1) hold anything.
        return schema.TypeName is not null && schema.Properties.Count == 0 ? Schema.Anything : null;
    }

    /// <summary>
    /// The element that names an item of a set or keyed list; a missing key takes its default. Null with the reason when the item has none.
    /// </summary>
    internal static string? ItemElement(Schema list, ShapeKind kind, JsonNode? item, out string? error)
    {
        error = null;
        if (kind == ShapeKind.Set)
        {
            error = item switch
            {
                null => "associative list without keys has an element that's an explicit null",
                JsonObject => "associative list without keys has an element that's a map type",
                JsonArray => "not supported: associative list with lists as elements",
                _ => null,
            };
            return error is null ? PathElement.Value(item) : null;
        }
        if (item is not JsonObject members)
        {
            error = item is null ? "associative list with keys may not have a null element" : "associative list with keys may not have non-map elements";
            return null;
        }
        var keys = new List<KeyValuePair<string, JsonNode?>>(list.ListMapKeys.Count);
        foreach (var key in list.ListMapKeys)
        {
            if (members.TryGetPropertyValue(key, out var value)) keys.Add(new(key, value));
            else if (list.Items?.Member(key)?.PublishedDefault is { } fallback) keys.Add(new(key, fallback));
            else
            {
                error = $"associative list with keys has an element that omits key field \"{key}\" (and doesn't have default value)";
                return null;
            }
        }
        return PathElement.Key(keys);
    }

    /// <summary>
    /// What Go's JSON of a fresh object of a built-in kind holds before anything is set: its structs, its members without omitempty. These
    /// are there before a creator comes and so do not become his.
    /// </summary>
    internal static JsonObject Fresh(Schema schema)
    {
        var fresh = new JsonObject();
        if (schema.TypeName is not null) SchemaDecoding.Complete(fresh, schema);
        return fresh;
    }
}
