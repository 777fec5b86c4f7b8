using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeFlex.Machinery.Errors;

/// <summary>Kinds of field errors with the reasons and words of <c>k8s.io/apimachinery/pkg/util/validation/field</c>.</summary>
public enum FieldErrorType
{
    /// <summary>"Not found".</summary>
    NotFound,
    /// <summary>"Required value".</summary>
    Required,
    /// <summary>"Duplicate value".</summary>
    Duplicate,
    /// <summary>"Invalid value".</summary>
    Invalid,
    /// <summary>"Unsupported value".</summary>
    NotSupported,
    /// <summary>"Forbidden".</summary>
    Forbidden,
    /// <summary>"Too long".</summary>
    TooLong,
    /// <summary>"Too many".</summary>
    TooMany,
    /// <summary>"Internal error".</summary>
    Internal,
    /// <summary>"Invalid value" with reason FieldValueTypeInvalid.</summary>
    TypeInvalid,
}

/// <summary>One broken rule.</summary>
/// <param name="Type">What kind of rule.</param>
/// <param name="Field">Path, such as <c>spec.ports[0].name</c>.</param>
/// <param name="BadValue">The offending value (string, number, bool, JsonNode or null); shown for the types that show it.</param>
/// <param name="Detail">What would be right.</param>
public sealed record FieldError(FieldErrorType Type, string Field, object? BadValue, string Detail)
{
    /// <summary>The <c>reason</c> of the status cause.</summary>
    public string Reason => Type switch
    {
        FieldErrorType.NotFound => "FieldValueNotFound",
        FieldErrorType.Required => "FieldValueRequired",
        FieldErrorType.Duplicate => "FieldValueDuplicate",
        FieldErrorType.Invalid => "FieldValueInvalid",
        FieldErrorType.NotSupported => "FieldValueNotSupported",
        FieldErrorType.Forbidden => "FieldValueForbidden",
        FieldErrorType.TooLong => "FieldValueTooLong",
        FieldErrorType.TooMany => "FieldValueTooMany",
        FieldErrorType.TypeInvalid => "FieldValueTypeInvalid",
        _ => "InternalError",
    };

    /// <summary>The error without its field, as a status cause carries it.</summary>
    public string Body
    {
        get
        {
            var (words, showsValue) = Type switch
            {
                FieldErrorType.NotFound => ("Not found", true),
                FieldErrorType.Required => ("Required value", false),
                FieldErrorType.Duplicate => ("Duplicate value", true),
                FieldErrorType.NotSupported => ("Unsupported value", true),
                FieldErrorType.Forbidden => ("Forbidden", false),
                FieldErrorType.TooLong => ("Too long", false),
                FieldErrorType.TooMany => ("Too many", false),
                FieldErrorType.Internal => ("Internal error", false),
                _ => ("Invalid value", true),
            };
            var text = showsValue ? $"{words}: {Show(BadValue)}" : words;
            return Detail.Length == 0 ? text : $"{text}: {Detail}";
        }
    }

    /// <summary>Field and error.</summary>
    public override string ToString() => $"{Field}: {Body}";

    private static string Show(object? value) => value switch
    {
        null => "null",
        string s => Quote(s),
        bool b => b ? "true" : "false",
        JsonValue v when v.GetValueKind() == JsonValueKind.String => Quote(v.GetValue<string>()),
        JsonNode n => n.ToJsonString(Json.KubeJson.Relaxed),
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    // Go's %q, which the reference prints strings with.
    private static string Quote(string s)
    {
        var b = new StringBuilder(s.Length + 2).Append('"');
        foreach (var c in s)
            b.Append(c switch { '"' => "\\\"", '\\' => "\\\\", '\n' => "\\n", '\t' => "\\t", '\r' => "\\r", < ' ' => $"\\x{(int)c:x2}", _ => c.ToString() });
        return b.Append('"').ToString();
    }
}

/// <summary>All broken rules of one object; validation collects every error before it answers.</summary>
public sealed class FieldErrors : List<FieldError>
{
    /// <summary>A value that breaks a rule.</summary>
    public void Invalid(string field, object? value, string detail) => Add(new(FieldErrorType.Invalid, field, value, detail));

    /// <summary>A value that must be there.</summary>
    public void Required(string field, string detail = "") => Add(new(FieldErrorType.Required, field, null, detail));

    /// <summary>A value that stands twice.</summary>
    public void Duplicate(string field, object? value) => Add(new(FieldErrorType.Duplicate, field, value, ""));

    /// <summary>A value that may not be there.</summary>
    public void Forbidden(string field, string detail) => Add(new(FieldErrorType.Forbidden, field, null, detail));

    /// <summary>A value outside an enumeration.</summary>
    public void NotSupported(string field, object? value, IEnumerable<string> supported) =>
        Add(new(FieldErrorType.NotSupported, field, value, $"supported values: {string.Join(", ", supported.Select(s => $"\"{s}\""))}"));

    /// <summary>A string of more than <paramref name="max"/> bytes.</summary>
    public void TooLong(string field, int max) =>
        Add(new(FieldErrorType.TooLong, field, "<value omitted>", $"may not be more than {max} byte{(max == 1 ? "" : "s")}"));

    /// <summary>A list of more than <paramref name="max"/> items.</summary>
    public void TooMany(string field, int actual, int max) =>
        Add(new(FieldErrorType.TooMany, field, actual, $"{actual}: must have at most {max} item{(max == 1 ? "" : "s")}"));

    /// <summary>A value of the wrong JSON type.</summary>
    public void TypeInvalid(string field, object? value, string detail) => Add(new(FieldErrorType.TypeInvalid, field, value, detail));

    /// <summary>One line: the only error, or all of them in brackets, equal ones once (<c>errors.NewAggregate</c>).</summary>
    public string Aggregate()
    {
        var lines = this.Select(e => e.ToString()).Distinct().ToList();
        return lines.Count == 1 ? lines[0] : $"[{string.Join(", ", lines)}]";
    }

    /// <summary>A status cause per error.</summary>
    public IReadOnlyList<StatusCause> ToCauses() => [.. this.Select(e => new StatusCause(e.Reason, e.Body, e.Field))];
}
