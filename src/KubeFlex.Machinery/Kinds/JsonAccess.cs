using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeFlex.Machinery.Kinds;

/// <summary>
/// Reads and fills objects the way Go's structs behave: an absent member, null and a value of another type read as the zero value. Decoding has
/// rejected wrong types before rules run, so reading never throws.
/// </summary>
internal static class JsonAccess
{
    internal static JsonObject? Object(this JsonObject? o, string name) => o?[name] as JsonObject;

    internal static JsonArray? Array(this JsonObject? o, string name) => o?[name] as JsonArray;

    internal static IEnumerable<JsonObject> Objects(this JsonObject? o, string name) => (o?[name] as JsonArray)?.OfType<JsonObject>() ?? [];

    internal static IEnumerable<string> Texts(this JsonObject? o, string name) => (o?[name] as JsonArray)?.Select(AsText) ?? [];

    /// <summary>Items of a list of objects with their paths.</summary>
    internal static IEnumerable<(JsonObject Item, string Path)> Items(this JsonObject? o, string name, string path) =>
        o.Objects(name).Select((item, i) => (item, $"{path}.{name}[{i}]"));

    internal static string Text(this JsonObject? o, string name) => AsText(o?[name]);

    internal static string AsText(this JsonNode? node) =>
        node is JsonValue v && v.GetValueKind() == JsonValueKind.String ? v.GetValue<string>() : "";

    internal static bool IsText(this JsonNode? node) => node is JsonValue v && v.GetValueKind() == JsonValueKind.String;

    internal static long? Number(this JsonObject? o, string name) => AsNumber(o?[name]);

    internal static long? AsNumber(this JsonNode? node) =>
        node is JsonValue v && v.GetValueKind() == JsonValueKind.Number
        && long.TryParse(v.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) ? n : null;

    internal static bool Flag(this JsonObject? o, string name) => o?[name] is JsonValue v && v.GetValueKind() == JsonValueKind.True;

    /// <summary>True when the member holds a value: neither absent nor null.</summary>
    internal static bool Has(this JsonObject? o, string name) => o?[name] is not null;

    /// <summary>Sets an absent, null or (strings) empty member.</summary>
    internal static JsonObject Default(this JsonObject o, string name, JsonNode value)
    {
        if (IsAbsent(o[name])) o[name] = value;
        return o;
    }

    /// <summary>Sets a member that is absent, null, empty or zero: what Go does for numbers that are not pointers.</summary>
    internal static JsonObject DefaultZero(this JsonObject o, string name, long value)
    {
        if ((o.Number(name) ?? 0) == 0) o[name] = value;
        return o;
    }

    /// <summary>The member, made when it is absent.</summary>
    internal static JsonObject Ensure(this JsonObject o, string name)
    {
        if (o[name] is JsonObject there) return there;
        var made = new JsonObject();
        o[name] = made;
        return made;
    }

    /// <summary>Takes a member over from another object, absent ones too.</summary>
    internal static void CopyFrom(this JsonObject o, JsonObject from, string name)
    {
        if (from[name] is { } value) o[name] = value.DeepClone();
        else o.Remove(name);
    }

    /// <summary>Equal as Go's semantic equality has it: nothing, null, an empty list and an empty map are the same.</summary>
    internal static bool Same(JsonNode? a, JsonNode? b)
    {
        if (IsNothing(a) && IsNothing(b)) return true;
        if (a is JsonObject x && b is JsonObject y)
            return x.All(m => Same(m.Value, y[m.Key])) && y.All(m => x.ContainsKey(m.Key) || IsNothing(m.Value));
        if (a is JsonArray p && b is JsonArray q) return p.Count == q.Count && p.Zip(q).All(t => Same(t.First, t.Second));
        return JsonNode.DeepEquals(a, b);
    }

    private static bool IsNothing(JsonNode? node) => node is null or JsonArray { Count: 0 } or JsonObject { Count: 0 };

    private static bool IsAbsent(JsonNode? node) => node is null || (node is JsonValue v && v.GetValueKind() == JsonValueKind.String && v.GetValue<string>().Length == 0);
}
