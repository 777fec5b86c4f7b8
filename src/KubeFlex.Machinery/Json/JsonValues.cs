using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeFlex.Machinery.Json;

/// <summary>Looking at JSON values without minding whether they were parsed or made.</summary>
internal static class JsonValues
{
    internal static string? AsString(this JsonNode? node) =>
        node is JsonValue v && v.GetValueKind() == JsonValueKind.String ? v.GetValue<string>() : null;

    internal static bool IsScalar(this JsonNode? node) => node is JsonValue;

    /// <summary>Equal as JSON: members in any order, numbers by value.</summary>
    internal static bool Same(JsonNode? a, JsonNode? b) => JsonNode.DeepEquals(a, b);

    /// <summary>A scalar as text that equal scalars share and others do not; a key for dictionaries.</summary>
    internal static string ScalarKey(JsonNode? node)
    {
        if (node is null) return "null";
        if (node.GetValueKind() != JsonValueKind.Number) return node.ToJsonString(KubeJson.Relaxed);
        var text = node.ToJsonString();
        // 1.0 and 1 are one number.
        if (text.AsSpan().IndexOfAny('.', 'e', 'E') < 0) return text;
        return decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var d)
            ? d.ToString("0.############################", CultureInfo.InvariantCulture) : text;
    }

    internal static bool IsWhole(JsonNode node) => node.ToJsonString().AsSpan().IndexOfAny('.', 'e', 'E') < 0;

    /// <summary>A value as Go's <c>%v</c> prints it (maps with sorted keys).</summary>
    internal static string GoText(JsonNode? node)
    {
        switch (node)
        {
            case null: return "<nil>";
            case JsonObject o:
                return $"map[{string.Join(' ', o.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => $"{m.Key}:{GoText(m.Value)}"))}]";
            case JsonArray a: return $"[{string.Join(' ', a.Select(GoText))}]";
            default: return node.AsString() ?? node.ToJsonString();
        }
    }

    /// <summary>Go's name for a value's type, decoded without a schema (<c>%T</c>).</summary>
    internal static string GoType(JsonNode? node) => node switch
    {
        null => "<nil>",
        JsonObject => "map[string]interface {}",
        JsonArray => "[]interface {}",
        _ => node.GetValueKind() switch { JsonValueKind.String => "string", JsonValueKind.Number => IsWhole(node) ? "int64" : "float64", _ => "bool" },
    };
}
