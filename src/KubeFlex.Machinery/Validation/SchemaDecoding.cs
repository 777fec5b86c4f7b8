using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Kinds;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.Validation;

/// <summary>Checks JSON types of a built-in object against its schema, as Go's decoder would, and finds unknown fields.</summary>
public static class SchemaDecoding
{
    /// <summary>
    /// The first value whose JSON type does not fit gives a 400 in upstream's words (<c>… cannot unmarshal …</c>); null when all fit.
    /// Normalises in place what Go's decoder and encoder would change: drops nulls, empty optional members that Go omits, unknown fields (reported in
    /// <paramref name="unknown"/> as dotted paths such as <c>spec.template.spec.containers[0].nope</c>), writes quantities and times canonically and
    /// adds what Go always writes (<see cref="Complete"/>). Not for a configuration that is to be applied: it would come to own what was added.
    /// </summary>
    public static ApiError? Normalise(JsonObject obj, Schema schema, GroupVersionKind kind, ICollection<string> unknown)
    {
        if (Decode(obj, schema, unknown) is { } error)
            return ApiError.BadRequest($"{kind.Kind} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: {error}");
        Complete(obj, schema);
        return null;
    }

    /// <summary>As <see cref="Normalise"/>, but gives Go's bare error (null when all is well), for callers that word the rest themselves (patches), and adds nothing.</summary>
    public static string? Decode(JsonObject obj, Schema schema, ICollection<string> unknown) => new Decoder(unknown).Root(obj, schema);

    /// <summary>
    /// Brings a decoded object to the form Go writes: required members and structs held by value are there (<c>resources: {}</c>, <c>status: {}</c>, a
    /// required list without items is null), optional members that are empty or zero are gone. Idempotent; call it again when rules have changed an object.
    /// </summary>
    public static void Complete(JsonObject obj, Schema schema)
    {
        foreach (var (name, value) in obj.ToList())
        {
            var member = schema.Member(name);
            if (member is null) continue;
            CompleteInside(value, member, schema);
            if (!schema.Go.Writes(name) && IsOmitted(value, schema.Go, name, member)) obj.Remove(name);
        }
        foreach (var (name, member) in schema.Go.AlwaysWritten)
            if (obj[name] is null) obj[name] = Zero(member);
            else if (obj[name] is JsonArray { Count: 0 }) obj[name] = null;
    }

    private static void CompleteInside(JsonNode? value, Schema schema, Schema owner)
    {
        switch (value)
        {
            case JsonObject o when schema.Properties.Count > 0:
                Complete(o, schema);
                break;
            case JsonObject o when Alternative(schema, owner) is { } props:
                Complete(o, props);
                break;
            case JsonObject o when schema.AdditionalProperties is { } values:
                foreach (var (_, item) in o) CompleteInside(item, values, owner);
                break;
            case JsonArray a when schema.Items is { } items:
                foreach (var item in a) CompleteInside(item, items, owner);
                break;
            case JsonArray a when Alternative(schema, owner) is { } props:
                foreach (var item in a.OfType<JsonObject>()) Complete(item, props);
                break;
        }
    }

    private static bool IsOmitted(JsonNode? value, GoStruct owner, string name, Schema member) => value switch
    {
        null => member.Type != SchemaType.Any || member.TypeName is not null,
        JsonArray { Count: 0 } => member.Type == SchemaType.Array,
        JsonObject { Count: 0 } => member.AdditionalProperties is not null && member.Properties.Count == 0,
        JsonValue v => v.GetValueKind() switch
        {
            JsonValueKind.String => member.Type == SchemaType.String && v.GetValue<string>().Length == 0 && owner.OmitsZero(name),
            JsonValueKind.False => owner.OmitsZero(name),
            JsonValueKind.Number => v.AsNumber() == 0 && owner.OmitsZero(name),
            _ => false,
        },
        _ => false,
    };

