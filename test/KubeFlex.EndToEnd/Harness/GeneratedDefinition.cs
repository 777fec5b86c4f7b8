using System.Text;
using System.Text.Json.Nodes;

namespace KubeFlex.EndToEnd.Harness;

/// <summary>
/// A CustomResourceDefinition as operators' generators make them: whole built-in types (pod template, service, volume claim) written out into
/// one structural schema of thousands of lines. Generated here from the server's own OpenAPI documents; no operator's file is copied.
/// </summary>
internal sealed class GeneratedDefinition
{
    private const string RefPrefix = "#/components/schemas/";
    private readonly JsonObject schemas;

    private GeneratedDefinition(JsonObject schemas) => this.schemas = schemas;

    /// <summary>YAML of a kind <c>Database</c> in <paramref name="group"/>.</summary>
    public static async Task<string> YamlAsync(Workspace w, string group)
    {
        var document = JsonNode.Parse((await w.KubectlAsync("get", "--raw", "/openapi/v3/apis/apps/v1")).Ok())!;
        var core = JsonNode.Parse((await w.KubectlAsync("get", "--raw", "/openapi/v3/api/v1")).Ok())!;
        var schemas = (JsonObject)document["components"]!["schemas"]!.DeepClone();
        foreach (var (name, schema) in core["components"]!["schemas"]!.AsObject())
            if (!schemas.ContainsKey(name)) schemas[name] = schema!.DeepClone();
        var yaml = new StringBuilder();
        Emit(yaml, new GeneratedDefinition(schemas).Definition(group), 0);
        return yaml.ToString();
    }

    private JsonObject Definition(string group) => new()
    {
        ["apiVersion"] = "apiextensions.k8s.io/v1",
        ["kind"] = "CustomResourceDefinition",
        ["metadata"] = new JsonObject { ["name"] = $"databases.{group}" },
        ["spec"] = new JsonObject
        {
            ["group"] = group,
            ["scope"] = "Namespaced",
            ["names"] = new JsonObject { ["plural"] = "databases", ["singular"] = "database", ["kind"] = "Database", ["listKind"] = "DatabaseList" },
            ["versions"] = new JsonArray(new JsonObject
            {
                ["name"] = "v1",
                ["served"] = true,
                ["storage"] = true,
                ["subresources"] = new JsonObject { ["status"] = new JsonObject() },
                ["additionalPrinterColumns"] = new JsonArray(new JsonObject { ["name"] = "Image", ["type"] = "string", ["jsonPath"] = ".spec.template.spec.containers[0].image" }),
                ["schema"] = new JsonObject { ["openAPIV3Schema"] = Root() },
            }),
        },
    };

    private JsonObject Root() => Object(("apiVersion", Text()), ("kind", Text()), ("metadata", new JsonObject { ["type"] = "object" }),
        ("spec", Object(
            ("template", Named("io.k8s.api.core.v1.PodTemplateSpec")),
            ("service", Named("io.k8s.api.core.v1.ServiceSpec")),
            ("storage", Named("io.k8s.api.core.v1.PersistentVolumeClaimSpec")),
            ("updateStrategy", Named("io.k8s.api.apps.v1.StatefulSetUpdateStrategy")),
            ("replicas", new JsonObject { ["type"] = "integer", ["format"] = "int32", ["default"] = 1, ["minimum"] = 0 }))),
        ("status", Object(("phase", Text()))));

    private JsonObject Named(string name) => name[(name.LastIndexOf('.') + 1)..] switch
    {
        "IntOrString" => IntOrString(null),
        "Quantity" => IntOrString(@"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"),
        "Time" or "MicroTime" => new JsonObject { ["type"] = "string", ["format"] = "date-time" },
        "ObjectMeta" => Object(("labels", Map()), ("annotations", Map())),
        _ => Inline((JsonObject)schemas[name]!),
    };

    private JsonObject Inline(JsonObject from)
    {
        var reference = (string?)(from["$ref"] ?? from["allOf"]?[0]?["$ref"]);
        var to = reference is null ? new JsonObject() : Named(reference[RefPrefix.Length..]);
        // The catalog has no descriptions; generated definitions do, and owe them most of their size.
        if (reference is null) to["description"] = $"Written out of the Go type's comment, at the length that such comments have. {string.Join(", ", ((from["properties"] as JsonObject) ?? []).Select(p => p.Key))}";
        foreach (var (key, value) in from)
        {
            switch (key)
            {
                case "properties":
                    to[key] = new JsonObject(value!.AsObject().Select(p => KeyValuePair.Create<string, JsonNode?>(p.Key, Inline((JsonObject)p.Value!))));
                    break;
                case "items" or "additionalProperties":
                    to[key] = Inline((JsonObject)value!);
                    break;
                // Defaults of objects are Go's empty structs: meaningless, and invalid where something inside is required.
                case "default" when value is JsonValue:
                case "type" or "description" or "format" or "enum" or "required" or "x-kubernetes-list-type" or "x-kubernetes-list-map-keys" or "x-kubernetes-map-type":
                    to[key] = value?.DeepClone();
                    break;
                default:
                    break;
            }
        }
        return to;
    }

    private static JsonObject Object(params (string Name, JsonObject Schema)[] properties) => new()
    {
        ["type"] = "object",
        ["properties"] = new JsonObject(properties.Select(p => KeyValuePair.Create<string, JsonNode?>(p.Name, p.Schema))),
    };

    private static JsonObject Text() => new() { ["type"] = "string" };

    private static JsonObject Map() => new() { ["type"] = "object", ["additionalProperties"] = Text() };

    private static JsonObject IntOrString(string? pattern)
    {
        var schema = new JsonObject
        {
            ["anyOf"] = new JsonArray(new JsonObject { ["type"] = "integer" }, new JsonObject { ["type"] = "string" }),
            ["x-kubernetes-int-or-string"] = true,
        };
        if (pattern is not null) schema["pattern"] = pattern;
        return schema;
    }

    // Block style, scalars as in JSON: YAML takes them.
    private static void Emit(StringBuilder to, JsonNode? node, int indent)
    {
        if (node is JsonObject { Count: > 0 } map)
        {
            foreach (var (key, value) in map) Entry(to, $"{JsonValue.Create(key)!.ToJsonString()}:", value, indent);
        }
        else if (node is JsonArray { Count: > 0 } list)
        {
            foreach (var item in list) Entry(to, "-", item, indent);
        }
    }

    private static void Entry(StringBuilder to, string head, JsonNode? value, int indent)
    {
        to.Append(' ', indent).Append(head);
        if (value is JsonObject { Count: > 0 } or JsonArray { Count: > 0 })
        {
            to.Append('\n');
            Emit(to, value, indent + 2);
        }
        else to.Append(' ').Append(value?.ToJsonString() ?? "null").Append('\n');
    }
}
