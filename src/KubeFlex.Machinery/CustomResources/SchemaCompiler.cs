using System.Collections.Frozen;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>
/// Turns an <c>openAPIV3Schema</c> into a <see cref="Schema"/>. Members of metadata come from the published ObjectMeta; what the definition says of them
/// (<c>name</c>, <c>generateName</c>, any in embedded resources) replaces single members and is marked by having rules.
/// </summary>
internal sealed class SchemaCompiler(Schema objectMeta)
{
    private static readonly Schema TypeMetaString = new() { Type = SchemaType.String };

    public static Schema CompileAlone(JsonObject schema) => new SchemaCompiler(Schema.Anything).Compile(schema, root: false, junctor: false);

    public Schema CompileRoot(JsonObject? schema) => Compile(schema ?? [], root: true, junctor: false);

    private Schema Compile(JsonObject s, bool root, bool junctor)
    {
        var embedded = s.Bool("x-kubernetes-embedded-resource");
        var properties = new Dictionary<string, Schema>(StringComparer.Ordinal);
        var expressions = s.Arr("x-kubernetes-validations") is { Count: > 0 };
        foreach (var (name, value) in s.Obj("properties") ?? [])
            if (value is JsonObject o) properties[name] = Compile(o, root: false, junctor);
        if ((root || embedded) && !junctor) AddObjectMembers(s, properties);

        var additional = s.Get("additionalProperties") switch
        {
            JsonObject o => Compile(o, root: false, junctor),
            JsonValue v when v.GetValueKind() == System.Text.Json.JsonValueKind.True => Schema.Anything,
            _ => null,
        };
        var items = s.Obj("items") is { } item ? Compile(item, root: false, junctor) : null;
        var not = s.Obj("not") is { } n ? Compile(n, root: false, junctor: true) : null;
        Schema[] all = Junctor("allOf"), any = Junctor("anyOf"), one = Junctor("oneOf");

        var type = TypeOf(s.Str("type"));
        // Upstream keeps only the formats its validator knows.
        var below = expressions || Carries(additional) || Carries(items) || properties.Values.Any(Carries) || all.Any(Carries);
        return new Schema
        {
            Type = type,
            Format = s.Str("format") is { Length: > 0 } f ? f : null,
            Properties = properties.Count == 0 ? FrozenDictionary<string, Schema>.Empty : properties.ToFrozenDictionary(StringComparer.Ordinal),
            AdditionalProperties = additional,
            Items = items,
            Required = Strings(s.Arr("required")),
            Default = s.Get("default")?.DeepClone(),
            Enum = s.Arr("enum") is { } e ? [.. e.Select(v => v?.DeepClone())] : null,
            ListType = s.Str("x-kubernetes-list-type") switch { "map" => ListType.Map, "set" => ListType.Set, _ => ListType.Atomic },
            ListMapKeys = Strings(s.Arr("x-kubernetes-list-map-keys")),
            AtomicMap = s.Str("x-kubernetes-map-type") == "atomic",
            PreserveUnknownFields = s.Bool("x-kubernetes-preserve-unknown-fields"),
            IntOrString = s.Bool("x-kubernetes-int-or-string"),
            EmbeddedResource = embedded,
            Nullable = s.Bool("nullable"),
            Rules = new SchemaRules
            {
                Minimum = s.Get("minimum").AsDouble(),
                ExclusiveMinimum = s.Bool("exclusiveMinimum"),
                Maximum = s.Get("maximum").AsDouble(),
                ExclusiveMaximum = s.Bool("exclusiveMaximum"),
                MultipleOf = s.Get("multipleOf").AsDouble(),
                MinLength = s.Long("minLength"),
                MaxLength = s.Long("maxLength"),
                Pattern = s.Str("pattern") is { Length: > 0 } p ? p : null,
                MinItems = s.Long("minItems"),
                MaxItems = s.Long("maxItems"),
                UniqueItems = s.Bool("uniqueItems"),
                MinProperties = s.Long("minProperties"),
                MaxProperties = s.Long("maxProperties"),
                AllOf = all,
                AnyOf = any,
                OneOf = one,
                Not = not,
                Expressions = expressions ? (JsonArray)s.Arr("x-kubernetes-validations")!.DeepClone() : null,
                ExpressionsBelow = below,
            },
        };

        Schema[] Junctor(string name) => [.. s.Items(name).OfType<JsonObject>().Select(o => Compile(o, root: false, junctor: true))];
        static bool Carries(Schema? schema) => schema?.Rules?.ExpressionsBelow == true;
    }

    private void AddObjectMembers(JsonObject s, Dictionary<string, Schema> properties)
    {
        properties.TryAdd("apiVersion", TypeMetaString);
        properties.TryAdd("kind", TypeMetaString);
        var said = s.Obj("properties").Obj("metadata").Obj("properties");
        if (said is null or { Count: 0 })
        {
            properties["metadata"] = objectMeta;
            return;
        }
        var members = new Dictionary<string, Schema>(objectMeta.Properties, StringComparer.Ordinal);
        foreach (var (name, value) in said)
            if (value is JsonObject o) members[name] = Compile(o, root: false, junctor: false);
        properties["metadata"] = new Schema
        {
            TypeName = objectMeta.TypeName ?? "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
            Type = SchemaType.Object,
            Properties = members.ToFrozenDictionary(StringComparer.Ordinal),
            Required = objectMeta.Required,
        };
    }

    private static SchemaType TypeOf(string type) => type switch
    {
        "object" => SchemaType.Object,
        "array" => SchemaType.Array,
        "string" => SchemaType.String,
        "integer" => SchemaType.Integer,
        "number" => SchemaType.Number,
        "boolean" => SchemaType.Boolean,
        _ => SchemaType.Any,
    };

    private static string[] Strings(JsonArray? array) => array is null ? [] : [.. array.Select(v => v.AsString()).OfType<string>()];
}
