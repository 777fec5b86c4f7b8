using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.CustomResources;

namespace KubeFlex.Machinery.Tables;

/// <summary>
/// JSONPath as kubectl and printer columns use it: <c>.a.b</c>, <c>['x']</c>, <c>[0]</c>, <c>[-1]</c>, <c>[0:2]</c>, <c>[*]</c>, <c>..a</c>,
/// <c>[?(@.type=="Ready")]</c>, dots escaped by a backslash; braces and a leading <c>$</c> may stand around it.
/// </summary>
public sealed class JsonPath
{
    private readonly IReadOnlyList<Step> steps;

    private JsonPath(IReadOnlyList<Step> steps) => this.steps = steps;

    /// <summary>Reads a path; null with a reason when it is none.</summary>
    public static JsonPath? Parse(string text, out string error)
    {
        var trimmed = text.Trim();
        if (trimmed.StartsWith('{') && trimmed.EndsWith('}')) trimmed = trimmed[1..^1].Trim();
        if (trimmed.StartsWith('$') || trimmed.StartsWith('@')) trimmed = trimmed[1..];
        var parser = new Parser(trimmed);
        var steps = parser.Run();
        error = parser.Error;
        return error.Length == 0 ? new JsonPath(steps) : null;
    }

    /// <summary>All values the path leads to, in document order; nothing when it leads nowhere.</summary>
    public IEnumerable<JsonNode?> Find(JsonNode? root)
    {
        IEnumerable<JsonNode?> found = [root];
        foreach (var step in steps) found = found.SelectMany(step.From);
        return found;
    }

    /// <summary>True when the path leads somewhere; the first value then (which may be null).</summary>
    public bool TryFirst(JsonNode? root, out JsonNode? value)
    {
        foreach (var found in Find(root))
        {
            value = found;
            return true;
        }
        value = null;
        return false;
    }

    private abstract record Step
    {
        public abstract IEnumerable<JsonNode?> From(JsonNode? node);
    }

    private sealed record Member(string Name) : Step
    {
        public override IEnumerable<JsonNode?> From(JsonNode? node)
        {
            if (node is JsonObject o && o.TryGetPropertyValue(Name, out var value)) yield return value;
        }
    }

    private sealed record All : Step
    {
        public override IEnumerable<JsonNode?> From(JsonNode? node) => node switch
        {
            JsonObject o => o.Select(p => p.Value),
            JsonArray a => a,
            _ => [],
        };
    }

    private sealed record Slice(int? Start, int? End, int Every, bool Single) : Step
    {
        public override IEnumerable<JsonNode?> From(JsonNode? node)
        {
            if (node is not JsonArray a) yield break;
            var start = Clamp(Start ?? 0, a.Count);
            var end = Single ? start + 1 : Clamp(End ?? a.Count, a.Count);
            if (Single && (Start!.Value >= a.Count || Start.Value < -a.Count)) yield break;
            for (var i = start; i < Math.Min(end, a.Count); i += Every) yield return a[i];
        }

        private static int Clamp(int index, int count) => Math.Max(0, index < 0 ? index + count : index);
    }

    private sealed record Union(IReadOnlyList<Step> Steps) : Step
    {
        public override IEnumerable<JsonNode?> From(JsonNode? node) => Steps.SelectMany(s => s.From(node));
    }

    private sealed record Descend(string? Name) : Step
    {
        public override IEnumerable<JsonNode?> From(JsonNode? node)
        {
            if (Name is null) yield return node;
            else if (node is JsonObject o && o.TryGetPropertyValue(Name, out var value)) yield return value;
            var children = node switch { JsonObject obj => obj.Select(p => p.Value), JsonArray a => a, _ => Enumerable.Empty<JsonNode?>() };
            foreach (var child in children)
                foreach (var found in From(child)) yield return found;
        }
    }

    private sealed record Filter(Operand Left, string Operator, Operand? Right) : Step
    {
        public override IEnumerable<JsonNode?> From(JsonNode? node) => node switch
        {
            JsonArray a => a.Where(Holds),
            JsonObject o => o.Select(p => p.Value).Where(Holds),
            _ => [],
        };

        private bool Holds(JsonNode? item)
        {
            if (!Left.TryGet(item, out var left)) return false;
            if (Operator.Length == 0) return true;
            if (!Right!.TryGet(item, out var right)) return false;
            var order = left.AsDouble() is { } a && right.AsDouble() is { } b ? a.CompareTo(b)
                : left.AsString() is { } s && right.AsString() is { } t ? string.CompareOrdinal(s, t)
                : JsonReading.Same(left, right) ? 0 : (int?)null;
            return Operator switch
            {
                "==" => order == 0,
                "!=" => order != 0,
                "<" => order < 0,
                "<=" => order <= 0,
                ">" => order > 0,
                _ => order >= 0,
            };
        }
    }

