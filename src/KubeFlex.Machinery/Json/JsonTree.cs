using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeFlex.Machinery.Json;

/// <summary>
/// Builds nodes from a parsed text. The last of several members of one name wins and its path is noted; numbers keep their text, strings are
/// decoded once (Go replaces broken surrogates, so do we).
/// </summary>
internal sealed class JsonTree
{
    /// <summary>Deeper documents are refused: every later walk over a tree may then recurse without fear.</summary>
    internal const int MaxDepth = 512;

    private readonly List<(string? Name, int Index)> path = [];

    internal List<string> Duplicates { get; } = [];

    /// <summary>Parses; null with Go's error text when the text is no JSON.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> utf8, out JsonElement root, [NotNullWhen(false)] out string? error)
    {
        if (TryParseFast(utf8, out root))
        {
            error = null;
            return true;
        }
        error = GoJsonSyntax.FirstError(utf8, MaxDepth);
        if (error is not null) return false;
        // Only broken UTF-8 is left as a reason; Go reads it with replacement characters.
        if (TryParseFast(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(utf8)), out root)) return true;
        error = "invalid JSON";
        return false;
    }

    private static bool TryParseFast(ReadOnlySpan<byte> utf8, out JsonElement root)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            root = JsonElement.ParseValue(ref reader);
            return !reader.Read();
        }
        catch (JsonException)
        {
            root = default;
            return false;
        }
    }

    internal JsonNode? Build(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => Object(element),
        JsonValueKind.Array => Array(element),
        JsonValueKind.String => JsonValue.Create(Text(element)),
        JsonValueKind.True => JsonValue.Create(true),
        JsonValueKind.False => JsonValue.Create(false),
        JsonValueKind.Null => null,
        _ => JsonValue.Create(element),
    };

    private JsonObject Object(JsonElement element)
    {
        var result = new JsonObject();
        foreach (var member in element.EnumerateObject())
        {
            var name = Name(member);
            path.Add((name, 0));
            if (result.ContainsKey(name)) NoteDuplicate();
            result[name] = Build(member.Value);
            path.RemoveAt(path.Count - 1);
        }
        return result;
    }

    private JsonArray Array(JsonElement element)
    {
        var result = new JsonArray();
        var index = 0;
        foreach (var item in element.EnumerateArray())
        {
            path.Add((null, index++));
            result.Add(Build(item));
            path.RemoveAt(path.Count - 1);
        }
        return result;
    }

    private void NoteDuplicate()
    {
        var text = new StringBuilder();
        foreach (var (name, index) in path)
        {
            if (name is null) text.Append(CultureInfo.InvariantCulture, $"[{index}]");
            else text.Append(text.Length > 0 ? "." : "").Append(name);
        }
        var where = text.ToString();
        if (!Duplicates.Contains(where)) Duplicates.Add(where);
    }

    private static string Name(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException)
        {
            return Decode(JsonMarshal.GetRawUtf8PropertyName(member));
        }
    }

    private static string Text(JsonElement element)
    {
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return Decode(JsonMarshal.GetRawUtf8Value(element)[1..^1]);
        }
    }

    // Only strings with a lone surrogate escape or broken UTF-8 come here: STJ refuses them, Go puts U+FFFD in their place.
    private static string Decode(ReadOnlySpan<byte> utf8)
    {
        var escaped = Encoding.UTF8.GetString(utf8);
        var b = new StringBuilder(escaped.Length);
        for (var i = 0; i < escaped.Length; i++)
        {
            if (escaped[i] != '\\')
            {
                b.Append(escaped[i]);
                continue;
            }
            i++;
            b.Append(escaped[i] switch
            {
                'b' => '\b', 'f' => '\f', 'n' => '\n', 'r' => '\r', 't' => '\t',
                'u' => (char)ushort.Parse(escaped.AsSpan(i + 1, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
                var other => other,
            });
            if (escaped[i] == 'u') i += 4;
        }
        return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(b.ToString()));
    }
}
