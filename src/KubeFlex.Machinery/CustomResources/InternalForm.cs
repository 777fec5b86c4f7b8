using System.Text.Json.Nodes;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>
/// How upstream's messages print a schema or the versions of a definition: Go's JSON of its internal types, with every field, in the types' order.
/// </summary>
internal sealed class InternalForm
{
    private readonly JsonNode? value;

    private InternalForm(JsonNode? value) => this.value = value;

    public static InternalForm Versions(HoistedSpec spec) => new(spec.Versions.Count == 0 ? null : new JsonArray([.. spec.Versions.Select(v => Version(v, spec))]));

    public static InternalForm Schema(JsonObject schema) => new(SchemaNode(schema));

    public static InternalForm Rule(JsonNode? rule) => new(RuleNode(rule));

    // Go's encoder escapes these for HTML.
    public override string ToString() => (value?.ToJsonString(Json.KubeJson.Relaxed) ?? "null")
        .Replace("<", "\\u003c", StringComparison.Ordinal).Replace(">", "\\u003e", StringComparison.Ordinal).Replace("&", "\\u0026", StringComparison.Ordinal);

    private static JsonObject Version(JsonObject v, HoistedSpec spec) => new JsonObject
    {
        ["Name"] = v.Str("name"),
        ["Served"] = v.Bool("served"),
        ["Storage"] = v.Bool("storage"),
        ["Deprecated"] = v.Bool("deprecated"),
        ["DeprecationWarning"] = Copy(v, "deprecationWarning"),
        ["Schema"] = spec.SchemaShared || v.Obj("schema") is not { } s ? null : new JsonObject { ["OpenAPIV3Schema"] = SchemaNode(s.Obj("openAPIV3Schema")) },
        ["Subresources"] = spec.SubresourcesShared ? null : SubresourcesNode(v.Obj("subresources")),
        ["AdditionalPrinterColumns"] = spec.ColumnsShared || v.Arr("additionalPrinterColumns") is not { } columns ? null
            : new JsonArray([.. columns.Select(c => (JsonNode)new JsonObject
            {
                ["Name"] = c.Str("name"), ["Type"] = c.Str("type"), ["Format"] = c.Str("format"), ["Description"] = c.Str("description"),
                ["Priority"] = c.Long("priority") ?? 0, ["JSONPath"] = c.Str("jsonPath"),
            })]),
        ["SelectableFields"] = spec.SelectableShared || v.Arr("selectableFields") is not { } fields ? null
            : new JsonArray([.. fields.Select(f => (JsonNode)new JsonObject { ["JSONPath"] = f.Str("jsonPath") })]),
    };

    private static JsonObject? SubresourcesNode(JsonObject? s) => s is null ? null : new JsonObject
    {
        ["Status"] = s.ContainsKey("status") ? new JsonObject() : null,
        ["Scale"] = s.Obj("scale") is not { } scale ? null : new JsonObject
        {
            ["SpecReplicasPath"] = scale.Str("specReplicasPath"),
            ["StatusReplicasPath"] = scale.Str("statusReplicasPath"),
            ["LabelSelectorPath"] = Copy(scale, "labelSelectorPath"),
        },
    };

