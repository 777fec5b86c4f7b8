using System.Globalization;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>Go's <c>%v</c> and <c>%q</c>, which upstream's messages are made with.</summary>
internal static class GoText
{
    /// <summary>A float64: shortest digits, with an exponent below 1e-04 and from 1e+06 up (strconv's 'g').</summary>
    public static string Float(double value)
    {
        if (double.IsNaN(value)) return "NaN";
        if (double.IsInfinity(value)) return value > 0 ? "+Inf" : "-Inf";
        if (value == 0) return "0";
        var shortest = value.ToString("R", CultureInfo.InvariantCulture);
        var (digits, exponent) = Scientific(shortest);
        var sign = value < 0 ? "-" : "";
        if (exponent is < -4 or >= 6)
        {
            var mantissa = digits.Length == 1 ? digits : $"{digits[0]}.{digits[1..]}";
            return $"{sign}{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }
        if (exponent < 0) return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        if (digits.Length <= exponent + 1) return sign + digits + new string('0', exponent + 1 - digits.Length);
        return $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }

    /// <summary>A string in Go quotes.</summary>
    public static string Quote(string s) =>
        "\"" + s.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal) + "\"";

    private static (string Digits, int Exponent) Scientific(string text)
    {
        var s = text.TrimStart('-');
        var e = s.IndexOf('E', StringComparison.Ordinal);
        var shift = e < 0 ? 0 : int.Parse(s[(e + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        if (e >= 0) s = s[..e];
        var dot = s.IndexOf('.', StringComparison.Ordinal);
        var whole = dot < 0 ? s.Length : dot;
        var all = s.Replace(".", "", StringComparison.Ordinal);
        var lead = all.Length - all.TrimStart('0').Length;
        return (all.Trim('0'), whole - 1 - lead + shift);
    }
}
