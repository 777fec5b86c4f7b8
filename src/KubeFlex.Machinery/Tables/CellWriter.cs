using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.CustomResources;

namespace KubeFlex.Machinery.Tables;

/// <summary>What printers of several kinds share.</summary>
internal static class CellWriter
{
    public const string None = "<none>";
    public const string Unset = "<unset>";

    public static string Name(this JsonObject obj) => obj.Obj("metadata").Str("name");

    public static string Age(this JsonObject obj, DateTimeOffset now) => HumanDuration.Since(obj.Obj("metadata").Get("creationTimestamp"), now);

    public static string Or(this string text, string otherwise) => text.Length == 0 ? otherwise : text;

    public static bool Deleting(this JsonObject obj) => obj.Obj("metadata").Str("deletionTimestamp").Length > 0;

    public static long Count(this JsonNode? node, string name) => node.Get(name) switch { JsonArray a => a.Count, JsonObject o => o.Count, _ => 0 };

    public static long Number(this JsonNode? node, string name) => node.Long(name) ?? 0;

    public static IEnumerable<string> Strings(this JsonNode? node, string name) => node.Items(name).Select(v => v.AsString()).OfType<string>();

    public static JsonObject? Condition(this JsonNode? status, string type) => status.Items("conditions").OfType<JsonObject>().FirstOrDefault(c => c.Str("type") == type);

    /// <summary>An int-or-string, a boolean or a string as text.</summary>
    public static string Text(this JsonNode? node) => node switch
    {
        null => "",
        _ when node.AsString() is { } s => s,
        _ => node.ToJsonString(Json.KubeJson.Relaxed),
    };

    /// <summary>The first three, and how many more there are.</summary>
    public static string Few(IEnumerable<string> all, string none)
    {
        var list = all.ToList();
        if (list.Count == 0) return none;
        return list.Count <= 3 ? string.Join(',', list) : $"{string.Join(',', list.Take(3))} + {list.Count - 3} more...";
    }

    public static string Containers(JsonNode? podSpec) => string.Join(',', podSpec.Items("containers").Select(c => c.Str("name")));

    public static string Images(JsonNode? podSpec) => string.Join(',', podSpec.Items("containers").Select(c => c.Str("image")));

    public static JsonArray Row(params object?[] cells)
    {
        var row = new JsonArray();
        foreach (var cell in cells)
            row.Add(cell switch { null => null, JsonNode n => n, string s => JsonValue.Create(s), long l => JsonValue.Create(l), int i => JsonValue.Create(i), bool b => JsonValue.Create(b), _ => JsonValue.Create(cell.ToString()) });
        return row;
    }
}