    // What Go writes for a zero value.
    private static JsonNode? Zero(Schema schema)
    {
        if (GoTypes.IsPlainStruct(schema))
        {
            var made = new JsonObject();
            if (schema.Properties.Count > 0) Complete(made, schema);
            return made;
        }
        if (GoTypes.IsQuantity(schema)) return "0";
        return schema.Type switch
        {
            SchemaType.String when schema.Format is null => "",
            SchemaType.Integer or SchemaType.Number => 0,
            SchemaType.Boolean => false,
            _ when schema.IntOrString || schema.Format == "int-or-string" => 0,
            _ => null,
        };
    }

    // apiextensions' unions of a schema and something else (items, additionalProperties, dependencies) have no published shape: an object in
    // them is a schema again.
    private static Schema? Alternative(Schema schema, Schema owner) =>
        GoTypes.Short(owner) == "JSONSchemaProps" && GoTypes.Short(schema).StartsWith("JSONSchemaPropsOr", StringComparison.Ordinal) ? owner : null;

    /// <summary>One pass over an object in document order; the first misfit ends it.</summary>
    private sealed class Decoder(ICollection<string> unknown)
    {
        internal string? Root(JsonObject obj, Schema schema) => Struct(obj, schema, "", "");

        // path is Go's (no indexes), place is the strict decoder's (with indexes).
        private string? Struct(JsonObject obj, Schema schema, string path, string place)
        {
            foreach (var (name, value) in obj.ToList())
            {
                var at = place.Length == 0 ? name : $"{place}.{name}";
                if (schema.Member(name) is not { } member)
                {
                    unknown.Add(at);
                    obj.Remove(name);
                    continue;
                }
                if (value is null)
                {
                    if (!IsFree(member)) obj.Remove(name);
                    continue;
                }
                var field = path.Length == 0 ? name : $"{path}.{name}";
                if (Value(value, member, schema, name, new Field(schema, name, field), at, v => obj[name] = v) is { } error) return error;
            }
            return null;
        }

        private string? Value(JsonNode value, Schema schema, Schema owner, string member, Field field, string place, Action<JsonNode> replace)
        {
            if (GoTypes.IsQuantity(schema)) return AsQuantity(value, replace);
            if (schema.IntOrString || schema.Format == "int-or-string") return AsIntOrString(value, replace);
            if (Alternative(schema, owner) is { } props)
            {
                if (value is JsonObject single) return Struct(single, props, field.Path, place);
                foreach (var (item, i) in (value as JsonArray ?? []).Select((n, i) => (n, i)))
                    if (item is JsonObject o && Struct(o, props, field.Path, $"{place}[{i}]") is { } inner) return inner;
                return null;
            }
            if (IsFree(schema)) return null;
            switch (schema.Type)
            {
                case SchemaType.Object when value is JsonObject o:
                    return schema.Properties.Count > 0 ? Struct(o, schema, field.Path, place) : Map(o, schema.AdditionalProperties!, owner, field, place);
                case SchemaType.Array when value is JsonArray a:
                    return List(a, schema.Items ?? Schema.Anything, owner, member, field, place);
                case SchemaType.String when value.IsText():
                    return schema.Format switch
                    {
                        "byte" => AsBytes(value.AsText(), replace),
                        "date-time" => AsTime(value.AsText(), GoTypes.Short(schema) == "MicroTime" || member is "renewTime" or "acquireTime" or "eventTime", replace),
                        _ => null,
                    };
                case SchemaType.String when schema.Format == "date-time":
                    return $"json: cannot unmarshal {Word(value)} into Go value of type string";
                case SchemaType.Boolean when value.GetValueKind() is JsonValueKind.True or JsonValueKind.False:
                    return null;
                case SchemaType.Number when value.GetValueKind() == JsonValueKind.Number:
                    return null;
                case SchemaType.Integer when value.GetValueKind() == JsonValueKind.Number:
                    return AsInteger(value, schema, field);
                default:
                    return field.Misfit(Word(value), GoTypes.Name(schema, owner, member));
            }
        }