    private sealed record Operand(JsonPath? Path, JsonNode? Literal)
    {
        public bool TryGet(JsonNode? item, out JsonNode? value)
        {
            value = Literal;
            return Path is null || Path.TryFirst(item, out value);
        }
    }

    private sealed class Parser(string text)
    {
        private int at;

        public string Error { get; private set; } = "";

        public List<Step> Run()
        {
            var steps = new List<Step>();
            while (at < text.Length && Error.Length == 0)
            {
                if (text[at] == '.' && at + 1 < text.Length && text[at + 1] == '.')
                {
                    at += 2;
                    var name = at < text.Length && text[at] != '[' ? Name() : null;
                    steps.Add(new Descend(name is "*" or "" ? null : name));
                }
                else if (text[at] == '.')
                {
                    at++;
                    if (at < text.Length && text[at] == '[' || at == text.Length) continue;
                    var name = Name();
                    if (name.Length > 0) steps.Add(name == "*" ? new All() : new Member(name));
                }
                else if (text[at] == '[') steps.Add(Bracket());
                else if (at == 0) steps.Add(new Member(Name()));
                else Error = $"unexpected character {text[at]} at {at}";
            }
            return steps;
        }

        private string Name()
        {
            var b = new StringBuilder();
            for (; at < text.Length && text[at] is not ('.' or '[' or ']'); at++)
            {
                if (text[at] == '\\' && at + 1 < text.Length) at++;
                b.Append(text[at]);
            }
            return b.ToString();
        }

        private Step Bracket()
        {
            var start = ++at;
            var (depth, quote) = (0, '\0');
            for (; at < text.Length; at++)
            {
                var c = text[at];
                if (quote != 0)
                {
                    if (c == '\\') at++;
                    else if (c == quote) quote = '\0';
                }
                else if (c is '\'' or '"') quote = c;
                else if (c is '[' or '(') depth++;
                else if (c is ')') depth--;
                else if (c == ']' && depth-- == 0) break;
            }
            if (at >= text.Length)
            {
                Error = "unterminated array";
                return new All();
            }
            var inner = text[start..at++].Trim();
            if (inner.StartsWith("?(", StringComparison.Ordinal) && inner.EndsWith(')')) return FilterOf(inner[2..^1].Trim());
            if (inner.Length > 1 && inner[0] is '\'' or '"' && Quoted(inner) is { } single) return new Member(single);
            var parts = inner.Split(',').Select(Element).ToList();
            return parts.Count == 1 ? parts[0] : new Union(parts);
        }

        private Step Element(string part)
        {
            part = part.Trim();
            if (part is "*") return new All();
            if (Quoted(part) is { } name) return new Member(name);
            var bounds = part.Split(':');
            var numbers = new int?[3];
            for (var i = 0; i < bounds.Length && i < 3; i++)
            {
                if (bounds[i].Trim().Length == 0) continue;
                if (int.TryParse(bounds[i], NumberStyles.AllowLeadingSign | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var n)) numbers[i] = n;
                else Error = $"invalid array index {part}";
            }
            if (bounds.Length > 3 || part.Length == 0) Error = $"invalid array index {part}";
            if (numbers[2] is <= 0) Error = "step must be > 0";
            return new Slice(numbers[0], numbers[1], Math.Max(1, numbers[2] ?? 1), bounds.Length == 1);
        }

        private Filter FilterOf(string expression)
        {
            foreach (var op in new[] { "==", "!=", "<=", ">=", "<", ">" })
            {
                if (IndexOutsideQuotes(expression, op) is var i and >= 0)
                    return new Filter(OperandOf(expression[..i]), op, OperandOf(expression[(i + op.Length)..]));
            }
            return new Filter(OperandOf(expression), "", null);
        }

        private Operand OperandOf(string part)
        {
            part = part.Trim();
            if (part.StartsWith('@'))
            {
                var path = Parse(part, out var error);
                if (path is null) Error = error;
                return new Operand(path, null);
            }
            if (Quoted(part) is { } s) return new Operand(null, JsonValue.Create(s));
            if (part is "true" or "false") return new Operand(null, JsonValue.Create(part == "true"));
            if (double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out var d)) return new Operand(null, JsonValue.Create(d));
            if (Error.Length == 0) Error = $"unrecognized operand {part}";
            return new Operand(null, null);
        }

        private static int IndexOutsideQuotes(string s, string op)
        {
            var quote = '\0';
            for (var i = 0; i + op.Length <= s.Length; i++)
            {
                if (quote != 0) quote = s[i] == quote ? '\0' : quote;
                else if (s[i] is '\'' or '"') quote = s[i];
                else if (string.CompareOrdinal(s, i, op, 0, op.Length) == 0) return i;
            }
            return -1;
        }

        private static string? Quoted(string s)
        {
            if (s.Length < 2 || s[0] is not ('\'' or '"') || s[^1] != s[0] || s.IndexOf(s[0], 1) != s.Length - 1) return null;
            return s[1..^1];
        }
    }
}