    private static JsonObject? SchemaNode(JsonObject? s) => s is null ? null : new JsonObject
    {
        ["ID"] = s.Str("id"),
        ["Schema"] = s.Str("$schema"),
        ["Ref"] = Copy(s, "$ref"),
        ["Description"] = s.Str("description"),
        ["Type"] = s.Str("type"),
        ["Nullable"] = s.Bool("nullable"),
        ["Format"] = s.Str("format"),
        ["Title"] = s.Str("title"),
        ["Default"] = Copy(s, "default"),
        ["Maximum"] = Copy(s, "maximum"),
        ["ExclusiveMaximum"] = s.Bool("exclusiveMaximum"),
        ["Minimum"] = Copy(s, "minimum"),
        ["ExclusiveMinimum"] = s.Bool("exclusiveMinimum"),
        ["MaxLength"] = Copy(s, "maxLength"),
        ["MinLength"] = Copy(s, "minLength"),
        ["Pattern"] = s.Str("pattern"),
        ["MaxItems"] = Copy(s, "maxItems"),
        ["MinItems"] = Copy(s, "minItems"),
        ["UniqueItems"] = s.Bool("uniqueItems"),
        ["MultipleOf"] = Copy(s, "multipleOf"),
        ["Enum"] = Copy(s, "enum"),
        ["MaxProperties"] = Copy(s, "maxProperties"),
        ["MinProperties"] = Copy(s, "minProperties"),
        ["Required"] = Copy(s, "required"),
        ["Items"] = s.Get("items") switch
        {
            JsonObject o => new JsonObject { ["Schema"] = SchemaNode(o), ["JSONSchemas"] = null },
            JsonArray a => new JsonObject { ["Schema"] = null, ["JSONSchemas"] = List(a) },
            _ => null,
        },
        ["AllOf"] = List(s.Arr("allOf")),
        ["OneOf"] = List(s.Arr("oneOf")),
        ["AnyOf"] = List(s.Arr("anyOf")),
        ["Not"] = SchemaNode(s.Obj("not")),
        ["Properties"] = Map(s.Obj("properties")),
        ["AdditionalProperties"] = OrBool(s.Get("additionalProperties")),
        ["PatternProperties"] = Map(s.Obj("patternProperties")),
        ["Dependencies"] = Copy(s, "dependencies"),
        ["AdditionalItems"] = OrBool(s.Get("additionalItems")),
        ["Definitions"] = Map(s.Obj("definitions")),
        ["ExternalDocs"] = s.Obj("externalDocs") is { } docs ? new JsonObject { ["Description"] = docs.Str("description"), ["URL"] = docs.Str("url") } : null,
        ["Example"] = Copy(s, "example"),
        ["XPreserveUnknownFields"] = Copy(s, "x-kubernetes-preserve-unknown-fields"),
        ["XEmbeddedResource"] = s.Bool("x-kubernetes-embedded-resource"),
        ["XIntOrString"] = s.Bool("x-kubernetes-int-or-string"),
        ["XListMapKeys"] = Copy(s, "x-kubernetes-list-map-keys"),
        ["XListType"] = Copy(s, "x-kubernetes-list-type"),
        ["XMapType"] = Copy(s, "x-kubernetes-map-type"),
        ["XValidations"] = s.Arr("x-kubernetes-validations") is { Count: > 0 } rules ? new JsonArray([.. rules.Select(RuleNode)]) : null,
    };

    private static JsonObject RuleNode(JsonNode? rule) => new JsonObject
    {
        ["Rule"] = rule.Str("rule"),
        ["Message"] = rule.Str("message"),
        ["MessageExpression"] = rule.Str("messageExpression"),
        ["Reason"] = Copy(rule, "reason"),
        ["FieldPath"] = rule.Str("fieldPath"),
        ["OptionalOldSelf"] = Copy(rule, "optionalOldSelf"),
    };

    private static JsonNode? Copy(JsonNode? node, string name) => node.Get(name)?.DeepClone();

    private static JsonArray? List(JsonArray? schemas) => schemas is null or { Count: 0 } ? null : new JsonArray([.. schemas.Select(x => SchemaNode(x as JsonObject))]);

    private static JsonObject? Map(JsonObject? schemas) =>
        schemas is null ? null : new JsonObject(schemas.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, (JsonNode?)SchemaNode(p.Value as JsonObject))));

    private static JsonObject? OrBool(JsonNode? node) => node switch
    {
        null => null,
        JsonObject o => new JsonObject { ["Allows"] = true, ["Schema"] = SchemaNode(o) },
        _ => new JsonObject { ["Allows"] = node.GetValueKind() == System.Text.Json.JsonValueKind.True, ["Schema"] = null },
    };
}
