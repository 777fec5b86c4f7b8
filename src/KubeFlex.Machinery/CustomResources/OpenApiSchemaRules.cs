using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>Rules for every schema of a definition (upstream's <c>ValidateCustomResourceDefinitionOpenAPISchema</c>): what OpenAPI allows and Kubernetes does not.</summary>
internal static class OpenApiSchemaRules
{
    private static readonly string[] Types = ["array", "boolean", "integer", "number", "object", "string"];

    public static void Check(JsonObject schema, string path, FieldErrors errors) => Visit(schema, path, new Place(Root: true, InsideMeta: false, NoDefaults: null), errors);

    private readonly record struct Place(bool Root, bool InsideMeta, string? NoDefaults);

    private static void Visit(JsonObject? schema, string path, Place place, FieldErrors errors)
    {
        if (schema is null) return;
        CheckSupported(schema, path, place, errors);
        if (schema.Bool("uniqueItems")) errors.Forbidden($"{path}.uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
        var inner = place with { Root = false };
        CheckAdditional(schema, path, inner, errors);
        foreach (var (name, property) in schema.Obj("properties") ?? [])
        {
            var member = inner;
            if ((place.Root || schema.Bool("x-kubernetes-embedded-resource")) && name is "metadata" or "apiVersion" or "kind")
                member = new Place(false, true, place.Root ? $"in top-level {name}" : inner.NoDefaults);
            Visit(property as JsonObject, $"{path}.properties[{name}]", member, errors);
        }
        Visit(schema.Obj("not"), $"{path}.not", inner, errors);
        foreach (var junctor in new[] { "allOf", "oneOf", "anyOf" })
        {
            var i = 0;
            foreach (var item in schema.Items(junctor)) Visit(item as JsonObject, $"{path}.{junctor}[{i++}]", inner, errors);
        }
        Visit(schema.Obj("items"), $"{path}.items", inner, errors);

        if (schema.Get("x-kubernetes-preserve-unknown-fields") is JsonValue v && v.GetValueKind() == JsonValueKind.False)
            errors.Invalid($"{path}.x-kubernetes-preserve-unknown-fields", false, "must be true or undefined");
        ListRules.Check(schema, path, errors);
        ExpressionShape.Check(schema, path, errors);
    }

    private static void CheckSupported(JsonObject schema, string path, Place place, FieldErrors errors)
    {
        if (schema.Get("default") is not null && place.NoDefaults is { } why) errors.Forbidden($"{path}.default", $"must not be set {why}".TrimEnd());
        Unsupported("id");
        Unsupported("additionalItems");
        Unsupported("patternProperties");
        Unsupported("definitions");
        Unsupported("dependencies");
        Unsupported("$ref");
        var type = schema.Str("type");
        if (type == "null") errors.Forbidden($"{path}.type", "type cannot be set to null, use nullable as an alternative");
        else if (type.Length > 0 && !Types.Contains(type)) errors.NotSupported($"{path}.type", type, Types);
        if (schema.Get("items") is JsonArray { Count: > 0 }) errors.Forbidden($"{path}.items", "items must be a schema object and not an array");
        if (place.InsideMeta && schema.Bool("x-kubernetes-embedded-resource"))
            errors.Forbidden($"{path}.x-kubernetes-embedded-resource", "must not be used inside of resource meta");

        void Unsupported(string field)
        {
            if (schema.Get(field) is { } value && value is not JsonObject { Count: 0 } && value.AsString() is not "") errors.Forbidden($"{path}.{field}", $"{field} is not supported");
        }
    }

    private static void CheckAdditional(JsonObject schema, string path, Place inner, FieldErrors errors)
    {
        if (schema.Get("additionalProperties") is not { } additional) return;
        // additionalProperties: true beside properties says nothing and is let through.
        var says = additional is JsonObject || additional is JsonValue v && v.GetValueKind() == JsonValueKind.False;
        if (says && schema.Obj("properties") is { Count: > 0 }) errors.Forbidden($"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive");
        Visit(additional as JsonObject, $"{path}.additionalProperties",
            inner.InsideMeta ? inner with { NoDefaults = "inside additionalProperties applying to object metadata" } : inner, errors);
    }
}
