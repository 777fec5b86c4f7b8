using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.Selectors;

/// <summary>A field selector: <c>=</c>, <c>==</c> and <c>!=</c> terms, all of which must hold.</summary>
public sealed class FieldSelector
{
    private readonly Term[] terms;

    private FieldSelector(IEnumerable<Term> terms) => this.terms = [.. terms];

    /// <summary>Selects everything.</summary>
    public bool IsEmpty => terms.Length == 0;

    /// <summary>Reads the query form; <paramref name="supported"/> holds the allowed fields beside metadata.name and metadata.namespace. An unknown field is 400 in upstream's words.</summary>
    public static Result<FieldSelector> Parse(string text, IReadOnlyCollection<string> supported) => Parse(text, supported, custom: false);

    /// <summary>The same; <paramref name="custom"/> says that a CustomResourceDefinition defines the kind, which upstream words differently.</summary>
    public static Result<FieldSelector> Parse(string text, IReadOnlyCollection<string> supported, bool custom)
    {
        var terms = new List<Term>();
        foreach (var part in SplitTerms(text).Order(StringComparer.Ordinal))
        {
            if (part.Length == 0) continue;
            var at = part.AsSpan().IndexOfAny('=', '!');
            while (at >= 0 && part[at] == '!' && (at + 1 >= part.Length || part[at + 1] != '='))
            {
                var next = part.AsSpan(at + 1).IndexOfAny('=', '!');
                at = next < 0 ? -1 : at + 1 + next;
            }
            if (at < 0) return ApiError.BadRequest($"invalid selector: '{text}'; can't understand '{part}'");
            var length = part[at] == '!' || part.AsSpan(at).StartsWith("==") ? 2 : 1;
            var (value, error) = Unescape(part[(at + length)..]);
            if (error is not null) return ApiError.BadRequest(error);
            terms.Add(new Term(part[..at], part[at] != '!', value));
        }
        foreach (var term in terms)
        {
            if (term.Field is "metadata.name" or "metadata.namespace" || supported.Contains(term.Field)) continue;
            return ApiError.BadRequest(supported.Count > 0 || custom
                ? $"field label not supported: {term.Field}"
                : $"\"{term.Field}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"");
        }
        return new FieldSelector(terms);
    }

    /// <summary>The value that <c>metadata.name</c> must equal, when one term says so; lets a list become a get.</summary>
    public string? RequiredName => Required("metadata.name");

    /// <summary>The value that <c>metadata.namespace</c> must equal, when one term says so.</summary>
    public string? RequiredNamespace => Required("metadata.namespace");

    /// <summary>Tests an object as stored. An absent field counts as the empty string; booleans and numbers compare by their JSON text (an absent boolean as "false").</summary>
    public bool MatchesJson(ReadOnlySpan<byte> objectJson)
    {
        foreach (var term in terms)
            if (!term.Holds(SelectableField.Read(objectJson, term.Field))) return false;
        return true;
    }

    /// <summary>Tests a parsed object.</summary>
    public bool Matches(JsonObject obj)
    {
        foreach (var term in terms)
            if (!term.Holds(SelectableField.Read(obj, term.Field))) return false;
        return true;
    }

    /// <summary>The query form, values escaped.</summary>
    public override string ToString() => string.Join(',', (object[])terms);

    private string? Required(string field) => Array.Find(terms, t => t.Field == field && t.Equal)?.Value;

    // A backslash keeps the comma behind it from ending a term.
    private static List<string> SplitTerms(string text)
    {
        var parts = new List<string>();
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\') i++;
            else if (text[i] == ',')
            {
                parts.Add(text[start..i]);
                start = i + 1;
            }
        }
        parts.Add(text[start..]);
        return parts;
    }

    private static (string Value, string? Error) Unescape(string text)
    {
        const string Bad = "invalid field selector: invalid escape sequence: ";
        if (text.AsSpan().IndexOfAny('\\', ',', '=') < 0) return (text, null);
        var value = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            // The reference prints the character's number.
            if (text[i] is ',' or '=') return ("", $"invalid field selector: unescaped character in value: {(int)text[i]}");
            if (text[i] == '\\')
            {
                i++;
                if (i == text.Length) return ("", Bad + "\\");
                if (text[i] is not ('\\' or ',' or '=')) return ("", $"{Bad}\\{text[i]}");
            }
            value.Append(text[i]);
        }
        return (value.ToString(), null);
    }

    private sealed record Term(string Field, bool Equal, string Value)
    {
        internal bool Holds(string actual) => (actual == Value) == Equal;

        public override string ToString() =>
            $"{Field}{(Equal ? "=" : "!=")}{Value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(",", "\\,", StringComparison.Ordinal).Replace("=", "\\=", StringComparison.Ordinal)}";
    }
}
