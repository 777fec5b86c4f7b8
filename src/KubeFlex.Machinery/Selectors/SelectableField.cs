using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeFlex.Machinery.Selectors;

/// <summary>
/// The value of a selectable field as the reference's <c>SelectableFields</c> functions give it. Most stand where their name says; a few
/// names are older than the fields they stand for.
/// </summary>
internal static class SelectableField
{
    internal static string Read(ReadOnlySpan<byte> json, string field)
    {
        var value = Scan(json, PathOf(field)) ?? (field == "source" ? Scan(json, "reportingComponent") : null);
        return string.IsNullOrEmpty(value) ? Absent(field) : value;
    }

    internal static string Read(JsonObject obj, string field)
    {
        var value = Walk(obj, PathOf(field)) ?? (field == "source" ? Walk(obj, "reportingComponent") : null);
        return string.IsNullOrEmpty(value) ? Absent(field) : value;
    }

    private static string PathOf(string field) => field switch
    {
        "source" => "source.component",
        "status.successful" => "status.succeeded",
        "status.podIPs" => "status.podIP",
        _ => field,
    };

    // Go's zero values, written as text.
    private static string Absent(string field) => field switch
    {
        "spec.unschedulable" or "spec.hostNetwork" => "false",
        "status.replicas" or "status.successful" => "0",
        _ => "",
    };

    private static string? Scan(ReadOnlySpan<byte> json, string path)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = int.MaxValue });
        Span<byte> buffer = stackalloc byte[256];
        foreach (var range in path.AsSpan().Split('.'))
        {
            var segment = path.AsSpan()[range];
            var utf8 = Encoding.UTF8.GetMaxByteCount(segment.Length) <= buffer.Length
                ? buffer[..Encoding.UTF8.GetBytes(segment, buffer)]
                : Encoding.UTF8.GetBytes(segment.ToString());
            if (!JsonScan.Find(ref reader, utf8)) return null;
        }
        return reader.TokenType switch
        {
            JsonTokenType.String => reader.GetString(),
            JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False => Encoding.UTF8.GetString(reader.ValueSpan),
            _ => null,
        };
    }

    private static string? Walk(JsonObject obj, string path)
    {
        JsonNode? node = obj;
        foreach (var segment in path.Split('.')) node = (node as JsonObject)?[segment];
        return node is not JsonValue value ? null : value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString();
    }
}
