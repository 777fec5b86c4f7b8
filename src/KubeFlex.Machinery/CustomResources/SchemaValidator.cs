using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>
/// Value rules, in the order and words of <c>kube-openapi/pkg/validation</c>. A value that equals its old self is not looked at again (CRDValidationRatcheting);
/// members correlate by name, items only in map lists, by key.
/// </summary>
internal sealed class SchemaValidator
{
    private readonly FieldErrors errors;
    private readonly string basePath;
    private int matches;

    private SchemaValidator(FieldErrors errors, string basePath) => (this.errors, this.basePath) = (errors, basePath);

    public static void Validate(JsonNode? value, JsonNode? old, Schema schema, FieldErrors errors) =>
        new SchemaValidator(errors, "").Visit(value, new Old(old is not null, old), schema, "");

    /// <summary>Checks a default: fields start at <paramref name="basePath"/>, while messages name paths inside the default.</summary>
    public static void ValidateAt(JsonNode? value, Schema schema, string basePath, FieldErrors errors) =>
        new SchemaValidator(errors, basePath).Visit(value, default, schema, "");

    // What stood there before; nothing when it did not correlate.
    private readonly record struct Old(bool Known, JsonNode? Value)
    {
        public Old Member(string name) => Known && Value is JsonObject o && o.TryGetPropertyValue(name, out var v) ? new Old(true, v) : default;
    }

    private void Visit(JsonNode? value, Old old, Schema schema, string path)
    {
        if (schema.Rules is not { } rules)
        {
            VisitPublished(value, old, schema, path);
            return;
        }
        if (old.Known && JsonReading.Same(value, old.Value)) return;
        matches++;
        CheckType(value, schema, path);
        if (value is null)
        {
            CheckEnum(value, schema, path);
            return;
        }
        CheckJunctors(value, old, rules, path);
        if (value.AsString() is { } text) CheckString(text, schema, rules, path);
        else if (value.IsNumber()) CheckNumber(value, rules, path);
        else if (value is JsonArray array) CheckArray(array, old, schema, rules, path);
        CheckEnum(value, schema, path);
        if (value is JsonObject obj) CheckObject(obj, old, schema, rules, path);
    }

    // Published types (ObjectMeta) are checked elsewhere, except for members the definition has rules for.
    private void VisitPublished(JsonNode? value, Old old, Schema schema, string path)
    {
        if (value is not JsonObject obj || schema.TypeName is null) return;
        foreach (var (name, member) in schema.Properties)
            if (member.Rules is not null && obj.TryGetPropertyValue(name, out var v)) Visit(v, old.Member(name), member, Join(path, name));
    }

    private void CheckType(JsonNode? value, Schema schema, string path)
    {
        var actual = value switch
        {
            null => "null",
            JsonObject => "object",
            JsonArray => "array",
            _ => value.GetValueKind() switch
            {
                JsonValueKind.String => "string",
                JsonValueKind.Number => value.IsInt64() ? "integer" : "number",
                _ => "boolean",
            },
        };
        var expected = schema.IntOrString ? "integer,string" : schema.Type == SchemaType.Any ? "" : schema.Type.ToString().ToLowerInvariant();
        if (expected.Length == 0) return;
        var fits = actual switch
        {
            "null" => schema.Nullable,
            "integer" => expected is "integer" or "number" or "integer,string",
            "number" => expected == "number" || (expected is "integer" or "integer,string" && value.AsLong() is not null),
            "string" => expected is "string" or "integer,string",
            _ => expected == actual,
        };
        if (!fits) errors.TypeInvalid(Field(path), actual, $"{path} in body must be of type {expected}: \"{actual}\"");
    }

    private void CheckEnum(JsonNode? value, Schema schema, string path)
    {
        if (schema.Enum is not { Count: > 0 } allowed || allowed.Any(v => JsonReading.Same(v, value))) return;
        errors.NotSupported(Field(path), value, allowed.Select(v => v.AsString() ?? v?.ToJsonString(Json.KubeJson.Relaxed) ?? "null"));
    }

    private void CheckString(string text, Schema schema, SchemaRules rules, string path)
    {
        var length = 0L;
        if (rules.MaxLength is not null || rules.MinLength is not null)
            foreach (var _ in text.EnumerateRunes()) length++;
        if (rules.MaxLength is { } max && length > max) errors.TooLong(Field(path), (int)max);
        if (rules.MinLength is { } min && length < min) errors.Invalid(Field(path), text, $"{path} in body should be at least {min} chars long");
        if (rules.Matcher is { } regex && !Patterns.Matches(regex, text)) errors.Invalid(Field(path), text, $"{path} in body should match '{rules.Pattern}'");
        if (schema.Format is { } format && !Formats.Holds(format, text))
            errors.TypeInvalid(Field(path), text, $"{path} in body must be of type {format}: {GoText.Quote(text)}");
    }

    private void CheckNumber(JsonNode value, SchemaRules rules, string path)
    {
        var number = value.AsDouble() ?? 0;
        object shown = value.IsInt64() ? value.AsLong()! : GoText.Float(number);
        if (rules.MultipleOf is { } factor && factor != 0 && !IsMultiple(value, factor)) Fail("be a multiple of", factor);
        if (rules.Maximum is { } max && (rules.ExclusiveMaximum ? number >= max : number > max)) Fail(rules.ExclusiveMaximum ? "be less than" : "be less than or equal to", max);
        if (rules.Minimum is { } min && (rules.ExclusiveMinimum ? number <= min : number < min)) Fail(rules.ExclusiveMinimum ? "be greater than" : "be greater than or equal to", min);

        void Fail(string words, double bound) =>
            errors.Invalid(Field(path), shown is string s ? new Unquoted(s) : shown, $"{path} in body should {words} {GoText.Float(bound)}");
    }

