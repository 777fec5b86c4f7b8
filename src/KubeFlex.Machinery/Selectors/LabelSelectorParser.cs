using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.Selectors;

/// <summary>
/// The grammar <c>[!]KEY [= == != &lt; &gt; VALUE | in|notin ( VALUES )], …</c> with the messages of <c>labels.Parse</c>.
/// <c>in</c> and <c>notin</c> are operators only where an operator may stand; elsewhere they are words.
/// </summary>
internal sealed class LabelSelectorParser(string text)
{
    private readonly List<(LabelToken Token, string Text)> tokens = LabelLexer.Scan(text);
    private int at;

    internal Result<List<LabelRequirement>> Parse()
    {
        var requirements = new List<LabelRequirement>();
        while (true)
        {
            var (token, word) = Peek();
            if (token == LabelToken.End) return requirements;
            if (token is not (LabelToken.Word or LabelToken.Not)) return ApiError.BadRequest($"found '{word}', expected: !, identifier, or 'end of string'");
            var (requirement, error) = Requirement();
            if (error is not null) return ApiError.BadRequest($"unable to parse requirement: {error}");
            requirements.Add(requirement!);
            (token, word) = Take();
            if (token == LabelToken.End) return requirements;
            if (token != LabelToken.Comma) return ApiError.BadRequest($"found '{word}', expected: ',' or 'end of string'");
            (token, word) = Peek();
            if (token is not (LabelToken.Word or LabelToken.Not)) return ApiError.BadRequest($"found '{word}', expected: identifier after ','");
        }
    }

    private (LabelRequirement? Requirement, string? Error) Requirement()
    {
        var (token, key) = Take();
        var negated = token == LabelToken.Not;
        if (negated) (token, key) = Take();
        if (token != LabelToken.Word) return (null, $"found '{key}', expected: identifier");
        var errors = new FieldErrors();
        LabelRequirement.CheckKey("<nil>", key, errors);
        if (errors.Count > 0) return (null, errors.Aggregate());
        if (Peek().Token is LabelToken.End or LabelToken.Comma)
            return LabelRequirement.Create(key, negated ? LabelOperator.DoesNotExist : LabelOperator.Exists, []);

        (token, var word) = Take(operators: true);
        LabelOperator? op = token switch
        {
            LabelToken.In => LabelOperator.In,
            LabelToken.NotIn => LabelOperator.NotIn,
            LabelToken.Equals => LabelOperator.Equals,
            LabelToken.DoubleEquals => LabelOperator.DoubleEquals,
            LabelToken.NotEquals => LabelOperator.NotEquals,
            LabelToken.Greater => LabelOperator.GreaterThan,
            LabelToken.Less => LabelOperator.LessThan,
            _ => null,
        };
        // A "!" before a key with an operator is dropped, as the reference does: only existence can be negated.
        if (op is null) return (null, $"found '{word}', expected: in, notin, =, ==, !=, gt, lt");
        var (values, error) = op is LabelOperator.In or LabelOperator.NotIn ? Values() : ExactValue();
        return error is not null ? (null, error) : LabelRequirement.Create(key, op.Value, values!);
    }

    private (SortedSet<string>? Values, string? Error) ExactValue()
    {
        if (Peek().Token is LabelToken.End or LabelToken.Comma) return (Set(""), null);
        var (token, word) = Take();
        return token == LabelToken.Word ? (Set(word), null) : (null, $"found '{word}', expected: identifier");
    }

    private (SortedSet<string>? Values, string? Error) Values()
    {
        var (token, word) = Take();
        if (token != LabelToken.Open) return (null, $"found '{word}' expected: '('");
        (token, word) = Peek();
        if (token is not (LabelToken.Word or LabelToken.Comma or LabelToken.Close)) return (null, $"found '{word}', expected: ',', ')' or identifier");
        // Commas separate; where no word stands between two, or beside a parenthesis, stands the empty value.
        var values = Set();
        while (true)
        {
            var named = Peek().Token == LabelToken.Word;
            values.Add(named ? Take().Text : "");
            (token, word) = Take();
            if (token == LabelToken.Close) return (values, null);
            if (token != LabelToken.Comma) return (null, $"found '{word}', expected: {(named ? "',' or ')'" : "',', or identifier")}");
        }
    }

    private static SortedSet<string> Set(params string[] values) => new(values, StringComparer.Ordinal);

    private (LabelToken Token, string Text) Peek() => AsWord(tokens[at]);

    private (LabelToken Token, string Text) Take(bool operators = false)
    {
        var token = tokens[Math.Min(at, tokens.Count - 1)];
        at = Math.Min(at + 1, tokens.Count - 1);
        return operators ? token : AsWord(token);
    }

    private static (LabelToken Token, string Text) AsWord((LabelToken Token, string Text) token) =>
        token.Token is LabelToken.In or LabelToken.NotIn ? (LabelToken.Word, token.Text) : token;
}
