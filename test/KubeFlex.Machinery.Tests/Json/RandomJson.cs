using System.Text.Json.Nodes;

namespace KubeFlex.Machinery.Tests.Json;

/// <summary>Random documents, small and mean: few names so that things meet, strings that look like something else.</summary>
internal sealed class RandomJson(int seed)
{
    private static readonly string[] Texts =
    [
        "", "a", "b", "yes", "No", "on", "y", "~", "null", "true", "1", "010", "0o17", "1e3", "1_000", ".5", "-", "- a", "a: b", "a:b", "a #b", "#a", "# x", "2024-01-02",
        "12:30", "0x1F", "'q'", "\"dq\"", "line\nline", "line\n", "line\n\n", "\nlead", " lead", "trail ", "tab\there", "é ü", "😀", "\u0001", "\u2028", "{x}", "[x]", "&a", "*a", "!t",
        "|", ">", "%d", "@x", "`", "a\\b", "<<", "=", "?", "? a", ":", ": a", "---", "...", "1.2.3", "10.0.0.1", "+1", "-.inf", ".NaN", "a\n b\n", "a\n\n\nb", "a\r\nb", "x\n \ny", "~a", "é: ",
    ];

    private readonly Random random = new(seed);

    public int Next(int max) => random.Next(max);

    public string Name() => Next(8) == 0 ? Texts[Next(Texts.Length)] : ((char)('a' + Next(5))).ToString();

    public JsonNode? Node(int depth) => Next(depth > 0 ? 8 : 5) switch
    {
        0 => null,
        1 => JsonValue.Create(Next(2) == 0),
        2 => JsonNode.Parse(new[] { "0", "-7", "9007199254740993", "9223372036854775807", "1.5", "-0.25", "100000" }[Next(7)]),
        3 or 4 => JsonValue.Create(Texts[Next(Texts.Length)]),
        5 => new JsonArray([.. Enumerable.Range(0, Next(4)).Select(_ => Node(depth - 1))]),
        _ => Object(depth),
    };

    public JsonObject Object(int depth)
    {
        var result = new JsonObject();
        for (var i = Next(5); i > 0; i--) result[Name()] = Node(depth - 1);
        return result;
    }
}
