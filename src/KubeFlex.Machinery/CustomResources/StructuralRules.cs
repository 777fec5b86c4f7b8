using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>
/// Structural schemas (<c>apiextensions/pkg/apiserver/schema/validation.go</c>): every value has a type outside of the logical junctors, and junctors only add value
/// rules to what is specified outside of them.
/// </summary>
internal static class StructuralRules
{
    private enum Level
    {
        Root,
        Item,
        Field,
    }

    public static void Check(JsonObject schema, string path, FieldErrors errors)
    {
        var found = new FieldErrors();
        Invariants(schema, Level.Root, path, found);
        Completeness(schema, path, found);
        errors.AddRange(found.OrderBy(e => e.ToString(), StringComparer.Ordinal));
    }

    private static void Invariants(JsonObject? s, Level level, string path, FieldErrors errors)
    {
        if (s is null) return;
        var type = s.Str("type");
        var (embedded, preserve, intOrString) = (s.Bool("x-kubernetes-embedded-resource"), s.Bool("x-kubernetes-preserve-unknown-fields"), s.Bool("x-kubernetes-int-or-string"));
        var properties = s.Obj("properties");
        var additional = s.Get("additionalProperties");
        if (type == "array" && s.Obj("items") is null) errors.Required($"{path}.items", "must be specified");
        Invariants(s.Obj("items"), Level.Item, $"{path}.items", errors);
        foreach (var (name, member) in properties ?? []) Invariants(member as JsonObject, Level.Field, $"{path}.properties[{name}]", errors);
        if (additional is not null && level == Level.Root) errors.Forbidden($"{path}.additionalProperties", "must not be used at the root");
        Invariants(additional as JsonObject, Level.Field, $"{path}.additionalProperties", errors);
        if (intOrString)
        {
            if (type.Length > 0) errors.Invalid($"{path}.type", type, "must be empty if x-kubernetes-int-or-string is true");
            if (preserve) errors.Invalid($"{path}.x-kubernetes-preserve-unknown-fields", true, "must be false if x-kubernetes-int-or-string is true");
            if (embedded) errors.Invalid($"{path}.x-kubernetes-embedded-resource", true, "must be false if x-kubernetes-int-or-string is true");
        }
        var firstOfAll = intOrString && s.Arr("allOf") is { Count: > 0 } all && IsIntOrString(all[0].Arr("anyOf"));
        ValueRules(s, intOrString && IsIntOrString(s.Arr("anyOf")), firstOfAll, path, errors);

        if (embedded && type != "object")
        {
            if (type.Length == 0) errors.Required($"{path}.type", "must be object if x-kubernetes-embedded-resource is true");
            else errors.Invalid($"{path}.type", type, "must be object if x-kubernetes-embedded-resource is true");
        }
        else if (type.Length == 0 && !intOrString && !preserve)
        {
            errors.Required($"{path}.type", level switch
            {
                Level.Root => "must not be empty at the root",
                Level.Item => "must not be empty for specified array items",
                _ => "must not be empty for specified object fields",
            });
        }
        if (embedded && additional is not null) errors.Forbidden($"{path}.additionalProperties", "must not be used if x-kubernetes-embedded-resource is set");
        if (level == Level.Root && type.Length > 0 && type != "object") errors.Invalid($"{path}.type", type, "must be object at the root");
        if (embedded && !preserve && (properties is null || properties.Count == 0))
            errors.Required($"{path}.properties", "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields");
        ObjectMembers(properties, level == Level.Root || embedded, level == Level.Root, path, errors);
    }

    private static void ObjectMembers(JsonObject? properties, bool isObject, bool root, string path, FieldErrors errors)
    {
        if (!isObject) return;
        Member("kind", "string", "must be string");
        Member("apiVersion", "string", "must be string");
        Member("metadata", "object", "must be object");
        // Metadata is ObjectMeta; a definition may only narrow its names.
        if (root && properties.Obj("metadata") is { } metadata)
        {
            var only = metadata.All(p => p.Key is "type" or "properties" or "default" || (p.Key is "nullable" && p.Value is JsonValue v && v.GetValueKind() == JsonValueKind.False))
                && (metadata.Obj("properties") ?? []).All(p => p.Key is "name" or "generateName");
            if (!only)
                errors.Forbidden($"{path}.properties[metadata]", "must not specify anything other than name and generateName, but metadata is implicitly specified");
        }

        void Member(string name, string type, string words)
        {
            if (properties.Obj(name) is { } member && member.Str("type") != type) errors.Invalid($"{path}.properties[{name}].type", member.Str("type"), words);
        }
    }

    // anyOf: [{type: integer}, {type: string}], which int-or-string may repeat.
    private static bool IsIntOrString(JsonArray? anyOf) =>
        anyOf is { Count: 2 } && anyOf[0] is JsonObject { Count: 1 } a && a.Str("type") == "integer" && anyOf[1] is JsonObject { Count: 1 } b && b.Str("type") == "string";

