using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace KubeFlex.Machinery.Json;

/// <summary>
/// Reads YAML documents into JSON as sigs.k8s.io/yaml does: anchors, merge keys, YAML 1.1 scalars, non-string keys as text. Messages are
/// goyaml's, with its line numbers as near as the parser's marks allow.
/// </summary>
internal sealed class YamlTree
{
    // An alias costs a line and may stand for a tree of aliases: without a bound ten lines fill the memory.
    private const int MaxAliasedNodes = 100_000;

    private readonly Parser parser;
    private readonly Dictionary<AnchorName, JsonNode?> anchors = [];
    private readonly HashSet<AnchorName> open = [];
    private readonly List<string> path = [];
    private readonly List<string> duplicateLines = [];
    private int aliasedNodes;
    private bool started;

    internal YamlTree(string text) => parser = new Parser(new StringReader(text));

    /// <summary>Paths of keys that stood twice.</summary>
    internal List<string> Duplicates { get; } = [];

    /// <summary>goyaml's strict-mode text, if any key stood twice.</summary>
    internal IReadOnlyList<string> StrictErrors =>
        duplicateLines.Count == 0 ? [] : [$"yaml: unmarshal errors:\n{string.Join('\n', duplicateLines)}"];

    /// <summary>The failure that ended reading, or null.</summary>
    internal string? Error { get; private set; }

    /// <summary>The next document; false at the end or after an error.</summary>
    internal bool TryNext(out JsonNode? document, out string? error)
    {
        document = null;
        try
        {
            if (!started) parser.Consume<StreamStart>();
            started = true;
            if (parser.TryConsume<StreamEnd>(out _))
            {
                error = Error;
                return false;
            }
            anchors.Clear();
            parser.Consume<DocumentStart>();
            document = Node();
            parser.Consume<DocumentEnd>();
            error = null;
            return true;
        }
        catch (YamlException e)
        {
            document = null;
            error = Error = e is Refused ? e.Message : Describe(e);
            return false;
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException)
        {
            // The scanner trips over some unclosed flow collections instead of reporting them.
            document = null;
            error = Error = "yaml: did not find expected ',' or ']'";
            return false;
        }
    }

    private JsonNode? Node()
    {
        if (path.Count > JsonTree.MaxDepth) throw new Refused($"yaml: exceeded max depth of {JsonTree.MaxDepth}");
        switch (parser.Current)
        {
            case AnchorAlias alias:
                parser.MoveNext();
                return Alias(alias.Value);
            case Scalar scalar:
                parser.MoveNext();
                return Remember(scalar.Anchor, ScalarValue(scalar));
            case SequenceStart sequence:
                parser.MoveNext();
                open.Add(sequence.Anchor);
                var items = new JsonArray();
                while (!parser.TryConsume<SequenceEnd>(out _))
                {
                    path.Add($"[{items.Count}]");
                    items.Add(Node());
                    path.RemoveAt(path.Count - 1);
                }
                open.Remove(sequence.Anchor);
                return Remember(sequence.Anchor, items);
            case MappingStart mapping:
                parser.MoveNext();
                open.Add(mapping.Anchor);
                var members = Mapping();
                open.Remove(mapping.Anchor);
                return Remember(mapping.Anchor, members);
            default:
                throw new Refused("yaml: unexpected document content");
        }
    }

