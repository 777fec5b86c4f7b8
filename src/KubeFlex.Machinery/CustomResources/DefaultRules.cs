using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>Defaults must be what pruning leaves alone and validation accepts (<c>structuraldefaulting.ValidateDefaults</c>).</summary>
internal static class DefaultRules
{
    public static void Check(JsonObject? schema, string path, FieldErrors errors)
    {
        if (schema is null) return;
        if (schema.Get("default") is { } value) CheckOne(value, schema, $"{path}.default", errors);
        Check(schema.Obj("items"), $"{path}.items", errors);
        foreach (var (name, member) in schema.Obj("properties") ?? []) Check(member as JsonObject, $"{path}.properties[{name}]", errors);
        Check(schema.Obj("additionalProperties"), $"{path}.additionalProperties", errors);
    }

    private static void CheckOne(JsonNode value, JsonObject schema, string field, FieldErrors errors)
    {
        var compiled = SchemaCompiler.CompileAlone(schema);
        if (!Pruner.IsPruned(value, compiled)) errors.Invalid(field, value, "must not have unknown fields");
        var found = new FieldErrors();
        EmbeddedResources.ValidateAt(value, compiled, field, found);
        if (found.Count == 0) SchemaValidator.ValidateAt(value, compiled, field, found);
        errors.AddRange(found);
    }
}