    private static void ValueRules(JsonObject s, bool skipAnyOf, bool skipFirstOfAll, string path, FieldErrors errors)
    {
        if (!skipAnyOf) Each("anyOf", false);
        Each("allOf", skipFirstOfAll);
        Each("oneOf", false);
        Nested(s.Obj("not"), false, $"{path}.not", errors);
        if (s.Str("pattern") is { Length: > 0 } pattern && !Patterns.TryCompile(pattern, out _, out var why))
            errors.Invalid($"{path}.pattern", pattern, $"must be a valid regular expression, but isn't: {why}");

        void Each(string junctor, bool skipFirst)
        {
            var i = 0;
            foreach (var item in s.Items(junctor))
            {
                Nested(item as JsonObject, skipFirst && i == 0, $"{path}.{junctor}[{i}]", errors, allOf: junctor == "allOf");
                i++;
            }
        }
    }

    private static void Nested(JsonObject? s, bool skipAnyOf, string path, FieldErrors errors, bool allOf = false)
    {
        if (s is null) return;
        ValueRules(s, skipAnyOf, false, path, errors);
        Nested(s.Obj("items"), false, $"{path}.items", errors, allOf);
        foreach (var (name, member) in s.Obj("properties") ?? []) Nested(member as JsonObject, false, $"{path}.properties[{name}]", errors, allOf);
        Nested(s.Obj("additionalProperties"), false, $"{path}.additionalProperties", errors, allOf);
        if (s.Str("type").Length > 0) Forbid("type", "must be empty to be structural");
        if (s.Get("default") is not null) Forbid("default", "must be undefined to be structural");
        if (s.Str("title").Length > 0) Forbid("title", "must be empty to be structural");
        if (s.Str("description").Length > 0) Forbid("description", "must be empty to be structural");
        if (s.Bool("nullable")) Forbid("nullable", "must be false to be structural");
        if (s.Bool("x-kubernetes-preserve-unknown-fields")) Forbid("x-kubernetes-preserve-unknown-fields", "must be false to be structural");
        if (s.Bool("x-kubernetes-embedded-resource")) Forbid("x-kubernetes-embedded-resource", "must be false to be structural");
        if (s.Bool("x-kubernetes-int-or-string")) Forbid("x-kubernetes-int-or-string", "must be false to be structural");
        if (s.Arr("x-kubernetes-list-map-keys") is { Count: > 0 }) Forbid("x-kubernetes-list-map-keys", "must be empty to be structural");
        if (s.Get("x-kubernetes-list-type") is not null) Forbid("x-kubernetes-list-type", "must be undefined to be structural");
        if (s.Get("x-kubernetes-map-type") is not null) Forbid("x-kubernetes-map-type", "must be undefined to be structural");
        if (!allOf && s.Arr("x-kubernetes-validations") is { Count: > 0 }) Forbid("x-kubernetes-validations", "must be empty to be structural");
        if (s.Obj("properties")?.ContainsKey("metadata") == true) errors.Forbidden($"{path}.properties[metadata]", "must not be specified in a nested context");

        void Forbid(string field, string words) => errors.Forbidden($"{path}.{field}", words);
    }

    private static void Completeness(JsonObject? s, string path, FieldErrors errors)
    {
        if (s is null) return;
        Covered(s, s, path, path, errors, self: true);
        Completeness(s.Obj("items"), $"{path}.items", errors);
        foreach (var (name, member) in s.Obj("properties") ?? []) Completeness(member as JsonObject, $"{path}.properties[{name}]", errors);
        Completeness(s.Obj("additionalProperties"), $"{path}.additionalProperties", errors);
    }

    // What a junctor speaks of must be specified outside of it.
    private static void Covered(JsonObject? rules, JsonObject? spec, string specPath, string rulesPath, FieldErrors errors, bool self = false)
    {
        if (rules is null) return;
        if (spec is null)
        {
            errors.Required(specPath, $"because it is defined in {rulesPath}");
            return;
        }
        Covered(rules.Obj("not"), spec, specPath, $"{rulesPath}.not", errors);
        foreach (var junctor in new[] { "allOf", "anyOf", "oneOf" })
        {
            var i = 0;
            foreach (var item in rules.Items(junctor)) Covered(item as JsonObject, spec, specPath, $"{rulesPath}.{junctor}[{i++}]", errors);
        }
        if (self) return;
        Covered(rules.Obj("items"), spec.Obj("items"), $"{specPath}.items", $"{rulesPath}.items", errors);
        Covered(rules.Obj("additionalProperties"), spec.Obj("additionalProperties"), $"{specPath}.additionalProperties", $"{rulesPath}.additionalProperties", errors);
        foreach (var (name, member) in rules.Obj("properties") ?? [])
            Covered(member as JsonObject, spec.Obj("properties").Obj(name), $"{specPath}.properties[{name}]", $"{rulesPath}.properties[{name}]", errors);
    }
}
