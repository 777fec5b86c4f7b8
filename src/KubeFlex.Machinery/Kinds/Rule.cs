using System.Globalization;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.Kinds;

/// <summary>Small checks that many kinds share, in upstream's words.</summary>
internal static class Rule
{
    internal const string Immutable = "field is immutable";
    private const string NotNegative = "must be greater than or equal to 0";

    internal static void NonNegative(JsonObject? o, string name, string path, FieldErrors errors)
    {
        if (o.Number(name) is < 0 and var n) errors.Invalid($"{path}.{name}", n, NotNegative);
    }

    internal static void NonNegative(JsonObject? o, string path, FieldErrors errors, params ReadOnlySpan<string> names)
    {
        foreach (var name in names) NonNegative(o, name, path, errors);
    }

    internal static void Range(long? value, long min, long max, string path, FieldErrors errors)
    {
        if (value is { } n && (n < min || n > max)) errors.Invalid(path, n, $"must be between {min} and {max}, inclusive");
    }

    internal static void Port(long? value, string path, FieldErrors errors) => Range(value ?? 0, 1, 65535, path, errors);

    internal static void PortOrName(JsonNode? value, string path, FieldErrors errors)
    {
        if (value.IsText()) Report(Names.PortName(value.AsText()), path, value.AsText(), errors);
        else Port(value.AsNumber(), path, errors);
    }

    internal static void Report(IReadOnlyList<string> problems, string path, object? value, FieldErrors errors)
    {
        foreach (var problem in problems) errors.Invalid(path, value, problem);
    }

    /// <summary>A member that must be there and be one of some values.</summary>
    internal static void OneOf(JsonObject? o, string name, string path, FieldErrors errors, params string[] allowed)
    {
        var value = o.Text(name);
        if (value.Length == 0) errors.Required($"{path}.{name}");
        else if (!allowed.Contains(value)) errors.NotSupported($"{path}.{name}", value, allowed);
    }

    /// <summary>A member that may be absent, else is one of some values.</summary>
    internal static void OneOfIfSet(JsonObject? o, string name, string path, FieldErrors errors, params string[] allowed)
    {
        if (o.Text(name) is { Length: > 0 } value && !allowed.Contains(value)) errors.NotSupported($"{path}.{name}", value, allowed);
    }

    internal static bool Required(JsonObject? o, string name, string path, FieldErrors errors, string detail = "")
    {
        if (o?[name] is { } value && (!value.IsText() || value.AsText().Length > 0)) return true;
        errors.Required($"{path}.{name}", detail);
        return false;
    }

    internal static void NotFound(string path, string value, FieldErrors errors) => errors.Add(new(FieldErrorType.NotFound, path, value, ""));

    /// <summary>A member that stays as it was.</summary>
    internal static void Unchanged(JsonObject? now, JsonObject? before, string name, string path, FieldErrors errors)
    {
        if (!JsonAccess.Same(now?[name], before?[name])) errors.Invalid(path, now?[name], Immutable);
    }

    /// <summary>A number or a percentage, not negative.</summary>
    internal static void IntOrPercent(JsonNode? value, string path, FieldErrors errors)
    {
        if (value is null) return;
        if (!value.IsText())
        {
            if (value.AsNumber() is < 0 and var n) errors.Invalid(path, n, NotNegative);
        }
        else if (Percent(value) is null)
            errors.Invalid(path, value.AsText(), "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')");
    }

    internal static long? Percent(JsonNode? value) =>
        value.IsText() && value.AsText() is { Length: > 1 } s && s[^1] == '%' && s.AsSpan(0, s.Length - 1).IndexOfAnyExceptInRange('0', '9') < 0
        && long.TryParse(s.AsSpan(0, s.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : null;

    internal static void NotOver100Percent(JsonNode? value, string path, FieldErrors errors)
    {
        if (Percent(value) > 100) errors.Invalid(path, value, "must not be greater than 100%");
    }

    internal static bool IsZero(JsonNode? value) => value is null || value.AsNumber() == 0 || Percent(value) == 0;
}
