using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>What a version of a definition holds: schema, subresources, printer columns, deprecation.</summary>
internal static class VersionValidator
{
    private static readonly string[] ColumnTypes = ["boolean", "date", "integer", "number", "string"];
    private static readonly string[] ColumnFormats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];
    // In the order of JSONSchemaProps; the first field that is set and not allowed is reported.
    private static readonly string[] Fields =
    [
        "id", "$schema", "$ref", "description", "type", "nullable", "format", "title", "default", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength",
        "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "multipleOf", "enum", "maxProperties", "minProperties", "required", "items", "allOf", "oneOf", "anyOf",
        "not", "properties", "additionalProperties", "patternProperties", "dependencies", "additionalItems", "definitions", "externalDocs", "example",
        "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string", "x-kubernetes-list-map-keys", "x-kubernetes-list-type",
        "x-kubernetes-map-type", "x-kubernetes-validations",
    ];

    private static readonly HashSet<string> AllowedAtRoot =
    [
        "description", "type", "format", "title", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern", "maxItems", "minItems",
        "uniqueItems", "multipleOf", "required", "items", "properties", "externalDocs", "example", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations",
    ];

    private const string AllowedWords = "[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems "
        + "UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations]";

    public static void Check(HoistedSpec spec, int index, FieldErrors errors)
    {
        var version = spec.Versions[index];
        var path = $"spec.versions[{index}]";
        if (version.Get("deprecationWarning").AsString() is { } warning)
            foreach (var wrong in DeprecationWarning(version.Bool("deprecated"), warning)) errors.Invalid($"{path}.deprecationWarning", warning, wrong);
        if (!spec.SchemaShared) CheckSchema(spec.SchemaOf(index), $"{path}.schema", spec.StatusOf(index), errors);
        if (!spec.SubresourcesShared) CheckSubresources(version.Obj("subresources"), $"{path}.subresources", errors);
        if (!spec.ColumnsShared) CheckColumns(version.Arr("additionalPrinterColumns"), $"{path}.additionalPrinterColumns", errors);
        if (!spec.SelectableShared) SelectableFieldRules.Check(version.Arr("selectableFields"), spec.SchemaOf(index), $"{path}.selectableFields", errors);
    }

    public static void CheckSchema(JsonObject? schema, string validation, bool status, FieldErrors errors)
    {
        if (schema is null) return;
        var path = $"{validation}.openAPIV3Schema";
        if (status) CheckRootFields(schema, path, errors);
        if (schema.Bool("nullable")) errors.Forbidden($"{path}.nullable", "nullable cannot be true at the root");
        OpenApiSchemaRules.Check(schema, path, errors);
        var structural = new FieldErrors();
        StructuralRules.Check(schema, path, structural);
        errors.AddRange(structural);
        if (structural.Count == 0) DefaultRules.Check(schema, path, errors);
    }

    public static void CheckSubresources(JsonObject? subresources, string path, FieldErrors errors)
    {
        if (subresources.Obj("scale") is not { } scale) return;
        Replicas("specReplicasPath", ".spec.", "should be a json path under .spec");
        Replicas("statusReplicasPath", ".status.", "should be a json path under .status");
        if (scale.Str("labelSelectorPath") is { Length: > 0 } selector)
        {
            var field = $"{path}.scale.labelSelectorPath";
            if (!SimplePath(selector, field, errors)) return;
            if (!selector.StartsWith(".status.", StringComparison.Ordinal) && !selector.StartsWith(".spec.", StringComparison.Ordinal))
                errors.Invalid(field, selector, "should be a json path under either .spec or .status");
        }

        void Replicas(string name, string prefix, string words)
        {
            var (value, field) = (scale.Str(name), $"{path}.scale.{name}");
            if (value.Length == 0) errors.Required(field);
            else if (SimplePath(value, field, errors) && !value.StartsWith(prefix, StringComparison.Ordinal)) errors.Invalid(field, value, words);
        }
    }

    public static void CheckColumns(JsonArray? columns, string path, FieldErrors errors)
    {
        for (var i = 0; i < (columns?.Count ?? 0); i++)
        {
            var (column, at) = (columns![i], $"{path}[{i}]");
            if (column.Str("name").Length == 0) errors.Required($"{at}.name");
            var type = column.Str("type");
            if (type.Length == 0) errors.Required($"{at}.type", $"must be one of {string.Join(",", ColumnTypes)}");
            else if (!ColumnTypes.Contains(type)) errors.Invalid($"{at}.type", type, $"must be one of {string.Join(",", ColumnTypes)}");
            var format = column.Str("format");
            if (format.Length > 0 && !ColumnFormats.Contains(format)) errors.Invalid($"{at}.format", format, $"must be one of {string.Join(",", ColumnFormats)}");
            if (column.Str("jsonPath").Length == 0) errors.Required($"{at}.JSONPath");
            else SimplePath(column.Str("jsonPath"), $"{at}.JSONPath", errors);
        }
    }

    private static bool SimplePath(string text, string field, FieldErrors errors)
    {
        if (text.StartsWith('.')) return true;
        errors.Invalid(field, text, "must be a simple json path starting with .");
        return false;
    }

    private static void CheckRootFields(JsonObject schema, string path, FieldErrors errors)
    {
        foreach (var field in Fields)
        {
            if (schema.Get(field) is not { } value || IsZero(value)) continue;
            if (field == "type" && value.AsString() != "object")
            {
                errors.Invalid($"{path}.type", value, "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled");
                return;
            }
            if (AllowedAtRoot.Contains(field)) continue;
            errors.Invalid(path, InternalForm.Schema(schema), $"only {AllowedWords} fields are allowed at the root of the schema if the status subresource is enabled");
            return;
        }
    }

    private static bool IsZero(JsonNode value) => value.AsString() is "" || (value is JsonValue v && v.GetValueKind() == System.Text.Json.JsonValueKind.False);

    private static IEnumerable<string> DeprecationWarning(bool deprecated, string warning)
    {
        if (!deprecated) yield return "can only be set for deprecated versions";
        if (warning.Length == 0) yield return "must not be an empty string";
        if (warning.Length > 256) yield return "must be <= 256 characters in length";
        for (var i = 0; i < warning.Length; i++)
        {
            if (!char.IsControl(warning[i])) continue;
            yield return $"must only contain printable UTF-8 characters; non-printable character found at index {i}";
            yield break;
        }
    }
}
