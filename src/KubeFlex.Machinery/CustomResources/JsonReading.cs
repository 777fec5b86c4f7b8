using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>Reads JSON nodes whatever they were made from: text, or .NET values of any numeric type.</summary>
internal static class JsonReading
{
    public static JsonNode? Get(this JsonNode? node, string name) => node is JsonObject o && o.TryGetPropertyValue(name, out var v) ? v : null;

    public static JsonObject? Obj(this JsonNode? node, string name) => node.Get(name) as JsonObject;

    public static JsonArray? Arr(this JsonNode? node, string name) => node.Get(name) as JsonArray;

    /// <summary>The items of an array member, or none.</summary>
    public static IEnumerable<JsonNode?> Items(this JsonNode? node, string name) => node.Arr(name) ?? Enumerable.Empty<JsonNode?>();

    /// <summary>The string, or the empty string when there is none.</summary>
    public static string Str(this JsonNode? node, string name) => node.Get(name).AsString() ?? "";

    public static bool Bool(this JsonNode? node, string name) => node.Get(name) is JsonValue v && v.GetValueKind() == JsonValueKind.True;

    public static long? Long(this JsonNode? node, string name) => node.Get(name).AsLong();

    public static string? AsString(this JsonNode? node) =>
        node is JsonValue v && v.GetValueKind() == JsonValueKind.String ? v.GetValue<string>() : null;

    public static bool IsNumber(this JsonNode? node) => node is JsonValue v && v.GetValueKind() == JsonValueKind.Number;

    public static double? AsDouble(this JsonNode? node) =>
        node.IsNumber() && double.TryParse(node!.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var d) ? d : null;

    /// <summary>The whole number, also when it is written as 3.0 or 3e0.</summary>
    public static long? AsLong(this JsonNode? node)
    {
        if (!node.IsNumber()) return null;
        var text = node!.ToJsonString();
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var l)) return l;
        return decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var d) && d == decimal.Truncate(d) && d >= long.MinValue && d <= long.MaxValue
            ? (long)d : null;
    }

    /// <summary>True for a number that Go's decoder makes an int64 of: no fraction, no exponent.</summary>
    public static bool IsInt64(this JsonNode? node) =>
        node.IsNumber() && long.TryParse(node!.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);

    /// <summary>Equal as JSON values: member order does not matter, 1 equals 1.0.</summary>
    public static bool Same(JsonNode? a, JsonNode? b)
    {
        switch (a, b)
        {
            case (null, null):
                return true;
            case (JsonObject x, JsonObject y):
                if (x.Count != y.Count) return false;
                foreach (var (name, value) in x)
                    if (!y.TryGetPropertyValue(name, out var other) || !Same(value, other)) return false;
                return true;
            case (JsonArray x, JsonArray y):
                if (x.Count != y.Count) return false;
                for (var i = 0; i < x.Count; i++)
                    if (!Same(x[i], y[i])) return false;
                return true;
            case (JsonValue x, JsonValue y):
                var kind = x.GetValueKind();
                if (kind != y.GetValueKind()) return false;
                return kind switch
                {
                    JsonValueKind.String => x.GetValue<string>() == y.GetValue<string>(),
                    JsonValueKind.Number => SameNumber(x, y),
                    _ => true,
                };
            default:
                return false;
        }
    }

    /// <summary>The text two equal values share, for finding duplicates by hashing: members sorted, numbers normalised.</summary>
    public static string Canonical(JsonNode? node) => node switch
    {
        null => "null",
        JsonObject o => "{" + string.Join(',', o.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => JsonSerializer.Serialize(p.Key) + ":" + Canonical(p.Value))) + "}",
        JsonArray a => "[" + string.Join(',', a.Select(Canonical)) + "]",
        _ when node.IsNumber() => node.AsLong()?.ToString(CultureInfo.InvariantCulture) ?? node.AsDouble()?.ToString("R", CultureInfo.InvariantCulture) ?? node.ToJsonString(),
        _ => node.ToJsonString(),
    };

    private static bool SameNumber(JsonValue a, JsonValue b)
    {
        var (x, y) = (a.ToJsonString(), b.ToJsonString());
        if (x == y) return true;
        return decimal.TryParse(x, NumberStyles.Float, CultureInfo.InvariantCulture, out var d) && decimal.TryParse(y, NumberStyles.Float, CultureInfo.InvariantCulture, out var e)
            ? d == e
            : a.AsDouble() == b.AsDouble();
    }
}
