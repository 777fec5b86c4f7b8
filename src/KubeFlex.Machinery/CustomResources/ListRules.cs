using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>What <c>x-kubernetes-list-type</c>, <c>-list-map-keys</c> and <c>-map-type</c> demand of the schema they stand in.</summary>
internal static class ListRules
{
    public static void Check(JsonObject schema, string path, FieldErrors errors)
    {
        var (mapType, listType) = (schema.Get("x-kubernetes-map-type").AsString(), schema.Get("x-kubernetes-list-type").AsString());
        if (mapType is not null)
        {
            NeedsType("object", "must be object if x-kubernetes-map-type is specified");
            if (mapType is not ("atomic" or "granular")) errors.NotSupported($"{path}.x-kubernetes-map-type", mapType, ["atomic", "granular"]);
        }
        if (listType is not null)
        {
            NeedsType("array", "must be array if x-kubernetes-list-type is specified");
            if (listType is not ("atomic" or "map" or "set")) errors.NotSupported($"{path}.x-kubernetes-list-type", listType, ["atomic", "map", "set"]);
        }
        if (schema.Arr("x-kubernetes-list-map-keys") is { Count: > 0 })
        {
            if (listType is null) errors.Required($"{path}.x-kubernetes-list-type", "must be map if x-kubernetes-list-map-keys is non-empty");
            else if (listType != "map") errors.Invalid($"{path}.x-kubernetes-list-type", listType, "must be map if x-kubernetes-list-map-keys is non-empty");
        }
        if (listType == "map") CheckMap(schema, path, errors);
        if (listType == "set") CheckSet(schema, path, errors);

        void NeedsType(string type, string words)
        {
            var actual = schema.Str("type");
            if (actual.Length == 0) errors.Required($"{path}.type", words);
            else if (actual != type) errors.Invalid($"{path}.type", actual, words);
        }
    }

    private static void CheckMap(JsonObject schema, string path, FieldErrors errors)
    {
        var keys = schema.Arr("x-kubernetes-list-map-keys");
        if (keys is null or { Count: 0 }) errors.Required($"{path}.x-kubernetes-list-map-keys", "must not be empty if x-kubernetes-list-type is map");
        if (schema.Get("items") is null) errors.Required($"{path}.items", "must have a schema if x-kubernetes-list-type is map");
        if (schema.Get("items") is JsonArray) errors.Invalid($"{path}.items", "", "must only have a single schema if x-kubernetes-list-type is map");
        if (schema.Obj("items") is not { } items) return;
        var type = items.Str("type");
        if (type != "object")
        {
            errors.Invalid($"{path}.items.type", type, "must be object if parent array's x-kubernetes-list-type is map");
        }
        else
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var name in (keys ?? []).Select(k => k.AsString() ?? ""))
            {
                if (items.Obj("properties").Obj(name) is not { } member)
                    errors.Invalid($"{path}.x-kubernetes-list-map-keys", keys, "entries must all be names of item properties");
                else if (member.Str("type") is "array" or "object")
                    errors.Invalid($"{path}.items.properties[{name}].type", type, "must be a scalar type if parent array's x-kubernetes-list-type is map");
                if (!seen.Add(name)) errors.Invalid($"{path}.x-kubernetes-list-map-keys", keys, "must not contain duplicate entries");
            }
        }
        if (items.Bool("nullable")) errors.Forbidden($"{path}.items.nullable", "cannot be nullable when x-kubernetes-list-type is map");
        var required = items.Items("required").Select(r => r.AsString()).ToHashSet();
        foreach (var name in (keys ?? []).Select(k => k.AsString() ?? ""))
        {
            if (items.Obj("properties").Obj(name) is not { } member) continue;
            if (!required.Contains(name) && member.Get("default") is null)
                errors.Required($"{path}.items.properties[{name}].default", "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property");
            if (member.Bool("nullable"))
                errors.Forbidden($"{path}.items.properties[{name}].nullable", "this property is in x-kubernetes-list-map-keys, so it cannot be nullable");
        }
    }

    private static void CheckSet(JsonObject schema, string path, FieldErrors errors)
    {
        if (schema.Obj("items") is not { } items) return;
        if (items.Bool("nullable")) errors.Forbidden($"{path}.items.nullable", "cannot be nullable when x-kubernetes-list-type is set");
        switch (items.Str("type"))
        {
            case "array" when items.Get("x-kubernetes-list-type").AsString() is { } type and not "atomic":
                errors.Invalid($"{path}.items.x-kubernetes-list-type", type, "must be atomic as item of a list with x-kubernetes-list-type=set");
                break;
            case "object" when items.Get("x-kubernetes-map-type").AsString() is { } type and not "atomic":
                errors.Invalid($"{path}.items.x-kubernetes-map-type", type, "must be atomic as item of a list with x-kubernetes-list-type=set");
                break;
            case "object" when items.Get("x-kubernetes-map-type") is null:
                errors.Required($"{path}.items.x-kubernetes-map-type", "must be atomic as item of a list with x-kubernetes-list-type=set");
                break;
        }
    }
}
