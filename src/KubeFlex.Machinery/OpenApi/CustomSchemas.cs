using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.OpenApi;

/// <summary>Schemas of custom resources, with what every Kubernetes object has.</summary>
internal sealed class CustomSchemas
{
    /// <summary>Types that each custom type refers to.</summary>
    public static readonly string[] Needs = [TypeNames.Meta + "ObjectMeta", TypeNames.Meta + "ListMeta"];

    private const string Conventions = "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md";
    private const string ApiVersionText =
        "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest "
        + "internal value, and may reject unrecognized values. More info: " + Conventions + "#resources";
    private const string KindText =
        "Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client "
        + "submits requests to. Cannot be updated. In CamelCase. More info: " + Conventions + "#types-kinds";
    private const string MetadataText = "Standard object's metadata. More info: " + Conventions + "#metadata";
    private const string ListMetadataText = "Standard list metadata. More info: " + Conventions + "#types-kinds";

    private readonly Dictionary<string, PublishedCustomResource> objects = [];
    private readonly Dictionary<string, PublishedCustomResource> lists = [];

    public CustomSchemas(IReadOnlyList<PublishedCustomResource> custom)
    {
        foreach (var one in custom)
        {
            objects[TypeNames.Custom(one.Resource.Kind)] = one;
            lists[TypeNames.Custom(one.Resource.Kind with { Kind = one.Resource.ListKind })] = one;
        }
    }

    public void Write(Utf8JsonWriter writer, string name, bool v3)
    {
        if (objects.TryGetValue(name, out var one)) Object(one, v3).WriteTo(writer);
        else if (lists.TryGetValue(name, out one)) List(one, v3).WriteTo(writer);
        else throw new InvalidOperationException($"The document refers to the type {name}, which nobody defines.");
    }

    private static JsonObject Object(PublishedCustomResource one, bool v3)
    {
        var schema = (JsonObject)one.Schema.DeepClone();
        schema["type"] = "object";
        Embed(schema, v3, root: true);
        if (!v3) SwaggerDialect.Reduce(schema);
        // After the reduction: kubectl finds metadata and kind also where everything else is left open.
        var properties = schema["properties"] as JsonObject ?? [];
        if (properties.Parent is null) schema["properties"] = properties;
        Identify(properties, v3, "ObjectMeta", MetadataText);
        schema["x-kubernetes-group-version-kind"] = Kinds(one.Resource.Kind);
        return schema;
    }

    private static JsonObject List(PublishedCustomResource one, bool v3)
    {
        var kind = one.Resource.Kind;
        var properties = new JsonObject
        {
            ["items"] = new JsonObject
            {
                ["description"] = $"List of {one.Resource.Resource}. More info: {Conventions}",
                ["type"] = "array",
                ["items"] = new JsonObject { ["$ref"] = Path(v3) + TypeNames.Custom(kind) },
            },
        };
        Identify(properties, v3, "ListMeta", ListMetadataText);
        return new JsonObject
        {
            ["description"] = $"{one.Resource.ListKind} is a list of {kind.Kind}",
            ["type"] = "object",
            ["required"] = new JsonArray("items"),
            ["properties"] = properties,
            ["x-kubernetes-group-version-kind"] = Kinds(kind with { Kind = one.Resource.ListKind }),
        };
    }

    // A member that holds a whole object has what every object has.
    private static void Embed(JsonObject schema, bool v3, bool root = false)
    {
        if (!root && schema["x-kubernetes-embedded-resource"] is JsonValue flag && flag.GetValueKind() == JsonValueKind.True)
        {
            var properties = schema["properties"] as JsonObject ?? [];
            if (properties.Parent is null) schema["properties"] = properties;
            Identify(properties, v3, "ObjectMeta", MetadataText);
        }
        foreach (var child in Children(schema).ToList()) Embed(child, v3);
    }

    public static IEnumerable<JsonObject> Children(JsonObject schema)
    {
        foreach (var member in (schema["properties"] as JsonObject ?? []).Select(p => p.Value).OfType<JsonObject>()) yield return member;
        if (schema["items"] is JsonObject items) yield return items;
        if (schema["additionalProperties"] is JsonObject additional) yield return additional;
    }

    private static void Identify(JsonObject properties, bool v3, string metadataType, string metadataText)
    {
        properties["apiVersion"] = new JsonObject { ["description"] = ApiVersionText, ["type"] = "string" };
        properties["kind"] = new JsonObject { ["description"] = KindText, ["type"] = "string" };
        var reference = new JsonObject { ["$ref"] = Path(v3) + TypeNames.Meta + metadataType };
        if (v3) reference = new JsonObject { ["allOf"] = new JsonArray(reference) };
        reference.Insert(0, "description", metadataText);
        properties["metadata"] = reference;
    }

    private static string Path(bool v3) => v3 ? "#/components/schemas/" : "#/definitions/";

    private static JsonArray Kinds(GroupVersionKind kind) =>
        new(new JsonObject { ["group"] = kind.Group, ["kind"] = kind.Kind, ["version"] = kind.Version });
}
