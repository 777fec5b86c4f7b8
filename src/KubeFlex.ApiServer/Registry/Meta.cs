using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeFlex.ApiServer.Registry;

/// <summary>Reading and writing the metadata of parsed objects.</summary>
internal static class Meta
{
    public static JsonObject Of(JsonObject obj)
    {
        if (obj["metadata"] is JsonObject m) return m;
        var made = new JsonObject();
        obj["metadata"] = made;
        return made;
    }

    public static string Text(this JsonObject? obj, string name) =>
        obj is not null && obj.TryGetPropertyValue(name, out var v) && v is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : "";

    public static JsonObject? Child(this JsonObject? obj, string name) => obj is not null && obj.TryGetPropertyValue(name, out var v) ? v as JsonObject : null;

    public static JsonArray? List(this JsonObject? obj, string name) => obj is not null && obj.TryGetPropertyValue(name, out var v) ? v as JsonArray : null;

    public static IEnumerable<JsonObject> Objects(this JsonArray? list) => list is null ? [] : list.OfType<JsonObject>();

    public static IEnumerable<string> Strings(this JsonArray? list)
    {
        if (list is null) yield break;
        foreach (var n in list)
            if (n is JsonValue v && v.GetValueKind() == JsonValueKind.String) yield return v.GetValue<string>();
    }

    public static long? Number(this JsonObject? obj, string name) =>
        obj is not null && obj.TryGetPropertyValue(name, out var v) && v is JsonValue value && value.GetValueKind() == JsonValueKind.Number
        && decimal.TryParse(value.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var d) ? (long)d : null;

    public static bool? Flag(this JsonObject? obj, string name) =>
        obj is not null && obj.TryGetPropertyValue(name, out var v) && v is JsonValue value ? value.GetValueKind() switch { JsonValueKind.True => true, JsonValueKind.False => false, _ => null } : null;

    public static bool Has(this JsonObject? obj, string name) => obj is not null && obj.TryGetPropertyValue(name, out var v) && v is not null;

    public static string Name(JsonObject obj) => obj.Child("metadata").Text("name");

    public static string Namespace(JsonObject obj) => obj.Child("metadata").Text("namespace");

    public static string Uid(JsonObject obj) => obj.Child("metadata").Text("uid");

    public static bool Deleting(JsonObject obj) => obj.Child("metadata").Has("deletionTimestamp");

    public static bool HasFinalizers(JsonObject obj) => obj.Child("metadata").List("finalizers") is { Count: > 0 };

    /// <summary>RFC 3339 with seconds, as <c>metav1.Time</c> is written.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static bool Same(JsonNode? a, JsonNode? b) => JsonNode.DeepEquals(a, b);

    /// <summary>
    /// The objects are the same but for the times of their managed fields: then a write changes nothing and its times must not make it one
    /// (upstream's <c>IgnoreManagedFieldsTimestampsTransformer</c>).
    /// </summary>
    public static bool SameButTimes(JsonObject updated, JsonObject live)
    {
        if (Same(updated, live)) return true;
        if (Of(updated).List("managedFields") is not { } now || Of(live).List("managedFields") is not { } before || now.Count != before.Count) return false;
        var copy = (JsonObject)updated.DeepClone();
        var entries = Of(copy).List("managedFields")!;
        for (var i = 0; i < entries.Count; i++)
        {
            if (entries[i] is not JsonObject entry || before[i] is not JsonObject old) return false;
            if (old.TryGetPropertyValue("time", out var time)) entry["time"] = time?.DeepClone();
            else entry.Remove("time");
        }
        return Same(copy, live);
    }
}
