using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.CustomResources;

namespace KubeFlex.Machinery.Tables;

/// <summary>Cells of custom resources (<c>apiextensions-apiserver/pkg/registry/customresource/tableconvertor</c>): the value at the column's path, as the column's type; null where there is none.</summary>
internal static class CustomCells
{
    public static JsonArray Print(ResourceInfo resource, JsonObject obj, DateTimeOffset now)
    {
        var cells = new JsonArray(obj.Name());
        foreach (var column in resource.Columns.Skip(1))
        {
            // A path that upstream cannot read shows nothing either.
            cells.Add(column.Path is { } path && path.TryFirst(obj, out var value) ? Cell(column.Type, value, now) : null);
        }
        return cells;
    }

    private static JsonNode? Cell(string type, JsonNode? value, DateTimeOffset now) => type switch
    {
        "string" => value is null ? null : JsonValue.Create(value.IsNumber() && !value.IsInt64() ? GoText.Float(value.AsDouble() ?? 0) : value.Text()),
        "integer" => value.AsLong() is { } l ? JsonValue.Create(l) : value.AsDouble() is { } d ? JsonValue.Create((long)d) : null,
        "number" => value.IsNumber() ? value!.DeepClone() : null,
        "boolean" => value is JsonValue b && b.GetValueKind() is System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False ? value!.DeepClone() : null,
        "date" when value.AsString() is { } time => JsonValue.Create(time.Length == 0 ? "<unknown>" : HumanDuration.Parse(time) is null ? "<invalid>" : HumanDuration.Since(time, now)),
        _ => null,
    };
}
