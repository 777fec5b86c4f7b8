using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;

namespace KubeFlex.Machinery.Apply;

/// <summary>
/// One step of a field path in the form FieldsV1 writes it: <c>f:name</c> a member, <c>k:{"port":80}</c> a list item by its keys,
/// <c>v:"x"</c> a set item by its value, <c>i:0</c> an item by its place. Canonical (keys sorted, no white space), so text equality is equality.
/// </summary>
internal static class PathElement
{
    internal static string Field(string name) => "f:" + name;

    internal static string Value(JsonNode? value) => "v:" + Canonical(value);

    internal static string Key(IEnumerable<KeyValuePair<string, JsonNode?>> keys) =>
        $"k:{{{string.Join(',', keys.OrderBy(k => k.Key, StringComparer.Ordinal).Select(k => $"{Canonical(JsonValue.Create(k.Key))}:{Canonical(k.Value)}"))}}}";

    /// <summary>Reads an element as some client wrote it; null when it is none.</summary>
    internal static string? Parse(string text)
    {
        if (text.Length < 2 || text[1] != ':') return null;
        try
        {
            switch (text[0])
            {
                case 'f': return text;
                case 'i': return int.TryParse(text.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out var i) ? $"i:{i}" : null;
                case 'v': return Value(JsonNode.Parse(text[2..]));
                case 'k': return JsonNode.Parse(text[2..]) is JsonObject keys ? Key(keys) : null;
                default: return null;
            }
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The step as messages show it: <c>.name</c>, <c>[port=80,protocol="TCP"]</c>, <c>[="x"]</c>, <c>[0]</c>.</summary>
    internal static string Display(string element)
    {
        var rest = element[2..];
        return element[0] switch
        {
            'f' => "." + rest,
            'v' => $"[={rest}]",
            'k' => $"[{string.Join(',', ((JsonObject)JsonNode.Parse(rest)!).Select(k => $"{k.Key}={k.Value?.ToJsonString(KubeJson.Relaxed) ?? "null"}"))}]",
            _ => $"[{rest}]",
        };
    }

    /// <summary>Upstream's order: members, keyed items, values, places; numbers by value.</summary>
    internal static int Compare(string a, string b)
    {
        if (a[0] != b[0]) return Rank(a[0]) - Rank(b[0]);
        switch (a[0])
        {
            case 'i': return int.Parse(a.AsSpan(2), CultureInfo.InvariantCulture).CompareTo(int.Parse(b.AsSpan(2), CultureInfo.InvariantCulture));
            case 'v': return CompareValues(JsonNode.Parse(a[2..]), JsonNode.Parse(b[2..]));
            case 'k':
                JsonObject left = (JsonObject)JsonNode.Parse(a[2..])!, right = (JsonObject)JsonNode.Parse(b[2..])!;
                foreach (var (l, r) in left.Zip(right))
                {
                    var order = string.CompareOrdinal(l.Key, r.Key);
                    if (order == 0) order = CompareValues(l.Value, r.Value);
                    if (order != 0) return order;
                }
                return left.Count - right.Count;
            default: return string.CompareOrdinal(a, b);
        }
    }

    private static int Rank(char kind) => kind switch { 'f' => 0, 'k' => 1, 'v' => 2, _ => 3 };

    private static int CompareValues(JsonNode? a, JsonNode? b)
    {
        static int KindOf(JsonNode? n) => n?.GetValueKind() switch { JsonValueKind.Number => 0, JsonValueKind.String => 1, JsonValueKind.True or JsonValueKind.False => 2, null => 5, _ => 3 };
        if (KindOf(a) != KindOf(b) || a is null || b is null) return KindOf(a) - KindOf(b);
        if (KindOf(a) == 0 && double.TryParse(a.ToJsonString(), CultureInfo.InvariantCulture, out var x) && double.TryParse(b.ToJsonString(), CultureInfo.InvariantCulture, out var y))
            return x.CompareTo(y);
        return string.CompareOrdinal(a.AsString() ?? a.ToJsonString(), b.AsString() ?? b.ToJsonString());
    }

    private static string Canonical(JsonNode? value) => value is JsonObject or JsonArray ? value.ToJsonString(KubeJson.Relaxed) : JsonValues.ScalarKey(value);
}
