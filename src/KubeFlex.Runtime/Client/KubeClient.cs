using System.Buffers;
using System.IO.Pipelines;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;

namespace KubeFlex.Runtime.Client;

/// <summary>Patch formats.</summary>
public enum PatchKind
{
    /// <summary>RFC 6902.</summary>
    Json,
    /// <summary>RFC 7386.</summary>
    Merge,
    /// <summary>Kubernetes' strategic merge patch.</summary>
    Strategic,
}

/// <summary>One event of a watch.</summary>
/// <param name="Type">ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.</param>
/// <param name="Object">The object, or a Status after ERROR.</param>
public sealed record WatchEvent(string Type, JsonObject Object);

/// <summary>
/// A Kubernetes API over an <see cref="HttpClient"/> whose base address is the server (with a trailing slash and any path prefix) and whose
/// handler authenticates; the handler may as well run the API inside this process. Failures are <see cref="KubeApiException"/>, lost
/// connections <see cref="HttpRequestException"/>. Safe for concurrent use.
/// </summary>
public sealed class KubeClient(HttpClient http, string fieldManager = "kubeflex") : IDisposable
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    /// <summary>The object; throws when it is not there.</summary>
    public async Task<JsonObject> GetAsync(ResourceRef resource, CancellationToken cancellation) =>
        await SendAsync(HttpMethod.Get, resource.Path, null, null, cancellation);

    /// <summary>The object, or null when it is not there.</summary>
    public async Task<JsonObject?> FindAsync(ResourceRef resource, CancellationToken cancellation)
    {
        var (code, body) = await ExchangeAsync(HttpMethod.Get, resource.Path, null, null, cancellation);
        if (code is >= 200 and < 300) return Document(code, body);
        // Absence is an answer: thrown, it would cost more than the request when a thousand control planes are made.
        var failure = Failure(code, body);
        return failure.IsNotFound ? null : throw failure;
    }

    /// <summary>The whole list document. <paramref name="query"/> is the raw query string (labelSelector, limit …), or null.</summary>
    public Task<JsonObject> ListAsync(ResourceRef collection, string? query, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Get, WithQuery(collection.Path, query), null, null, cancellation);

    /// <summary>
    /// Lists a collection as the table that the server prints of it (<c>meta.k8s.io/v1</c> Table), without the objects: a fraction of their bytes. A server that
    /// prints no tables answers with the list.
    /// </summary>
    public Task<JsonObject> ListTableAsync(ResourceRef collection, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Get, WithQuery(collection.Path, "includeObject=None"), null, null, cancellation, "application/json;as=Table;v=v1;g=meta.k8s.io, application/json");

    /// <summary>
    /// Creates; the collection comes from <paramref name="resource"/> (its name is not used). <paramref name="strict"/> makes the server refuse
    /// fields that it would otherwise drop in silence.
    /// </summary>
    public Task<JsonObject> CreateAsync(ResourceRef resource, JsonObject obj, CancellationToken cancellation, bool strict = false) =>
        SendAsync(HttpMethod.Post, WithQuery((resource.Subresource is null ? resource with { Name = null } : resource).Path,
            $"fieldManager={fieldManager}{(strict ? "&fieldValidation=Strict" : "")}"), KubeJson.ToUtf8(obj), Json, cancellation);

    /// <summary>Replaces.</summary>
    public Task<JsonObject> UpdateAsync(ResourceRef resource, JsonObject obj, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Put, WithQuery(resource.Path, $"fieldManager={fieldManager}"), KubeJson.ToUtf8(obj), Json, cancellation);

    /// <summary>Patches.</summary>
    public Task<JsonObject> PatchAsync(ResourceRef resource, PatchKind kind, JsonNode patch, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Patch, WithQuery(resource.Path, $"fieldManager={fieldManager}"), KubeJson.ToUtf8(patch), new MediaTypeHeaderValue(kind switch
        {
            PatchKind.Json => "application/json-patch+json",
            PatchKind.Merge => "application/merge-patch+json",
            _ => "application/strategic-merge-patch+json",
        }), cancellation);

    /// <summary>Server-side apply.</summary>
    public Task<JsonObject> ApplyAsync(ResourceRef resource, JsonObject desired, bool force, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Patch, WithQuery(resource.Path, $"fieldManager={fieldManager}&force={(force ? "true" : "false")}"), KubeJson.ToUtf8(desired),
            new MediaTypeHeaderValue("application/apply-patch+yaml"), cancellation);

    /// <summary>Server-side apply of a YAML document as it stands.</summary>
    public Task<JsonObject> ApplyYamlAsync(ResourceRef resource, ReadOnlyMemory<byte> yaml, bool force, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Patch, WithQuery(resource.Path, $"fieldManager={fieldManager}&force={(force ? "true" : "false")}"), yaml.ToArray(),
            new MediaTypeHeaderValue("application/apply-patch+yaml"), cancellation);

    /// <summary>Deletes; <paramref name="propagation"/> is Background, Foreground, Orphan or null. False when it was not there.</summary>
    public async Task<bool> DeleteAsync(ResourceRef resource, string? propagation, CancellationToken cancellation, string? uid = null)
    {
        var options = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "DeleteOptions" };
        if (propagation is not null) options["propagationPolicy"] = propagation;
        if (uid is not null) options["preconditions"] = new JsonObject { ["uid"] = uid };
        try
        {
            await SendAsync(HttpMethod.Delete, resource.Path, KubeJson.ToUtf8(options), Json, cancellation);
            return true;
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            return false;
        }
    }

    /// <summary>GET of any path that answers with a JSON object, such as a discovery document.</summary>
    public Task<JsonObject> GetDocumentAsync(string path, CancellationToken cancellation) => SendAsync(HttpMethod.Get, path, null, null, cancellation);

    /// <summary>GET of any path; the body as text.</summary>
    public async Task<string> GetRawAsync(string path, CancellationToken cancellation)
    {
        using var response = await http.GetAsync(new Uri(path, UriKind.Relative), cancellation);
        var body = await response.Content.ReadAsByteArrayAsync(cancellation);
        return response.IsSuccessStatusCode ? System.Text.Encoding.UTF8.GetString(body) : throw Failure((int)response.StatusCode, body);
    }

    /// <summary>GET of any path whose body is text that may go on for ever: its lines as they come.</summary>
    public async IAsyncEnumerable<string> ReadLinesAsync(string path, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var response = await SendRawAsync(HttpMethod.Get, path, null, cancellation);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
        using var reader = new StreamReader(stream);
        while (await reader.ReadLineAsync(cancellation) is { } line) yield return line;
    }

    /// <summary>Takes the limit on how long an answer may take away, for transfers that last; only before the first request.</summary>
    public void AllowLongAnswers() => http.Timeout = Timeout.InfiniteTimeSpan;

    /// <summary>Any request; the answer, to be disposed, as soon as its headers are there. A refusal is a <see cref="KubeApiException"/>.</summary>
    public async Task<HttpResponseMessage> SendRawAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = content };
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (response.IsSuccessStatusCode) return response;
        using (response) throw Failure((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellation));
    }

    /// <summary>Watches until the server ends the stream, the connection is lost or the token is cancelled. An ERROR event becomes a <see cref="KubeApiException"/>.</summary>
    /// <param name="collection">What to watch.</param>
    /// <param name="query">Raw query string, or null.</param>
    /// <param name="skip">Says of an event's head that the rest need not be read: the event is left out. Null for none.</param>
    /// <param name="cancellation">Ends it.</param>
    public async IAsyncEnumerable<WatchEvent> WatchAsync(ResourceRef collection, string? query, [EnumeratorCancellation] CancellationToken cancellation, Func<WatchHead, bool>? skip = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, WithQuery(collection.Path, query is null ? "watch=true" : $"watch=true&{query}"));
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (!response.IsSuccessStatusCode) throw Failure((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellation));
        await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
        var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 16 * 1024));
        try
        {
            while (true)
            {
                var read = await reader.ReadAsync(cancellation);
                var rest = read.Buffer;
                while (NextLine(ref rest, read.IsCompleted) is { } line)
                {
                    if (EventOf(line, skip) is { } e) yield return e;
                }
                reader.AdvanceTo(rest.Start, rest.End);
                if (read.IsCompleted) break;
            }
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    /// <summary>Takes a line off the front; the last one may lack its end.</summary>
    private static ReadOnlySequence<byte>? NextLine(ref ReadOnlySequence<byte> rest, bool completed)
    {
        if (rest.PositionOf((byte)'\n') is not { } end)
        {
            if (!completed || rest.IsEmpty) return null;
            var last = rest;
            rest = rest.Slice(rest.End);
            return last;
        }
        var line = rest.Slice(0, end);
        rest = rest.Slice(rest.GetPosition(1, end));
        return line;
    }

    private static WatchEvent? EventOf(ReadOnlySequence<byte> line, Func<WatchHead, bool>? skip)
    {
        var json = line.IsSingleSegment ? line.FirstSpan : line.ToArray();
        if (json.Trim(" \r\t"u8).IsEmpty || skip is not null && WatchHead.Read(json) is { } head && skip(head)) return null;
        var frame = JsonNode.Parse(json)!.AsObject();
        var (type, obj) = ((string?)frame["type"] ?? "", frame["object"] as JsonObject ?? []);
        if (type == "ERROR") throw new KubeApiException((int?)obj["code"] ?? 500, obj, (string?)obj["message"] ?? "watch failed");
        return new WatchEvent(type, obj);
    }

    private async Task<JsonObject> SendAsync(HttpMethod method, string path, byte[]? body, MediaTypeHeaderValue? type, CancellationToken cancellation, string accept = "application/json")
    {
        var (code, answer) = await ExchangeAsync(method, path, body, type, cancellation, accept);
        return code is >= 200 and < 300 ? Document(code, answer) : throw Failure(code, answer);
    }

    private async Task<(int Code, byte[] Body)> ExchangeAsync(HttpMethod method, string path, byte[]? body, MediaTypeHeaderValue? type, CancellationToken cancellation,
        string accept = "application/json")
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Headers.Accept.ParseAdd(accept);
        if (body is not null) request.Content = new ByteArrayContent(body) { Headers = { ContentType = type } };
        using var response = await http.SendAsync(request, cancellation);
        return ((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellation));
    }

    private static JsonObject Document(int code, byte[] body) =>
        JsonNode.Parse(body) as JsonObject ?? throw new KubeApiException(code, null, "the server's answer is not a JSON object");

    private static KubeApiException Failure(int code, byte[] body)
    {
        try
        {
            if (JsonNode.Parse(body) is JsonObject { } status && (string?)status["kind"] == "Status")
                return new KubeApiException(code, status, (string?)status["message"] ?? $"the server answered {code}");
        }
        catch (JsonException)
        {
            // Not a Status: a proxy's page, say. The code is all there is to tell.
        }
        return new KubeApiException(code, null, $"the server answered {code}");
    }

    private static string WithQuery(string path, string? query) => string.IsNullOrEmpty(query) ? path : $"{path}?{query}";
}
