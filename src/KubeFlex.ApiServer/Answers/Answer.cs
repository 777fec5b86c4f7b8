using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Requests;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Json;
using Microsoft.AspNetCore.Http;

namespace KubeFlex.ApiServer.Answers;

/// <summary>Writes answers. The one place where a failure becomes a <c>Status</c> on the wire.</summary>
internal static class Answer
{
    /// <summary>Bodies beyond this are compressed for clients that accept it (upstream's threshold).</summary>
    public const int CompressFrom = 128 * 1024;

    private static readonly JsonSerializerOptions Indented = new(KubeJson.Relaxed) { WriteIndented = true };

    public static Task ErrorAsync(HttpContext http, ApiError error) => StatusAsync(http, error.Code, error.ToStatus(), error.Details?.RetryAfterSeconds ?? 0);

    public static Task StatusAsync(HttpContext http, int code, JsonObject status, int retryAfter = 0)
    {
        // A stream that has begun cannot change its mind; the client sees it end.
        if (http.Response.HasStarted) { http.Abort(); return Task.CompletedTask; }
        if (retryAfter > 0) http.Response.Headers.RetryAfter = retryAfter.ToString(CultureInfo.InvariantCulture);
        if (code == 401) http.Response.Headers.WWWAuthenticate = "Bearer";
        var accept = MediaType.TryNegotiate(http.Request.Headers.Accept.ToString(), false, out var m) && m.Encoding == Format.Yaml ? m : MediaType.Json;
        return NodeAsync(http, code, status, accept, QueryOptions.IsTrue(http.Request.Query["pretty"]));
    }

    /// <summary>429 in upstream's words (<c>tooManyRequests</c>), which are no Status.</summary>
    public static Task TooManyAsync(HttpContext http)
    {
        http.Response.Headers.RetryAfter = "1";
        return TextAsync(http, 429, "Too many requests, please try again later.\n");
    }

    public static Task TextAsync(HttpContext http, int code, string text)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        http.Response.StatusCode = code;
        http.Response.ContentType = "text/plain; charset=utf-8";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.ContentLength = bytes.Length;
        return HttpMethods.IsHead(http.Request.Method) ? Task.CompletedTask : http.Response.Body.WriteAsync(bytes).AsTask();
    }

    public static Task NodeAsync(HttpContext http, int code, JsonNode node, MediaType accept, bool pretty) =>
        accept.Encoding == Format.Yaml ? BytesAsync(http, code, System.Text.Encoding.UTF8.GetBytes(YamlWriter.Write(node)), "application/yaml")
        : pretty ? BytesAsync(http, code, System.Text.Encoding.UTF8.GetBytes(node.ToJsonString(Indented)), "application/json", newline: true)
        : BytesAsync(http, code, KubeJson.ToUtf8(node), "application/json", newline: true);

    /// <summary>One JSON document that is there already.</summary>
    public static Task JsonAsync(ApiRequest r, int code, byte[] json) =>
        r.Accept.Encoding == Format.Json && !r.Options.Pretty
            ? BytesAsync(r.Http, code, json, "application/json", newline: true)
            : NodeAsync(r.Http, code, JsonNode.Parse(json)!, r.Accept, r.Options.Pretty);

    public static Task BytesAsync(HttpContext http, int code, byte[] body, string contentType, bool newline = false)
    {
        var response = http.Response;
        response.StatusCode = code;
        response.ContentType = contentType;
        if (body.Length > CompressFrom && AcceptsGzip(http.Request)) return CompressedAsync(http, body, newline);
        response.ContentLength = body.Length + (newline ? 1 : 0);
        if (HttpMethods.IsHead(http.Request.Method)) return Task.CompletedTask;
        var writer = response.BodyWriter;
        writer.Write(body);
        if (newline) writer.Write("\n"u8);
        return writer.FlushAsync(http.RequestAborted).AsTask();
    }

    public static bool AcceptsGzip(HttpRequest request)
    {
        foreach (var value in request.Headers.AcceptEncoding)
            if (value is not null && value.Contains("gzip", StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }

    private static async Task CompressedAsync(HttpContext http, byte[] body, bool newline)
    {
        http.Response.Headers.ContentEncoding = "gzip";
        http.Response.Headers.Vary = "Accept-Encoding";
        if (HttpMethods.IsHead(http.Request.Method)) return;
        await using var gzip = new GZipStream(http.Response.Body, CompressionLevel.Fastest, leaveOpen: true);
        await gzip.WriteAsync(body, http.RequestAborted);
        if (newline) await gzip.WriteAsync("\n"u8.ToArray(), http.RequestAborted);
    }
}
