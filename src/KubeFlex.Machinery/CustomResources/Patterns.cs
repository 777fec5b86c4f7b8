using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>
/// RE2 patterns on .NET: same language, linear time where .NET can. Differences bridged: <c>$</c> is the very end, <c>\d \w \s</c> are ASCII, POSIX
/// classes, <c>(?P&lt;n&gt;</c>, <c>\pL</c>, and a <c>[</c> inside a class is a character.
/// </summary>
internal static class Patterns
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    /// <summary>The pattern compiled; one that RE2 would refuse matches nothing.</summary>
    public static Regex Compile(string pattern) => TryCompile(pattern, out var regex, out _) ? regex : new Regex("(?!)");

    /// <summary>Compiles, or tells why not in the words of Go's <c>regexp</c>.</summary>
    public static bool TryCompile(string pattern, out Regex regex, out string error)
    {
        regex = null!;
        try
        {
            var translated = Translate(pattern, out error);
            if (error.Length > 0) return false;
            try
            {
                regex = new Regex(translated, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            }
            catch (NotSupportedException)
            {
                // Too large for an automaton: backtrack, with a limit.
                regex = new Regex(translated, RegexOptions.CultureInvariant, Limit);
            }
            return true;
        }
        catch (ArgumentException e)
        {
            error = $"error parsing regexp: {Words(pattern, e)}";
            return false;
        }
    }

    /// <summary>True when the text contains a match. A pattern that takes too long does not match.</summary>
    public static bool Matches(Regex regex, string text)
    {
        try
        {
            return regex.IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
    }

    private static string Words(string pattern, ArgumentException e) => (e as RegexParseException)?.Error switch
    {
        RegexParseError.InsufficientClosingParentheses => $"missing closing ): `{pattern}`",
        RegexParseError.InsufficientOpeningParentheses => $"unexpected ): `{pattern}`",
        RegexParseError.UnterminatedBracket => $"missing closing ]: `{pattern[Math.Max(0, pattern.LastIndexOf('[', pattern.Length - 1))..]}`",
        RegexParseError.QuantifierAfterNothing => $"missing argument to repetition operator: `{pattern.FirstOrDefault(c => c is '*' or '+' or '?')}`",
        RegexParseError.NestedQuantifiersNotParenthesized => "invalid nested repetition operator: `" + NestedRepetition(pattern) + "`",
        RegexParseError.ReversedCharacterRange => $"invalid character class range: `{Regex.Match(pattern, ".-.").Value}`",
        RegexParseError.UnescapedEndingBackslash => "trailing backslash at end of expression: ``",
        _ => $"invalid or unsupported Perl syntax: `{pattern}`",
    };

    private static string NestedRepetition(string pattern) => Regex.Match(pattern, @"[*+?]{2,}").Value;

    private static string Translate(string p, out string error)
    {
        error = "";
        var b = new StringBuilder(p.Length + 16);
        var inClass = false;
        for (var i = 0; i < p.Length; i++)
        {
            var c = p[i];
            if (c == '\\' && i + 1 < p.Length)
            {
                i += Escape(p, i, inClass, b, ref error);
                if (error.Length > 0) return "";
            }
            else if (inClass)
            {
                if (c == '[' && PosixClass(p, i) is { } posix)
                {
                    b.Append(posix.Ranges);
                    i += posix.Length - 1;
                }
                else if (c == '[') b.Append("\\[");
                else
                {
                    b.Append(c);
                    if (c == ']') inClass = false;
                }
            }
            else if (c == '[')
            {
                inClass = true;
                b.Append(c);
                if (i + 1 < p.Length && p[i + 1] == '^') b.Append(p[++i]);
                if (i + 1 < p.Length && p[i + 1] == ']')
                {
                    b.Append("\\]");
                    i++;
                }
            }
            else if (c == '$') b.Append("\\z");
            else if (c == '(' && p.AsSpan(i).StartsWith("(?P<"))
            {
                b.Append("(?<");
                i += 3;
            }
            else if (c == '(' && Lookaround(p.AsSpan(i)) is { } perl)
            {
                error = $"error parsing regexp: invalid or unsupported Perl syntax: `{perl}`";
                return "";
            }
            else b.Append(c);
        }
        return b.ToString();
    }

    private static string? Lookaround(ReadOnlySpan<char> rest) =>
        rest.StartsWith("(?=") ? "(?=" : rest.StartsWith("(?!") ? "(?!" : rest.StartsWith("(?<=") || rest.StartsWith("(?<!") ? "(?<" : rest.StartsWith("(?>") ? "(?>" : null;

    // Writes one escape and gives how many characters beyond the backslash it took.
    private static int Escape(string p, int at, bool inClass, StringBuilder b, ref string error)
    {
        var c = p[at + 1];
        switch (c)
        {
            case 'd': b.Append(inClass ? "0-9" : "[0-9]"); return 1;
            case 'w': b.Append(inClass ? "0-9A-Za-z_" : "[0-9A-Za-z_]"); return 1;
            case 's': b.Append(inClass ? "\\t\\n\\f\\r " : "[\\t\\n\\f\\r ]"); return 1;
            case 'D' when !inClass: b.Append("[^0-9]"); return 1;
            case 'W' when !inClass: b.Append("[^0-9A-Za-z_]"); return 1;
            case 'S' when !inClass: b.Append("[^\\t\\n\\f\\r ]"); return 1;
            case 'p' or 'P' when at + 2 < p.Length && p[at + 2] != '{':
                b.Append('\\').Append(c).Append('{').Append(p[at + 2]).Append('}');
                return 2;
            case 'x' when at + 2 < p.Length && p[at + 2] == '{' && p.IndexOf('}', at) is var end and > 0
                    && int.TryParse(p.AsSpan(at + 3, end - at - 3), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var rune) && rune <= 0xFFFF:
                b.Append("\\u").Append(rune.ToString("x4", CultureInfo.InvariantCulture));
                return end - at - 1;
            case 'Q':
                var close = p.IndexOf("\\E", at + 2, StringComparison.Ordinal);
                var quoted = close < 0 ? p[(at + 2)..] : p[(at + 2)..close];
                b.Append(Regex.Escape(quoted));
                return close < 0 ? p.Length - at - 1 : close + 1 - at;
            case (>= '1' and <= '9') or 'k' or 'G' or 'Z' or 'c' or 'e' or 'u':
                error = $"error parsing regexp: invalid escape sequence: `\\{c}`";
                return 1;
            default:
                // RE2 takes any escaped punctuation as itself, also those that .NET does not know.
                if (char.IsAsciiLetterOrDigit(c)) b.Append('\\').Append(c);
                else b.Append(Regex.Escape(c.ToString()) is { Length: > 1 } escaped ? escaped : c is ']' or '-' or '}' ? $"\\{c}" : c.ToString());
                return 1;
        }
    }

    private static (string Ranges, int Length)? PosixClass(string p, int at)
    {
        if (at + 1 >= p.Length || p[at + 1] != ':' || p.IndexOf(":]", at + 2, StringComparison.Ordinal) is not (var end and > 0)) return null;
        var ranges = p[(at + 2)..end] switch
        {
            "alnum" => "0-9A-Za-z",
            "alpha" => "A-Za-z",
            "ascii" => "\\x00-\\x7F",
            "blank" => "\\t ",
            "cntrl" => "\\x00-\\x1F\\x7F",
            "digit" => "0-9",
            "graph" => "!-~",
            "lower" => "a-z",
            "print" => " -~",
            "punct" => "!-/:-@\\[-`{-~",
            "space" => "\\t\\n\\v\\f\\r ",
            "upper" => "A-Z",
            "word" => "0-9A-Za-z_",
            "xdigit" => "0-9A-Fa-f",
            _ => null,
        };
        return ranges is null ? null : (ranges, end + 2 - at);
    }
}
