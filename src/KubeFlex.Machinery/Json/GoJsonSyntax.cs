using System.Globalization;
using System.Text;

namespace KubeFlex.Machinery.Json;

/// <summary>
/// Says what is wrong with a JSON text in the words of Go's <c>encoding/json</c>, which clients of Kubernetes see. Runs only after a faster
/// parser has refused the text.
/// </summary>
internal ref struct GoJsonSyntax
{
    private const string UnexpectedEnd = "unexpected end of JSON input";

    private readonly ReadOnlySpan<byte> text;
    private int at;
    private string? error;

    private GoJsonSyntax(ReadOnlySpan<byte> text) => this.text = text;

    /// <summary>The first error, or null when the grammar is kept.</summary>
    internal static string? FirstError(ReadOnlySpan<byte> text, int maxDepth)
    {
        var s = new GoJsonSyntax(text);
        if (s.Value(maxDepth) && s.SkipSpace()) s.Fail("after top-level value");
        return s.error;
    }

    private bool SkipSpace()
    {
        while (at < text.Length && text[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n') at++;
        return at < text.Length;
    }

    private bool Fail(string where)
    {
        error ??= at >= text.Length ? UnexpectedEnd : $"invalid character {Quote(text[at])} {where}";
        return false;
    }

    private bool Value(int depth)
    {
        if (!SkipSpace()) return Fail("");
        switch (text[at])
        {
            case (byte)'{': return Nested(depth) && Object(depth - 1);
            case (byte)'[': return Nested(depth) && Array(depth - 1);
            case (byte)'"': return String();
            case (byte)'t': return Literal("true");
            case (byte)'f': return Literal("false");
            case (byte)'n': return Literal("null");
            case (byte)'-' or (>= (byte)'0' and <= (byte)'9'): return Number();
            default: return Fail("looking for beginning of value");
        }
    }

    private bool Nested(int depth)
    {
        at++;
        if (depth > 0) return true;
        error ??= "exceeded max depth";
        return false;
    }

    private bool Object(int depth)
    {
        if (SkipSpace() && text[at] == '}') return Take();
        while (true)
        {
            if (!SkipSpace() || text[at] != '"') return Fail("looking for beginning of object key string");
            if (!String()) return false;
            if (!SkipSpace() || text[at] != ':') return Fail("after object key");
            at++;
            if (!Value(depth)) return false;
            if (!SkipSpace() || text[at] is not ((byte)',' or (byte)'}')) return Fail("after object key:value pair");
            if (text[at++] == '}') return true;
        }
    }

    private bool Array(int depth)
    {
        if (SkipSpace() && text[at] == ']') return Take();
        while (true)
        {
            if (!Value(depth)) return false;
            if (!SkipSpace() || text[at] is not ((byte)',' or (byte)']')) return Fail("after array element");
            if (text[at++] == ']') return true;
        }
    }

    private bool Take()
    {
        at++;
        return true;
    }

    private bool String()
    {
        for (at++; at < text.Length; at++)
        {
            switch (text[at])
            {
                case (byte)'"': return Take();
                case < 0x20: return Fail("in string literal");
                case (byte)'\\':
                    at++;
                    if (at >= text.Length) return Fail("");
                    if (text[at] == 'u')
                    {
                        for (var i = 0; i < 4; i++)
                        {
                            at++;
                            if (at >= text.Length || !char.IsAsciiHexDigit((char)text[at])) return Fail("in \\u hexadecimal character escape");
                        }
                    }
                    else if (!"bfnrt\\/\""u8.Contains(text[at]))
                    {
                        return Fail("in string escape code");
                    }
                    break;
            }
        }
        return Fail("");
    }

    private bool Literal(string word)
    {
        for (var i = 1; i < word.Length; i++)
        {
            at++;
            if (at >= text.Length || text[at] != word[i]) return Fail($"in literal {word} (expecting {Quote((byte)word[i])})");
        }
        return Take();
    }

    private bool Number()
    {
        if (text[at] == '-') at++;
        if (at >= text.Length || !char.IsAsciiDigit((char)text[at])) return Fail("in numeric literal");
        if (text[at] == '0') at++;
        else Digits();
        if (at < text.Length && text[at] == '.')
        {
            at++;
            if (at >= text.Length || !char.IsAsciiDigit((char)text[at])) return Fail("after decimal point in numeric literal");
            Digits();
        }
        if (at < text.Length && text[at] is (byte)'e' or (byte)'E')
        {
            at++;
            if (at < text.Length && text[at] is (byte)'+' or (byte)'-') at++;
            if (at >= text.Length || !char.IsAsciiDigit((char)text[at])) return Fail("in exponent of numeric literal");
            Digits();
        }
        return true;
    }

    private void Digits()
    {
        while (at < text.Length && char.IsAsciiDigit((char)text[at])) at++;
    }

    private static string Quote(byte b) => b switch
    {
        (byte)'\'' => @"'\''",
        (byte)'"' => "'\"'",
        (byte)'\\' => @"'\\'",
        (byte)'\n' => @"'\n'",
        (byte)'\r' => @"'\r'",
        (byte)'\t' => @"'\t'",
        < 0x20 or 0x7f => string.Create(CultureInfo.InvariantCulture, $@"'\x{b:x2}'"),
        _ => $"'{new Rune(b)}'",
    };
}
