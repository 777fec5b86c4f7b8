using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>What custom resources go through on writes.</summary>
public static class CustomResourceRules
{
    /// <summary>Removes members the schema does not know; gives their dotted paths for field validation.</summary>
    public static IReadOnlyList<string> Prune(JsonObject obj, Schema schema)
    {
        var unknown = new List<string>();
        Pruner.PruneRoot(obj, schema, unknown);
        return unknown;
    }

    /// <summary>Fills in defaults; drops nulls that are not nullable where there is a default.</summary>
    public static void Default(JsonObject obj, Schema schema)
    {
        Defaulter.DropNulls(obj, schema);
        Defaulter.Default(obj, schema);
    }

    /// <summary>
    /// Checks the object against the schema's rules, in upstream's words. With <paramref name="old"/>, values that did not change are not held against the
    /// writer (ratcheting).
    /// </summary>
    public static void Validate(JsonObject obj, JsonObject? old, Schema schema, FieldErrors errors)
    {
        var found = new FieldErrors();
        SchemaValidator.Validate(obj, old, schema, found);
        AddUnlessOldHadThem(obj, old, schema, found, EmbeddedResources.Validate);
        AddUnlessOldHadThem(obj, old, schema, found, ListTypes.Validate);
        // customresource strategy: expressions are not evaluated on an object of the wrong shape, and the answer says so.
        if (schema.Rules?.ExpressionsBelow == true && found.Any(e => e.Type is FieldErrorType.NotSupported or FieldErrorType.Required
                or FieldErrorType.TooLong or FieldErrorType.TooMany or FieldErrorType.TypeInvalid))
            found.Invalid("<nil>", null, "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation");
        errors.AddRange(found);
    }

    private static void AddUnlessOldHadThem(JsonObject obj, JsonObject? old, Schema schema, FieldErrors found, Action<JsonNode?, Schema, FieldErrors> rule)
    {
        var now = new FieldErrors();
        rule(obj, schema, now);
        if (now.Count == 0) return;
        if (old is not null)
        {
            var before = new FieldErrors();
            rule(old, schema, before);
            if (before.Count > 0) return;
        }
        found.AddRange(now);
    }
}
