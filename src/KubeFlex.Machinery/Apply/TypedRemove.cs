using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;

namespace KubeFlex.Machinery.Apply;

/// <summary>Takes fields out of an object.</summary>
internal static class TypedRemove
{
    internal static JsonObject Remove(Schema schema, JsonObject value, FieldSet fields) => (JsonObject)Remove(schema, value, fields, isRoot: true)!;

    private static JsonNode? Remove(Schema schema, JsonNode? value, FieldSet fields, bool isRoot)
    {
        var kind = Shape.Of(schema, value);
        switch (value)
        {
            case JsonObject members when kind == ShapeKind.Map:
                var kept = new JsonObject();
                foreach (var (name, member) in members)
                {
                    var below = fields.Child(PathElement.Field(name));
                    if (below is null) kept[name] = member?.DeepClone();
                    else if (!below.IsMember) kept[name] = Remove(Shape.Member(schema, name, isRoot) ?? Schema.Anything, member, below, false);
                }
                return kept;
            case JsonArray items when kind is ShapeKind.Set or ShapeKind.KeyedList:
                var rest = new JsonArray();
                foreach (var item in items)
                {
                    var below = Shape.ItemElement(schema, kind, item, out _) is { } element ? fields.Child(element) : null;
                    if (below is null) rest.Add(item?.DeepClone());
                    else if (!below.IsMember) rest.Add(Remove(schema.Items ?? Schema.Anything, item, below, false));
                }
                return rest;
            default:
                return value?.DeepClone();
        }
    }

    /// <summary>
    /// The set with the declared members on the way to its fields: giving up <c>data.a</c> gives up <c>data</c> too, unless somebody else
    /// holds something in it. Entries of maps are not declared members and stay out.
    /// </summary>
    internal static FieldSet WithDeclaredParents(Schema? schema, FieldSet fields, bool isRoot = true)
    {
        if (schema is null || !fields.HasChildren) return fields;
        return FieldSet.Node(fields.IsMember, fields.Children.Select(c =>
        {
            if (!c.Key.StartsWith("f:", StringComparison.Ordinal)) return KeyValuePair.Create(c.Key, WithDeclaredParents(schema.Items, c.Value, false));
            var name = c.Key[2..];
            var below = WithDeclaredParents(Shape.Member(schema, name, isRoot), c.Value, false);
            var declared = schema.Properties.ContainsKey(name) || (isRoot && name == "metadata");
            return KeyValuePair.Create(c.Key, declared && !below.IsMember ? FieldSet.Node(true, below.Children) : below);
        }));
    }
}
