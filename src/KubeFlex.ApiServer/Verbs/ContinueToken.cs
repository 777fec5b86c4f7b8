using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Registry;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.ApiServer.Verbs;

/// <summary>Where a paged list goes on: <c>{"v":"meta.k8s.io/v1","rv":17,"start":"ns/name\u0000"}</c> in base64url, as upstream makes it.</summary>
/// <param name="Revision">Revision of the first page; -1 to go on at the newest state.</param>
/// <param name="Start">Key, relative to the resource's prefix, at which the next page starts.</param>
internal sealed record ContinueToken(long Revision, string Start)
{
    public override string ToString() => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(
        new JsonObject { ["v"] = "meta.k8s.io/v1", ["rv"] = Revision, ["start"] = Start }.ToJsonString()));

    public static Result<ContinueToken> Parse(string text)
    {
        if (!TryDecode(text, out var bytes)) return Bad("illegal base64 data at input byte 0");
        JsonObject? token;
        try { token = JsonNode.Parse(bytes) as JsonObject; }
        catch (JsonException) { return Bad(Describe(bytes)); }
        if (token is null) return Bad("unexpected end of JSON input");
        if (token.Text("v") != "meta.k8s.io/v1") return ApiError.BadRequest($"invalid continue token: continue key is not valid: server does not recognize this encoded version {Requests.QueryOptions.GoQuote(token.Text("v"))}");
        var start = token.Text("start");
        if (token.Number("rv") is not { } revision || revision == 0) return Bad("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
        if (start.Length == 0) return Bad("encoded start key empty (version meta.k8s.io/v1)");
        if (start.Contains("..", StringComparison.Ordinal) && start.Split('/').Contains("..")) return Bad($"{start}");
        return new ContinueToken(revision, start);
    }

    // Like Go's decoder, and unlike .NET's, it does not mind stray bits behind the last byte.
    private static bool TryDecode(string text, out byte[] bytes)
    {
        bytes = new byte[text.Length * 6 / 8];
        var (buffer, bits, at) = (0, 0, 0);
        foreach (var c in text.AsSpan().TrimEnd('='))
        {
            var value = c switch { >= 'A' and <= 'Z' => c - 'A', >= 'a' and <= 'z' => c - 'a' + 26, >= '0' and <= '9' => c - '0' + 52, '-' => 62, '_' => 63, _ => -1 };
            if (value < 0) return false;
            (buffer, bits) = (buffer << 6 | value, bits + 6);
            if (bits < 8) continue;
            bits -= 8;
            bytes[at++] = (byte)(buffer >> bits);
            buffer &= (1 << bits) - 1;
        }
        bytes = bytes[..at];
        return true;
    }

    private static ApiError Bad(string why) => ApiError.BadRequest($"invalid continue token: continue key is not valid: {why}");

    // Go's decoder names the first character it cannot use; bytes beyond ASCII show as Latin-1.
    private static string Describe(ReadOnlySpan<byte> bytes) => bytes.IsEmpty ? "unexpected end of JSON input"
        : $"invalid character {(bytes[0] is >= 0x20 and < 0x7f ? $"'{(char)bytes[0]}'" : bytes[0] < 0xa1 ? $"'\\u{(int)bytes[0]:x4}'" : $"'{(char)bytes[0]}'")} looking for beginning of value";
}
