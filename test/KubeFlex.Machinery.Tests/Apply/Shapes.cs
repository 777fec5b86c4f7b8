using System.Text.Json.Nodes;
using KubeFlex.Machinery.Apply;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.Tests.Apply;

/// <summary>Hand-made schemas of a few kinds, cut down, and short ways to write to them.</summary>
internal static class Shapes
{
    private static readonly JsonObject Struct = [];
    private static readonly Schema Text = new() { Type = SchemaType.String };
    private static readonly Schema Number = new() { Type = SchemaType.Integer, Format = "int32" };
    private static readonly Schema TextMap = new() { Type = SchemaType.Object, AdditionalProperties = Text };

    private static readonly Schema Meta = Object("ObjectMeta", new()
    {
        ["name"] = Text, ["namespace"] = Text, ["uid"] = Text, ["resourceVersion"] = Text, ["labels"] = TextMap, ["annotations"] = TextMap,
        ["finalizers"] = new() { Type = SchemaType.Array, ListType = ListType.Set, Items = Text },
        ["managedFields"] = new() { Type = SchemaType.Array, Items = Schema.Anything },
    }, Struct);

    public static readonly Schema ConfigMap = Object("ConfigMap", new() { ["apiVersion"] = Text, ["kind"] = Text, ["metadata"] = Meta, ["data"] = TextMap });

    private static readonly Schema Port = Object("ServicePort", new()
    {
        ["name"] = Text, ["port"] = new() { Type = SchemaType.Integer, Default = JsonValue.Create(0) },
        ["protocol"] = new() { Type = SchemaType.String, Default = JsonValue.Create("TCP") },
        ["targetPort"] = new() { IntOrString = true, Format = "int-or-string" },
    }, Struct);

    private static readonly Schema Container = Object("Container", new()
    {
        ["name"] = new() { Type = SchemaType.String, Default = JsonValue.Create("") }, ["image"] = Text,
        ["args"] = new() { Type = SchemaType.Array, Items = Text }, ["resources"] = Object("Resources", new() { ["limits"] = TextMap }, Struct),
        ["env"] = new() { Type = SchemaType.Array, ListType = ListType.Map, ListMapKeys = ["name"], Items = Object("Env", new() { ["name"] = Text, ["value"] = Text }, Struct) },
    }, Struct);

    public static readonly Schema Service = Object("Service", new()
    {
        ["apiVersion"] = Text, ["kind"] = Text, ["metadata"] = Meta,
        ["spec"] = Object("ServiceSpec", new()
        {
            ["ports"] = new() { Type = SchemaType.Array, ListType = ListType.Map, ListMapKeys = ["port", "protocol"], Items = Port },
            ["selector"] = new() { Type = SchemaType.Object, AtomicMap = true, AdditionalProperties = Text }, ["replicas"] = Number,
            ["containers"] = new() { Type = SchemaType.Array, ListType = ListType.Map, ListMapKeys = ["name"], Items = Container },
        }, Struct, "containers"),
        ["status"] = Object("ServiceStatus", new() { ["phase"] = Text }, Struct),
    });

    public static readonly Schema Custom = new()
    {
        Type = SchemaType.Object,
        Properties = new Dictionary<string, Schema>
        {
            ["spec"] = new() { Type = SchemaType.Object, Properties = new Dictionary<string, Schema> { ["size"] = Number, ["free"] = new() { Type = SchemaType.Object, PreserveUnknownFields = true } } },
        },
    };

    private static Schema Object(string name, Dictionary<string, Schema> properties, JsonNode? @default = null, params string[] required) =>
        new() { TypeName = name, Type = SchemaType.Object, Properties = properties, Default = @default, Required = required };

    public static JsonObject Doc(string text) => (JsonObject)JsonNode.Parse(text)!;

    public static Writer By(string manager, string kind = "ConfigMap", string subresource = "", int second = 0, string version = "v1") =>
        new(manager, new GroupVersionKind("", version, kind), new GroupResource("", kind.ToLowerInvariant() + "s"), subresource, new DateTimeOffset(2026, 1, 1, 0, 0, second, TimeSpan.Zero));

    public static JsonObject Map(string rest, string metadata = "") => Doc("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c" """ + metadata + "}" + (rest.Length > 0 ? "," + rest : "") + "}");

    public static Result<JsonObject> Applying(JsonObject? live, JsonObject applied, string manager, bool force = false, int second = 0) =>
        FieldManager.Apply(live, applied, applied["kind"]!.GetValue<string>() == "Service" ? Service : ConfigMap, By(manager, applied["kind"]!.GetValue<string>(), second: second), force);

    public static JsonObject Update(JsonObject? live, JsonObject updated, string manager, int second = 0)
    {
        FieldManager.Update(live, updated, updated["kind"]!.GetValue<string>() == "Service" ? Service : ConfigMap, By(manager, updated["kind"]!.GetValue<string>(), second: second));
        return updated;
    }

    /// <summary>Managers and their fields in short: <c>m1/Apply {…}</c>.</summary>
    public static string Owners(JsonObject obj) => string.Join(" ", ((obj["metadata"]!["managedFields"] as JsonArray) ?? [])
        .Select(e => $"{e!["manager"]}/{e["operation"]}{e["subresource"]?.ToString().Insert(0, "/")} {e["fieldsV1"]!.ToJsonString(KubeFlex.Machinery.Json.KubeJson.Relaxed)}"));
}
