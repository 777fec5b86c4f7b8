namespace KubeFlex.Machinery.Selectors;

/// <summary>Tokens of a label selector (<c>apimachinery/pkg/labels</c>): operators, words, end. A word ends at white space or a special character.</summary>
internal enum LabelToken
{
    End,
    Error,
    Word,
    In,
    NotIn,
    Open,
    Close,
    Comma,
    Not,
    Equals,
    DoubleEquals,
    NotEquals,
    Greater,
    Less,
}

/// <summary>Cuts the query form of a label selector into tokens.</summary>
internal static class LabelLexer
{
    private const string Special = "=!(),><";

    internal static List<(LabelToken Token, string Text)> Scan(string text)
    {
        var tokens = new List<(LabelToken, string)>();
        var at = 0;
        while (true)
        {
            while (at < text.Length && text[at] is ' ' or '\t' or '\r' or '\n') at++;
            if (at >= text.Length || text[at] == '\0') break;
            var start = at;
            if (Special.Contains(text[at], StringComparison.Ordinal))
            {
                at += at + 1 < text.Length && text[at..(at + 2)] is "==" or "!=" ? 2 : 1;
                var symbol = text[start..at];
                tokens.Add((Symbol(symbol), symbol));
                continue;
            }
            while (at < text.Length && text[at] is not (' ' or '\t' or '\r' or '\n' or '\0') && !Special.Contains(text[at], StringComparison.Ordinal)) at++;
            var word = text[start..at];
            tokens.Add((word switch { "in" => LabelToken.In, "notin" => LabelToken.NotIn, _ => LabelToken.Word }, word));
        }
        tokens.Add((LabelToken.End, ""));
        return tokens;
    }

    private static LabelToken Symbol(string symbol) => symbol switch
    {
        "(" => LabelToken.Open,
        ")" => LabelToken.Close,
        "," => LabelToken.Comma,
        "!" => LabelToken.Not,
        "=" => LabelToken.Equals,
        "==" => LabelToken.DoubleEquals,
        "!=" => LabelToken.NotEquals,
        ">" => LabelToken.Greater,
        "<" => LabelToken.Less,
        _ => LabelToken.Error,
    };
}
