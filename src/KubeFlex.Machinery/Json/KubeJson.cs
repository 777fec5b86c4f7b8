using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeFlex.Machinery.Json;

/// <summary>JSON as the API writes it.</summary>
public static class KubeJson
{
    /// <summary>No needless escapes: what Go's encoder with HTML escaping off writes.</summary>
    public static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>The node as UTF-8, without white space.</summary>
    public static byte[] ToUtf8(JsonNode? node)
    {
        using var stream = new MemoryStream(512);
        using (var writer = new Utf8JsonWriter(stream, WriterOptions))
        {
            if (node is null) writer.WriteNullValue();
            else node.WriteTo(writer);
        }
        return stream.ToArray();
    }
}
