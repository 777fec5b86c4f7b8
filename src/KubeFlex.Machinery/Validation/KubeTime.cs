using System.Globalization;
using System.Text.RegularExpressions;

namespace KubeFlex.Machinery.Validation;

/// <summary>Times as metav1.Time and metav1.MicroTime read and write them.</summary>
internal static partial class KubeTime
{
    internal static bool TryParse(string text, out DateTimeOffset time)
    {
        time = default;
        // .NET takes many more forms than RFC 3339, and fewer digits of fractions.
        if (Rfc3339().Match(text) is not { Success: true } m) return false;
        var fraction = m.Groups[2].Value;
        if (fraction.Length > 8) fraction = fraction[..8];
        return DateTimeOffset.TryParse(m.Groups[1].Value + fraction + m.Groups[3].Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
    }

    internal static string Seconds(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    internal static string Micro(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    internal static string Error(string text, bool micro)
    {
        var layout = micro ? "2006-01-02T15:04:05.000000Z07:00" : "2006-01-02T15:04:05Z07:00";
        var (tail, element) = FirstMisfit(text);
        return $"parsing time \"{text}\" as \"{layout}\": cannot parse \"{tail}\" as \"{element}\"";
    }

    // Walks the layout as time.Parse does and names the first element that does not fit.
    private static (string Tail, string Element) FirstMisfit(string text)
    {
        var at = 0;
        foreach (var (element, digits) in (ReadOnlySpan<(string, int)>)[("2006", 4), ("-", 0), ("01", 2), ("-", 0), ("02", 2), ("T", 0), ("15", 2), (":", 0), ("04", 2), (":", 0), ("05", 2)])
        {
            var length = digits == 0 ? 1 : digits;
            var fits = text.Length >= at + length && (digits == 0 ? text[at] == element[0] : text.AsSpan(at, digits).IndexOfAnyExceptInRange('0', '9') < 0);
            if (!fits) return (text[Math.Min(at, text.Length)..], element);
            at += length;
        }
        return (text[at..], "Z07:00");
    }

    [GeneratedRegex(@"^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})([.,]\d+)?(Z|[+-]\d{2}:\d{2})\z", RegexOptions.CultureInvariant)]
    private static partial Regex Rfc3339();
}