    private JsonObject Mapping()
    {
        var members = new JsonObject();
        var explicitKeys = new HashSet<string>(StringComparer.Ordinal);
        List<JsonNode?>? merges = null;
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var line = parser.Current!.Start.Line;
            if (parser.Current is Scalar { Value: "<<", Style: ScalarStyle.Plain })
            {
                parser.MoveNext();
                (merges ??= []).Add(Node());
                continue;
            }
            // libyaml wants a key before the colon unless "?" announced it; our parser would take it for null.
            if (parser.Current is Scalar { Value: "", Style: ScalarStyle.Plain } empty && empty.Start.Index == empty.End.Index && empty.Tag.IsEmpty && empty.Anchor.IsEmpty)
                throw new Refused(At(line, true, "did not find expected key"));
            var key = Key(Node());
            path.Add(key);
            if (!explicitKeys.Add(key)) NoteDuplicate(key, line);
            members[key] = Node();
            path.RemoveAt(path.Count - 1);
        }
        foreach (var merge in merges ?? []) Merge(members, merge);
        return members;
    }

    // Keys of the mapping win over merged ones, earlier merged mappings over later ones.
    private static void Merge(JsonObject into, JsonNode? from)
    {
        switch (from)
        {
            case JsonObject one:
                foreach (var (key, value) in one)
                    if (!into.ContainsKey(key)) into[key] = value?.DeepClone();
                break;
            case JsonArray many when many.All(m => m is JsonObject):
                foreach (var one in many) Merge(into, one);
                break;
            default:
                throw new Refused("yaml: map merge requires map or sequence of maps as the value");
        }
    }

    private static string Key(JsonNode? key) => key switch
    {
        JsonValue v when v.GetValueKind() == JsonValueKind.String => v.GetValue<string>(),
        JsonValue v => v.ToJsonString(),
        null => throw new Refused("unsupported map key of type: <nil>"),
        _ => throw new Refused($"yaml: invalid map key: {key.ToJsonString(KubeJson.Relaxed)}"),
    };

    private void NoteDuplicate(string key, long line)
    {
        var text = new StringBuilder();
        foreach (var segment in path) text.Append(text.Length > 0 && segment[..1] != "[" ? "." : "").Append(segment);
        var where = text.ToString();
        if (!Duplicates.Contains(where)) Duplicates.Add(where);
        duplicateLines.Add(string.Create(CultureInfo.InvariantCulture, $"  line {line}: key \"{key}\" already set in map"));
    }

    private JsonNode? Remember(AnchorName anchor, JsonNode? node)
    {
        if (!anchor.IsEmpty) anchors[anchor] = node;
        return node;
    }

    private JsonNode? Alias(AnchorName name)
    {
        if (open.Contains(name)) throw new Refused($"yaml: anchor '{name.Value}' value contains itself");
        if (!anchors.TryGetValue(name, out var node)) throw new Refused($"yaml: unknown anchor '{name.Value}' referenced");
        aliasedNodes += Count(node, MaxAliasedNodes - aliasedNodes);
        if (aliasedNodes > MaxAliasedNodes) throw new Refused("yaml: document contains excessive aliasing");
        return node?.DeepClone();
    }

    private static int Count(JsonNode? node, int limit)
    {
        var count = 1;
        var children = node switch { JsonObject o => o.Select(m => m.Value), JsonArray a => a, _ => [] };
        foreach (var child in children)
        {
            if (count > limit) break;
            count += Count(child, limit - count);
        }
        return count;
    }

    private static JsonValue Text(string text) => JsonValue.Create(text);

    private static JsonNode? ScalarValue(Scalar scalar)
    {
        var text = scalar.Value;
        var tag = scalar.Tag.IsEmpty ? "" : scalar.Tag.Value;
        var value = tag switch
        {
            "" => scalar.Style == ScalarStyle.Plain ? YamlScalars.Plain(text) : Text(text),
            "tag:yaml.org,2002:null" => null,
            "tag:yaml.org,2002:bool" => YamlScalars.Boolean(text) is { } flag ? JsonValue.Create(flag) : throw CannotDecode(text, "bool"),
            "tag:yaml.org,2002:int" or "tag:yaml.org,2002:float" => YamlScalars.Number(text) ?? throw CannotDecode(text, tag[(tag.LastIndexOf(':') + 1)..]),
            "tag:yaml.org,2002:binary" => Text(Encoding.UTF8.GetString(Base64(text))),
            "!" or "tag:yaml.org,2002:str" or "tag:yaml.org,2002:timestamp" => Text(text),
            _ => Text(text),
        };
        return ReferenceEquals(value, YamlScalars.NotANumber) ? throw new Refused($"json: unsupported value: {Infinite(text)}") : value;
    }

    private static byte[] Base64(string text)
    {
        var buffer = new byte[text.Length];
        return Convert.TryFromBase64String(text, buffer, out var length) ? buffer[..length] : throw new Refused("yaml: !!binary value contains invalid base64 data");
    }

    private static string Infinite(string text) => text[0] == '-' ? "-Inf" : text.Contains('n', StringComparison.OrdinalIgnoreCase) && !text.Contains('f', StringComparison.OrdinalIgnoreCase) ? "NaN" : "+Inf";

    private static Refused CannotDecode(string text, string tag) => new($"yaml: cannot decode !!str `{text}` as a !!{tag}");

    // libyaml's problem stands behind the context: "While parsing a block mapping, did not find expected key."
    private static string Describe(YamlException e)
    {
        var text = e.Message;
        // The parser prefixes marks: "(Line: 1, Col: 3, Idx: 2) - (Line: ...): text".
        if (text.StartsWith("(Line", StringComparison.Ordinal) && text.IndexOf("): ", StringComparison.Ordinal) is > 0 and var i) text = text[(i + 3)..];
        var fromParser = text.StartsWith("While parsing", StringComparison.OrdinalIgnoreCase) || text.StartsWith("did not find", StringComparison.OrdinalIgnoreCase);
        var comma = text.StartsWith("While ", StringComparison.OrdinalIgnoreCase) ? text.IndexOf(", ", StringComparison.Ordinal) : -1;
        if (comma >= 0) text = text[(comma + 2)..];
        text = text.TrimEnd('.') switch
        {
            "found invalid mapping" => "mapping values are not allowed in this context",
            "found invalid tab as indentation" => "found character that cannot start any token",
            var other => other,
        };
        return At(e.Start.Line, fromParser, text);
    }

    // Upstream's parser counts lines from zero, its scanner from one, and neither names the first line.
    private static string At(long line, bool fromParser, string text) =>
        line <= 1 ? $"yaml: {text}" : string.Create(CultureInfo.InvariantCulture, $"yaml: line {(fromParser ? line - 1 : line)}: {text}");

    private sealed class Refused(string message) : YamlException(message);
}
