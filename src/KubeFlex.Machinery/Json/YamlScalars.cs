using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace KubeFlex.Machinery.Json;

/// <summary>
/// What a plain YAML scalar means to Kubernetes' tools: YAML 1.1 as sigs.k8s.io/yaml reads it (<c>yes</c> and <c>y</c> are booleans,
/// <c>010</c> is eight, <c>1_000</c> a thousand, timestamps stay strings).
/// </summary>
internal static partial class YamlScalars
{
    internal static readonly JsonNode NotANumber = JsonValue.Create("\0not a number");

    /// <summary>The value of a plain scalar; a string node when it is just text. Infinity and NaN, which JSON lacks, give <see cref="NotANumber"/>.</summary>
    internal static JsonNode? Plain(string text)
    {
        if (IsNull(text)) return null;
        if (Boolean(text) is { } flag) return JsonValue.Create(flag);
        return Number(text) ?? JsonValue.Create(text);
    }

    internal static bool IsNull(string text) => text is "" or "~" or "null" or "Null" or "NULL";

    internal static bool? Boolean(string text) => text switch
    {
        "y" or "Y" or "yes" or "Yes" or "YES" or "true" or "True" or "TRUE" or "on" or "On" or "ON" => true,
        "n" or "N" or "no" or "No" or "NO" or "false" or "False" or "FALSE" or "off" or "Off" or "OFF" => false,
        _ => null,
    };

    internal static JsonNode? Number(string text)
    {
        if (text.Length == 0 || !(char.IsAsciiDigit(text[0]) || text[0] is '+' or '-' or '.')) return null;
        if (text is ".nan" or ".NaN" or ".NAN" || Infinity().IsMatch(text)) return NotANumber;
        var plain = text.Contains('_', StringComparison.Ordinal) ? text.Replace("_", "", StringComparison.Ordinal) : text;
        if (Integer(plain) is { } whole)
        {
            if (whole >= long.MinValue && whole <= ulong.MaxValue) return JsonNode.Parse(whole.ToString(CultureInfo.InvariantCulture));
        }
        if (!Float().IsMatch(plain) || !double.TryParse(plain, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)) return null;
        return double.IsFinite(number) ? JsonNode.Parse(FormatFloat(number)) : null;
    }

    /// <summary>As Go's JSON encoder writes a float64: no exponent between 1e-6 and 1e21.</summary>
    internal static string FormatFloat(double number)
    {
        var size = Math.Abs(number);
        if (size == 0) return "0";
        var text = number.ToString("R", CultureInfo.InvariantCulture);
        // "R" gives the shortest digits, but with an exponent from 1E+15 on and below 1E-05; spell that out.
        if (size is >= 1e-6 and < 1e21 && text.Contains('E', StringComparison.Ordinal))
            return decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);
        return text.Replace("E", "e", StringComparison.Ordinal);
    }

    private static BigInteger? Integer(string text)
    {
        var negative = text[0] == '-';
        var digits = text[0] is '+' or '-' ? text.AsSpan(1) : text.AsSpan();
        if (digits.IsEmpty) return null;
        var radix = 10;
        if (digits.Length > 1 && digits[0] == '0')
        {
            (radix, var skip) = digits[1] switch { 'x' or 'X' => (16, 2), 'o' or 'O' => (8, 2), 'b' or 'B' => (2, 2), _ => (8, 1) };
            digits = digits[skip..];
        }
        if (digits.IsEmpty) return null;
        BigInteger value = 0;
        foreach (var c in digits)
        {
            var digit = char.IsAsciiHexDigit(c) ? Convert.ToInt32(c.ToString(), 16) : radix;
            if (digit >= radix) return null;
            value = value * radix + digit;
            // Longer ones become floats anyway; do not let a huge literal cost quadratic time.
            if (value > ulong.MaxValue) return null;
        }
        return negative ? -value : value;
    }

    /// <summary>True when some YAML reader (1.1 or 1.2) may take the plain text for something other than a string.</summary>
    internal static bool IsAmbiguous(string text) =>
        IsNull(text) || Boolean(text) is not null || Number(text) is not null || text is "=" or "<<" ||
        (text.Length > 0 && (char.IsAsciiDigit(text[0]) || text[0] is '+' or '-' or '.') && Numeric().IsMatch(text));

    [GeneratedRegex(@"^[-+]?\.(inf|Inf|INF)$")]
    private static partial Regex Infinity();

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")]
    private static partial Regex Float();

    // Sexagesimal numbers, YAML 1.1 floats with odd exponents, octal and hexadecimal of both versions, dates and times.
    [GeneratedRegex(@"^([-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?|[-+]?[0-9_]*\.?[0-9_]*([eE][-+]?[0-9]*)?|[-+]?0[xXoObB][0-9a-fA-F_]*|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?)$")]
    private static partial Regex Numeric();
}
