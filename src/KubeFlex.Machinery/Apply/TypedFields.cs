using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Json;

namespace KubeFlex.Machinery.Apply;

/// <summary>Checks a value against its schema as apply does and lists the fields it states.</summary>
internal sealed class TypedFields
{
    private readonly FieldSet set = new();
    private readonly List<string> path = [];
    private readonly List<string> errors = [];

    /// <summary>The fields that an object states, and what is wrong with it in upstream's words (null when nothing is).</summary>
    internal static (FieldSet Set, string? Error) Of(Schema schema, JsonObject value)
    {
        var walk = new TypedFields();
        walk.Visit(schema, value);
        var error = walk.errors.Count switch
        {
            0 => null,
            1 => walk.errors[0],
            _ => string.Join('\n', walk.errors.Select(e => "  " + e).Prepend("errors:")),
        };
        return (walk.set, error);
    }

    private void Fail(string message) => errors.Add(path.Count == 0 ? message : $"{FieldSet.Display(path)}: {message}");

    private void Visit(Schema schema, JsonNode? value)
    {
        var kind = Shape.Of(schema, value);
        switch (kind)
        {
            case ShapeKind.Scalar:
                CheckScalar(schema, value);
                set.Insert(path);
                break;
            case ShapeKind.Atomic:
                if (schema.Type == SchemaType.Array && value is not (JsonArray or null)) Fail($"expected list, got &{{{JsonValues.GoText(value)}}}");
                else if (schema.Type == SchemaType.Object && value is not (JsonObject or null)) Fail($"expected map, got &{{{JsonValues.GoText(value)}}}");
                else CheckBelow(schema, value);
                set.Insert(path);
                break;
            case ShapeKind.Map:
                if (value is JsonObject members) Members(schema, members);
                else if (value is not null) Fail($"expected map, got &{{{JsonValues.GoText(value)}}}");
                break;
            default:
                if (value is JsonArray items) Items(schema, kind, items);
                else if (value is not null) Fail($"expected list, got &{{{JsonValues.GoText(value)}}}");
                break;
        }
    }

    private void Members(Schema schema, JsonObject members)
    {
        var isRoot = path.Count == 0;
        foreach (var (name, value) in members)
        {
            path.Add(PathElement.Field(name));
            if (Shape.Member(schema, name, isRoot) is { } member)
            {
                Visit(member, value);
                // Entries of maps and empty values are owned themselves; a declared member with content is owned through its content.
                if (value is null or JsonObject { Count: 0 } || !schema.Properties.ContainsKey(name)) set.Insert(path);
            }
            else
            {
                Fail("field not declared in schema");
            }
            path.RemoveAt(path.Count - 1);
        }
    }

    private void Items(Schema schema, ShapeKind kind, JsonArray items)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < items.Count; i++)
        {
            if (Shape.ItemElement(schema, kind, items[i], out var error) is not { } element)
            {
                Fail($"element {i}: {error}");
                continue;
            }
            if (!seen.Add(element)) Fail($"duplicate entries for key {PathElement.Display(element)}");
            path.Add(element);
            Visit(schema.Items ?? Schema.Anything, items[i]);
            set.Insert(path);
            path.RemoveAt(path.Count - 1);
        }
    }

    // Values inside an atomic one are checked but not owned one by one.
    private void CheckBelow(Schema schema, JsonNode? value)
    {
        var inner = new TypedFields();
        inner.path.AddRange(path);
        switch (value)
        {
            case JsonObject o when schema.Type == SchemaType.Object:
                inner.Members(schema, o);
                break;
            case JsonArray a when schema.Items is { } item:
                for (var i = 0; i < a.Count; i++)
                {
                    inner.path.Add($"i:{i}");
                    inner.Visit(item, a[i]);
                    inner.path.RemoveAt(inner.path.Count - 1);
                }
                break;
        }
        errors.AddRange(inner.errors);
    }

    private void CheckScalar(Schema schema, JsonNode? value)
    {
        if (value is null) return;
        var kind = value.GetValueKind();
        // Times and quantities are untyped scalars upstream.
        var untyped = schema.IntOrString || schema.Type == SchemaType.Any || schema.Format is "date-time" or "int-or-string" or "quantity";
        if (untyped)
        {
            if (value is not JsonValue) Fail($"expected any scalar, got &{{{JsonValues.GoText(value)}}}");
        }
        else if (schema.Type == SchemaType.String && kind != JsonValueKind.String)
        {
            Fail($"expected string, got &value.valueUnstructured{{Value:{GoSyntax(value)}}}");
        }
        else if (schema.Type is SchemaType.Integer or SchemaType.Number && kind != JsonValueKind.Number)
        {
            Fail($"expected numeric (int or float), got {JsonValues.GoType(value)}");
        }
        else if (schema.Type == SchemaType.Boolean && kind is not (JsonValueKind.True or JsonValueKind.False))
        {
            Fail($"expected boolean, got &{{{JsonValues.GoText(value)}}}");
        }
    }

    // Go's %#v.
    private static string GoSyntax(JsonNode? value) => value switch
    {
        null => "interface {}(nil)",
        JsonObject o => $"map[string]interface {{}}{{{string.Join(", ", o.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => $"\"{m.Key}\":{GoSyntax(m.Value)}"))}}}",
        JsonArray a => $"[]interface {{}}{{{string.Join(", ", a.Select(GoSyntax))}}}",
        _ => value.ToJsonString(KubeJson.Relaxed),
    };
}
