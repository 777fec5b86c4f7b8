using System.Text.Json.Nodes;

namespace KubeFlex.Machinery.Json;

/// <summary>Writes YAML that every YAML reader takes back to the same JSON; map keys keep their order.</summary>
public static class YamlWriter
{
    /// <summary>One document, with a final newline.</summary>
    public static string Write(JsonNode? node) => throw new NotImplementedException();
}