    // Decimal arithmetic where it fits: 0.3 is a multiple of 0.1.
    private static bool IsMultiple(JsonNode value, double factor)
    {
        if (decimal.TryParse(value.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var d)
            && decimal.TryParse(factor.ToString("R", CultureInfo.InvariantCulture), NumberStyles.Float, CultureInfo.InvariantCulture, out var f) && f != 0)
            return d % f == 0;
        var quotient = value.AsDouble()!.Value / factor;
        return quotient == Math.Truncate(quotient);
    }

    private void CheckArray(JsonArray array, Old old, Schema schema, SchemaRules rules, string path)
    {
        if (schema.Items is { } items)
        {
            var before = old.Known && old.Value is JsonArray oldItems ? ByKey(oldItems, schema) : null;
            for (var i = 0; i < array.Count; i++)
            {
                JsonNode? match = null;
                var correlated = before is not null && array[i] is JsonObject item && before.TryGetValue(Key(item, schema), out match);
                Visit(array[i], new Old(correlated, match), items, $"{path}[{i}]");
            }
        }
        if (rules.MinItems is { } min && array.Count < min) errors.Invalid(Field(path), array.Count, $"{path} in body should have at least {min} items");
        if (rules.MaxItems is { } max && array.Count > max) errors.TooMany(Field(path), array.Count, (int)max);
        if (rules.UniqueItems && array.Select(JsonReading.Canonical).Distinct().Count() < array.Count)
            errors.Invalid(Field(path), "", $"{path} in body shouldn't contain duplicates");
    }

    private static Dictionary<string, JsonNode?>? ByKey(JsonArray array, Schema schema)
    {
        if (schema.ListType != ListType.Map) return null;
        var found = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach (var item in array)
            if (item is JsonObject o) found.TryAdd(Key(o, schema), item);
        return found;
    }

    private static string Key(JsonObject item, Schema schema) => string.Join('\n', schema.ListMapKeys.Select(k => JsonReading.Canonical(item.Get(k))));

    private void CheckObject(JsonObject obj, Old old, Schema schema, SchemaRules rules, string path)
    {
        if (rules.MinProperties is { } min && obj.Count < min) errors.Invalid(Field(path), obj.Count, $"{path} in body should have at least {min} properties");
        if (rules.MaxProperties is { } max && obj.Count > max) errors.TooMany(Field(path), obj.Count, (int)max);
        foreach (var (name, value) in obj)
            if (schema.AdditionalProperties is { } additional && !schema.Properties.ContainsKey(name)) Visit(value, old.Member(name), additional, $"{path}.{name}");
        foreach (var (name, value) in obj)
            if (schema.Properties.TryGetValue(name, out var member)) Visit(value, old.Member(name), member, Join(path, name));
        foreach (var name in schema.Required)
            if (!obj.ContainsKey(name)) errors.Required(Field($"{path}.{name}"));
    }

    private void CheckJunctors(JsonNode value, Old old, SchemaRules rules, string path)
    {
        if (rules.AnyOf.Count > 0 && CountValid(rules.AnyOf, value, old, path, stopAtFirst: true, out var anyFailures) == 0)
        {
            Fail("must validate at least one schema (anyOf)");
            errors.AddRange(anyFailures!);
        }
        if (rules.OneOf.Count > 0)
        {
            var valid = CountValid(rules.OneOf, value, old, path, stopAtFirst: false, out var oneFailures);
            if (valid != 1) Fail($"must validate one and only one schema (oneOf). {(valid == 0 ? "Found none valid" : $"Found {valid} valid alternatives")}");
            if (valid == 0) errors.AddRange(oneFailures!);
        }
        if (rules.AllOf.Count > 0)
        {
            var valid = 0;
            foreach (var schema in rules.AllOf)
            {
                var (found, _) = Try(schema, value, old, path);
                if (found.Count == 0) valid++;
                errors.AddRange(found);
            }
            if (valid < rules.AllOf.Count) Fail($"must validate all the schemas (allOf){(valid == 0 ? ". None validated" : "")}");
        }
        if (rules.Not is { } not && Try(not, value, old, path).Errors.Count == 0) Fail("must not validate the schema (not)");

        // These errors have no place of their own upstream: the path is only in the text.
        void Fail(string words) => errors.Invalid(basePath.Length == 0 ? "<nil>" : basePath, "", $"{GoText.Quote(path)} {words}");
    }

    private int CountValid(IReadOnlyList<Schema> schemas, JsonNode value, Old old, string path, bool stopAtFirst, out FieldErrors? best)
    {
        best = null;
        var (valid, most) = (0, -1);
        foreach (var schema in schemas)
        {
            var (found, matched) = Try(schema, value, old, path);
            if (found.Count == 0)
            {
                valid++;
                if (stopAtFirst) break;
            }
            else if (matched > most) (best, most) = (found, matched);
        }
        return valid;
    }

    private (FieldErrors Errors, int Matches) Try(Schema schema, JsonNode value, Old old, string path)
    {
        var inner = new SchemaValidator([], basePath);
        // The value as a whole has changed, or nobody would ask; its members may still be as they were.
        inner.Visit(value, old, schema, path);
        return (inner.errors, inner.matches);
    }

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private string Field(string path)
    {
        var trimmed = path.StartsWith('.') ? path[1..] : path;
        if (basePath.Length == 0) return trimmed.Length == 0 ? "<nil>" : trimmed;
        return trimmed.Length == 0 ? basePath : $"{basePath}.{trimmed}";
    }

    // A number that already has its text.
    private sealed class Unquoted(string text)
    {
        public override string ToString() => text;
    }
}
