using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeFlex.Machinery.Json;

/// <summary>Writes YAML that every YAML reader takes back to the same JSON; map keys keep their order.</summary>
public static class YamlWriter
{
    /// <summary>One document, with a final newline.</summary>
    public static string Write(JsonNode? node)
    {
        var text = new StringBuilder();
        switch (node)
        {
            case JsonObject { Count: > 0 } o: Members(text, o, 0, firstIsIndented: false); break;
            case JsonArray { Count: > 0 } a: Items(text, a, 0, firstIsIndented: false); break;
            default: Leaf(text, node, 0); break;
        }
        return text.ToString();
    }

    private static void Members(StringBuilder text, JsonObject members, int indent, bool firstIsIndented)
    {
        foreach (var (key, value) in members)
        {
            if (!firstIsIndented) text.Append(' ', indent);
            firstIsIndented = false;
            text.Append(IsPlain(key) ? key : Quote(key)).Append(':');
            switch (value)
            {
                case JsonObject { Count: > 0 } o:
                    text.Append('\n');
                    Members(text, o, indent + 2, false);
                    break;
                case JsonArray { Count: > 0 } a:
                    // kubectl's style: the dashes stand under the key.
                    text.Append('\n');
                    Items(text, a, indent, false);
                    break;
                default:
                    text.Append(' ');
                    Leaf(text, value, indent + 2);
                    break;
            }
        }
    }

    private static void Items(StringBuilder text, JsonArray items, int indent, bool firstIsIndented)
    {
        foreach (var item in items)
        {
            if (!firstIsIndented) text.Append(' ', indent);
            firstIsIndented = false;
            text.Append("- ");
            switch (item)
            {
                case JsonObject { Count: > 0 } o: Members(text, o, indent + 2, true); break;
                case JsonArray { Count: > 0 } a: Items(text, a, indent + 2, true); break;
                default: Leaf(text, item, indent + 2); break;
            }
        }
    }

    private static void Leaf(StringBuilder text, JsonNode? value, int indent)
    {
        switch (value)
        {
            case null: text.Append("null\n"); break;
            case JsonObject: text.Append("{}\n"); break;
            case JsonArray: text.Append("[]\n"); break;
            default:
                if (value.GetValueKind() != JsonValueKind.String) text.Append(value.ToJsonString()).Append('\n');
                else String(text, value.GetValue<string>(), indent);
                break;
        }
    }

    private static void String(StringBuilder text, string value, int indent)
    {
        if (!IsLiteral(value))
        {
            text.Append(IsPlain(value) ? value : Quote(value)).Append('\n');
            return;
        }
        var body = value.TrimEnd('\n');
        var newlines = value.Length - body.Length;
        text.Append(newlines switch { 0 => "|-\n", 1 => "|\n", _ => "|+\n" });
        foreach (var line in body.Split('\n'))
        {
            if (line.Length > 0) text.Append(' ', indent).Append(line);
            text.Append('\n');
        }
        text.Append('\n', Math.Max(0, newlines - 1));
    }

    // A literal block shows text as it is, but cannot begin with white space (its indentation is guessed from the first line) nor hold controls.
    private static bool IsLiteral(string value) =>
        value.Contains('\n', StringComparison.Ordinal) && !char.IsWhiteSpace(value[0]) && value.All(c => c == '\n' || IsShown(c)) && WellFormed(value)
        // A line of blanks only at the end would be taken for a blank line by some readers.
        && !value.Split('\n').Any(l => l.Length > 0 && string.IsNullOrWhiteSpace(l));

    private static bool IsPlain(string value)
    {
        if (value.Length == 0 || value[0] == ' ' || value[^1] is ' ' or ':' || YamlScalars.IsAmbiguous(value)) return false;
        if (value.StartsWith("---", StringComparison.Ordinal) || value.StartsWith("...", StringComparison.Ordinal)) return false;
        if (value[0] == '-' && (value.Length == 1 || value[1] == ' ')) return false;
        if ("?:,[]{}#&*!|>'\"%@`=~".Contains(value[0], StringComparison.Ordinal)) return false;
        for (var i = 0; i < value.Length; i++)
        {
            if (!IsShown(value[i]) || value[i] == '\t') return false;
            if (value[i] == ':' && value[i + 1] == ' ') return false;
            if (value[i] == '#' && value[i - 1] == ' ') return false;
        }
        return WellFormed(value);
    }

    private static bool IsShown(char c) => c is '\t' or (>= ' ' and < '\u007f') or (>= '\u00a0' and not ('\u2028' or '\u2029' or '\ufeff' or '\ufffe' or '\uffff'));

    private static bool WellFormed(string value)
    {
        for (var i = 0; i < value.Length; i++)
        {
            if (!char.IsSurrogate(value[i])) continue;
            if (i + 1 >= value.Length || !char.IsSurrogatePair(value[i], value[i + 1])) return false;
            i++;
        }
        return true;
    }

    private static string Quote(string value)
    {
        var text = new StringBuilder(value.Length + 2).Append('"');
        for (var i = 0; i < value.Length; i++)
        {
            var c = value[i];
            if (char.IsSurrogate(c) && !(char.IsHighSurrogate(c) && i + 1 < value.Length && char.IsLowSurrogate(value[i + 1])) && !(char.IsLowSurrogate(c) && i > 0 && char.IsHighSurrogate(value[i - 1])))
            {
                text.Append('\ufffd');
                continue;
            }
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                _ when IsShown(c) => text.Append(c),
                _ => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
            };
        }
        return text.Append('"').ToString();
    }
}
