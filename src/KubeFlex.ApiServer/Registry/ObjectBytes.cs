using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;

namespace KubeFlex.ApiServer.Registry;

/// <summary>
/// Objects as the store keeps them: the JSON that the API serves, resource version included, so that reads copy bytes. The layout is fixed:
/// <code>{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","namespace":"n","uid":"…","resourceVersion":"17",…},…}</code>
/// Only name, generateName, namespace and uid stand before the resource version, none of which can hold the text that marks it, so the first
/// occurrence of <c>"resourceVersion":"</c> is the right one.
/// </summary>
internal static class ObjectBytes
{
    private static ReadOnlySpan<byte> Mark => "\"resourceVersion\":\""u8;

    private static readonly string[] First = ["name", "generateName", "namespace", "uid"];
    private static readonly JsonWriterOptions Options = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>The value to store and where the store inserts the revision.</summary>
    public static (byte[] Value, int RevisionAt) Encode(JsonObject obj)
    {
        var (buffer, at) = Write(obj, "");
        return (buffer.WrittenSpan.ToArray(), at);
    }

    /// <summary>The whole object with the resource version it carries, or none when it has none (dry run).</summary>
    public static byte[] EncodeAsIs(JsonObject obj) => KubeJson.ToUtf8(obj);

    /// <summary>A copy with another resource version.</summary>
    public static byte[] WithVersion(ReadOnlySpan<byte> value, long version)
    {
        var (start, end) = VersionRange(value);
        Span<byte> digits = stackalloc byte[20];
        version.TryFormat(digits, out var count, default, CultureInfo.InvariantCulture);
        var result = new byte[start + count + value.Length - end];
        value[..start].CopyTo(result);
        digits[..count].CopyTo(result.AsSpan(start));
        value[end..].CopyTo(result.AsSpan(start + count));
        return result;
    }

    public static JsonObject Parse(ReadOnlySpan<byte> value)
    {
        var reader = new Utf8JsonReader(value);
        return (JsonObject)JsonNode.Parse(ref reader)!;
    }

    /// <summary>Start and end of the digits of the resource version.</summary>
    private static (int Start, int End) VersionRange(ReadOnlySpan<byte> value)
    {
        var at = value.IndexOf(Mark);
        if (at < 0) return (0, 0);
        var start = at + Mark.Length;
        return (start, start + value[start..].IndexOf((byte)'"'));
    }

    private static (ArrayBufferWriter<byte>, int) Write(JsonObject obj, string version)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var writer = new Utf8JsonWriter(buffer, Options);
        var at = 0;
        writer.WriteStartObject();
        Copy(writer, obj, "kind");
        Copy(writer, obj, "apiVersion");
        writer.WriteStartObject("metadata");
        var metadata = obj["metadata"] as JsonObject ?? [];
        foreach (var name in First) Copy(writer, metadata, name);
        writer.WriteString("resourceVersion", version);
        at = (int)(writer.BytesCommitted + writer.BytesPending) - 1;
        foreach (var (name, value) in metadata)
            if (name != "resourceVersion" && !First.Contains(name)) Member(writer, name, value);
        writer.WriteEndObject();
        foreach (var (name, value) in obj)
            if (name is not ("kind" or "apiVersion" or "metadata")) Member(writer, name, value);
        writer.WriteEndObject();
        writer.Flush();
        return (buffer, at);
    }

    private static void Copy(Utf8JsonWriter writer, JsonObject obj, string name)
    {
        if (obj.TryGetPropertyValue(name, out var value) && value is not null) Member(writer, name, value);
    }

    private static void Member(Utf8JsonWriter writer, string name, JsonNode? value)
    {
        writer.WritePropertyName(name);
        if (value is null) writer.WriteNullValue();
        else value.WriteTo(writer);
    }

    /// <summary>The head every stored object of a kind starts with, up to its metadata.</summary>
    public static byte[] Head(string kind, string apiVersion) => Encoding.UTF8.GetBytes($"{{\"kind\":\"{kind}\",\"apiVersion\":\"{apiVersion}\",");
}
