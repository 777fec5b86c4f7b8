using System.Buffers;
using System.Net;
using KubeFlex.Machinery.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace KubeFlex.Server.Sharing;

/// <summary>
/// Hands a client's request to the server that has the control plane, and its answer back: both as they flow, so that watches and logs work, and neither longer
/// than client and server live. The client's credentials go along: its bearer token as it is, its certificate in a header.
/// </summary>
internal sealed class Forwarder(Peers peers, CancellationToken stopping)
{
    private const int BufferSize = 64 << 10;

    // RFC 9110, 7.6.1: what concerns one connection only. Host would become the name that the TLS certificate is looked up by.
    private static readonly HashSet<string> OfConnection = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Proxy-Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "HTTP2-Settings", "Expect", "Host", "Content-Length",
    };

    /// <summary>False when the other server did not take the request: nothing of it has happened, its body is untouched, it may be tried elsewhere.</summary>
    public async Task<bool> TryAsync(HttpContext http, string controlPlane, string url)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, peers.LifeOf(url), stopping);
        var body = http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false } ? null : new Body(http.Request);
        using var request = Request(http, controlPlane, url, body);
        HttpResponseMessage response;
        try
        {
            response = await peers.SendAsync(request, stop.Token);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            if (http.RequestAborted.IsCancellationRequested) return true;
            if (body is not { Begun: true } && (body is not null || IsRead(http.Request.Method) || NotConnected(e, stop.Token))) return false;
            await Refusal.WriteAsync(http, IsRead(http.Request.Method) ? Refusal.NotNow("the server that has this control plane does not answer") : Refusal.Unknown());
            return true;
        }
        using (response)
        {
            if (response.Headers.Contains(PeerHeaders.Refused) && body is not { Begun: true }) return false;
            await AnswerAsync(http, response, stop.Token);
            return true;
        }
    }

    private static async Task AnswerAsync(HttpContext http, HttpResponseMessage response, CancellationToken stop)
    {
        http.Response.StatusCode = (int)response.StatusCode;
        foreach (var header in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
        {
            if (PeerHeaders.IsOurs(header.Key)) continue;
            if (OfConnection.Contains(header.Key) && !header.Key.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)) continue;
            http.Response.Headers[header.Key] = new StringValues([.. header.Value]);
        }
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            // Whoever watches learns that the watch has begun before there is anything to see.
            await http.Response.StartAsync(stop);
            await using var stream = await response.Content.ReadAsStreamAsync(stop);
            while (await stream.ReadAsync(buffer, stop) is > 0 and var read) await http.Response.Body.WriteAsync(buffer.AsMemory(0, read), stop);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            // What arrived must look cut off.
            http.Abort();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static HttpRequestMessage Request(HttpContext http, string controlPlane, string url, Body? body)
    {
        var from = http.Request;
        var target = http.Features.Get<IHttpRequestFeature>()?.RawTarget is ['/', ..] raw ? raw : $"{from.PathBase}{from.Path}{from.QueryString}";
        // As the client wrote it: an escaped slash must stay one.
        var request = new HttpRequestMessage(new HttpMethod(from.Method), new Uri(url + target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true })) { Content = body };
        foreach (var (name, values) in from.Headers)
        {
            if (OfConnection.Contains(name) || PeerHeaders.IsOurs(name)) continue;
            if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values)) body?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }
        request.Headers.TryAddWithoutValidation(PeerHeaders.ControlPlane, controlPlane);
        if (http.Connection.ClientCertificate is { } certificate) request.Headers.TryAddWithoutValidation(PeerHeaders.Certificate, Convert.ToBase64String(certificate.RawDataMemory.Span));
        return request;
    }

    private static bool IsRead(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);

    private static bool NotConnected(Exception e, CancellationToken stop) => e is HttpRequestException
        { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError }
        // Nobody ended it, so it was the time for connecting that ran out.
        || e is OperationCanceledException && !stop.IsCancellationRequested;

    /// <summary>The request's body as it comes in.</summary>
    private sealed class Body(HttpRequest from) : HttpContent
    {
        private volatile bool begun;

        public bool Begun => begun;

        protected override bool TryComputeLength(out long length)
        {
            length = from.ContentLength ?? 0;
            return from.ContentLength is not null;
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            begun = true;
            return from.Body.CopyToAsync(stream, BufferSize, cancellationToken);
        }
    }
}