        private string? Map(JsonObject map, Schema values, Schema owner, Field field, string place)
        {
            foreach (var (key, value) in map.ToList())
            {
                // A null in a map is the zero value of its type, not an absent entry.
                if (value is null)
                {
                    if (!IsFree(values)) map[key] = values.Type == SchemaType.String && values.Format is null ? "" : Zero(values);
                    continue;
                }
                if (Value(value, values, owner, "", field, $"{place}.{key}", v => map[key] = v) is { } error) return error;
            }
            return null;
        }

        private string? List(JsonArray list, Schema items, Schema owner, string member, Field field, string place)
        {
            for (var i = 0; i < list.Count; i++)
            {
                var index = i;
                if (list[i] is not { } item)
                {
                    // A null item is the zero value of the item's type.
                    list[i] = items.Properties.Count > 0 ? new JsonObject() : Zero(items);
                    continue;
                }
                if (Value(item, items, owner, member, field, $"{place}[{i}]", v => list[index] = v) is { } error) return error;
            }
            return null;
        }

        private static string? AsInteger(JsonNode value, Schema schema, Field field)
        {
            var text = value.ToJsonString();
            var fits = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n)
                && (schema.Format != "int32" || n is >= int.MinValue and <= int.MaxValue);
            return fits ? null : field.Misfit("number " + text, schema.Format ?? "int64");
        }

        private static string? AsQuantity(JsonNode value, Action<JsonNode> replace)
        {
            var text = value.IsText() ? value.AsText() : value.GetValueKind() == JsonValueKind.Number ? value.ToJsonString() : "";
            if (Quantity.Canonical(text) is not { } canonical) return Quantity.FormatError;
            if (!value.IsText() || canonical != text) replace(canonical);
            return null;
        }

        private static string? AsIntOrString(JsonNode value, Action<JsonNode> replace)
        {
            if (value.IsText()) return null;
            if (value.GetValueKind() == JsonValueKind.Number && value.AsNumber() is { } n and >= int.MinValue and <= int.MaxValue)
            {
                replace(n);
                return null;
            }
            var word = value.GetValueKind() == JsonValueKind.Number ? "number " + value.ToJsonString() : Word(value);
            return $"json: cannot unmarshal {word} into Go value of type int32";
        }

        private static string? AsBytes(string text, Action<JsonNode> replace)
        {
            if (Base64.FirstError(text) is { } at) return $"illegal base64 data at input byte {at}";
            if (text.AsSpan().IndexOfAny('\r', '\n') >= 0) replace(text.Replace("\r", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal));
            return null;
        }

        private static string? AsTime(string text, bool micro, Action<JsonNode> replace)
        {
            if (!KubeTime.TryParse(text, out var time)) return KubeTime.Error(text, micro);
            var canonical = micro ? KubeTime.Micro(time) : KubeTime.Seconds(time);
            if (canonical != text) replace(canonical);
            return null;
        }

        // Raw JSON (RawExtension, FieldsV1, apiextensions' JSON): kept as it is.
        private static bool IsFree(Schema schema) =>
            schema.Type == SchemaType.Any ? !schema.IntOrString && !GoTypes.IsQuantity(schema) && schema.Format != "int-or-string"
            : schema.Type == SchemaType.Object && schema.Properties.Count == 0 && schema.AdditionalProperties is null;

        private static string Word(JsonNode value) => value.GetValueKind() switch
        {
            JsonValueKind.Object => "object",
            JsonValueKind.Array => "array",
            JsonValueKind.String => "string",
            JsonValueKind.Number => "number",
            _ => "bool",
        };
    }

    private readonly record struct Field(Schema Owner, string Name, string Path)
    {
        internal string Misfit(string word, string type) => $"json: cannot unmarshal {word} into Go struct field {GoTypes.Short(Owner)}.{Path} of type {type}";
    }
}
