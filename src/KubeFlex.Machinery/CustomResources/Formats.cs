using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>String formats that upstream checks (<c>apiextensions-apiserver/pkg/apiserver/validation/formats.go</c>); all others are ignored.</summary>
internal static partial class Formats
{
    /// <summary>False only for a known format that the text does not have.</summary>
    public static bool Holds(string format, string text) => format.Replace("-", "", StringComparison.Ordinal) switch
    {
        "datetime" => IsDateTime(text),
        "date" => IsDate(text),
        "duration" => IsDuration(text),
        "email" => Email().IsMatch(text),
        "hostname" => text.Length <= 255 && Hostname().IsMatch(text),
        "ipv4" => IsIp(text, AddressFamily.InterNetwork),
        "ipv6" => IsIp(text, AddressFamily.InterNetworkV6),
        "cidr" => text.Split('/') is [var ip, var bits] && IPAddress.TryParse(ip, out var address) && IsDigits(bits, 3)
            && int.Parse(bits, CultureInfo.InvariantCulture) <= (address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128),
        "mac" => Mac().IsMatch(text),
        "uri" => text.StartsWith('/') || Uri.TryCreate(text, UriKind.Absolute, out _),
        "uuid" => Uuid().IsMatch(text),
        "uuid3" => Uuid3().IsMatch(text),
        "uuid4" => Uuid4().IsMatch(text),
        "uuid5" => Uuid5().IsMatch(text),
        "byte" => IsBase64(text),
        "bsonobjectid" => ObjectId().IsMatch(text),
        "hexcolor" => HexColor().IsMatch(text),
        "rgbcolor" => RgbColor().IsMatch(text),
        "ssn" => Ssn().IsMatch(text),
        "creditcard" => IsCreditCard(text),
        "isbn" => IsIsbn10(text) || IsIsbn13(text),
        "isbn10" => IsIsbn10(text),
        "isbn13" => IsIsbn13(text),
        "k8sshortname" => Validation.Names.DnsLabel(text).Count == 0,
        "k8slongname" => Validation.Names.DnsSubdomain(text).Count == 0,
        _ => true,
    };

    private static bool IsDate(string text) => text.Length == 10 && DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    // strfmt.IsDateTime: RFC 3339, letters in either case, leap seconds out.
    private static bool IsDateTime(string text)
    {
        var parts = text.ToLowerInvariant().Split('t');
        return parts.Length == 2 && IsDate(parts[0]) && Time().Match(parts[1]) is { Success: true } m
            && string.CompareOrdinal(m.Groups[1].Value, "23") <= 0 && string.CompareOrdinal(m.Groups[2].Value, "59") <= 0 && string.CompareOrdinal(m.Groups[3].Value, "59") <= 0;
    }

    // Go's durations (1h30m), and strfmt's words (3 days).
    private static bool IsDuration(string text) => text is "0" || GoDuration().IsMatch(text) || WordDuration().IsMatch(text);

    private static bool IsIp(string text, AddressFamily family) =>
        IPAddress.TryParse(text, out var ip) && ip.AddressFamily == family
        && (family == AddressFamily.InterNetworkV6 ? !text.Contains('%', StringComparison.Ordinal) && !text.StartsWith('[') : ip.ToString() == text);

    private static bool IsBase64(string text)
    {
        if (text.Length == 0) return true;
        var buffer = new byte[(text.Length * 3 / 4) + 3];
        return text.Length % 4 == 0 && Convert.TryFromBase64String(text, buffer, out _);
    }

    private static bool IsDigits(string text, int most) => text.Length > 0 && text.Length <= most && text.All(char.IsAsciiDigit);

    private static bool IsCreditCard(string text)
    {
        var digits = text.Where(char.IsAsciiDigit).Select(c => c - '0').Reverse().ToList();
        if (digits.Count is < 13 or > 19 || text.Any(c => !char.IsAsciiDigit(c) && c is not (' ' or '-'))) return false;
        return digits.Select((d, i) => i % 2 == 0 ? d : d * 2 > 9 ? (d * 2) - 9 : d * 2).Sum() % 10 == 0;
    }

    private static string WithoutSeparators(string text) => text.Replace("-", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal);

    private static bool IsIsbn10(string text)
    {
        var s = WithoutSeparators(text);
        if (s.Length != 10 || !s[..9].All(char.IsAsciiDigit) || !(char.IsAsciiDigit(s[9]) || s[9] == 'X')) return false;
        return s.Select((c, i) => (c == 'X' ? 10 : c - '0') * (10 - i)).Sum() % 11 == 0;
    }

    private static bool IsIsbn13(string text)
    {
        var s = WithoutSeparators(text);
        return s.Length == 13 && s.All(char.IsAsciiDigit) && s.Select((c, i) => (c - '0') * (i % 2 == 0 ? 1 : 3)).Sum() % 10 == 0;
    }

    private const RegexOptions Options = RegexOptions.CultureInvariant;

    [GeneratedRegex(@"^([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?(?:z|[+-][0-9]{2}:[0-9]{2})\z", Options)]
    private static partial Regex Time();

    [GeneratedRegex(@"^[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+\z", Options)]
    private static partial Regex GoDuration();

    [GeneratedRegex(@"^(?:[0-9]+ ?(?:ns|nanoseconds?|nanos?|us|µs|microseconds?|micros?|ms|milliseconds?|millis?|s|seconds?|secs?|m|minutes?|mins?|h|hours?|hrs?|d|days?|w|weeks?|wks?) ?)+\z", Options | RegexOptions.IgnoreCase)]
    private static partial Regex WordDuration();

    [GeneratedRegex(@"^(?:[^<>@]*<)?[^\s<>@""(),:;\[\]\\]+@[^\s<>@""(),:;\\]+>?\z", Options)]
    private static partial Regex Email();

    [GeneratedRegex(@"^(?=.*[a-zA-Z0-9])[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?(?:\.[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?)*\.?\z", Options)]
    private static partial Regex Hostname();

    [GeneratedRegex(@"^(?:(?:[0-9a-fA-F]{2}([:-]))(?:[0-9a-fA-F]{2}\1){4}[0-9a-fA-F]{2}(?:(?:\1[0-9a-fA-F]{2}){2}|(?:\1[0-9a-fA-F]{2}){14})?|(?:[0-9a-fA-F]{4}\.){2}(?:[0-9a-fA-F]{4}\.)?[0-9a-fA-F]{4})\z", Options)]
    private static partial Regex Mac();

    [GeneratedRegex(@"^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\z", Options | RegexOptions.IgnoreCase)]
    private static partial Regex Uuid();

    [GeneratedRegex(@"^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}\z", Options | RegexOptions.IgnoreCase)]
    private static partial Regex Uuid3();

    [GeneratedRegex(@"^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}\z", Options | RegexOptions.IgnoreCase)]
    private static partial Regex Uuid4();

    [GeneratedRegex(@"^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}\z", Options | RegexOptions.IgnoreCase)]
    private static partial Regex Uuid5();

    [GeneratedRegex(@"^[0-9a-fA-F]{24}\z", Options)]
    private static partial Regex ObjectId();

    [GeneratedRegex(@"^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})\z", Options)]
    private static partial Regex HexColor();

    [GeneratedRegex(@"^rgb\(\s*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*\)\z", Options)]
    private static partial Regex RgbColor();

    [GeneratedRegex(@"^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}\z", Options)]
    private static partial Regex Ssn();
}
