using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeFlex.Machinery.OpenApi;

/// <summary>
/// What remains of an OpenAPI 3 schema in the v2 document. Clients validate with it and know no "one of" or null, so wherever v2 would be
/// stricter than the server, it says nothing.
/// </summary>
internal static class SwaggerDialect
{
    public static void Reduce(JsonObject schema)
    {
        foreach (var name in (string[])["default", "allOf", "anyOf", "oneOf", "not", "example", "externalDocs"]) schema.Remove(name);
        if (True(schema, "x-kubernetes-preserve-unknown-fields"))
        {
            schema.Remove("properties");
            schema.Remove("items");
        }
        if (True(schema, "nullable"))
        {
            foreach (var name in (string[])["type", "properties", "items", "required"]) schema.Remove(name);
        }
        schema.Remove("nullable");
        if (True(schema, "x-kubernetes-int-or-string")) schema.Remove("type");
        foreach (var child in CustomSchemas.Children(schema).Where(c => !c.ContainsKey("$ref")).ToList()) Reduce(child);
    }

    private static bool True(JsonObject schema, string name) => schema[name] is JsonValue value && value.GetValueKind() == JsonValueKind.True;
}
