using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace KubeFlex.Etcd.Http2;

/// <summary>A request that is no gRPC call. There are few: they get an <see cref="HttpContext"/> of their own, their body is read whole and their answer sent whole.</summary>
internal sealed record PlainRequest(string Method, string Target, string? ContentType)
{
    private const int MostBody = 1 << 20;

    /// <summary>Puts the answer into the stream; returns its status.</summary>
    public async Task<int> AnswerAsync(Http2Stream stream, RequestDelegate handler)
    {
        using var body = new MemoryStream();
        if (!await ReadAsync(stream, body)) return Answer(stream, StatusCodes.Status413PayloadTooLarge, null, []);
        using var answer = new MemoryStream();
        using var gone = new CancellationTokenSource();
        stream.OnAbort(gone);
        try
        {
            return await AnswerAsync(stream, handler, body, answer, gone.Token);
        }
        finally
        {
            stream.OnAbort(null);
        }
    }

    private async Task<int> AnswerAsync(Http2Stream stream, RequestDelegate handler, MemoryStream body, MemoryStream answer, CancellationToken gone)
    {
        var http = new DefaultHttpContext { RequestAborted = gone };
        var query = Target.IndexOf('?', StringComparison.Ordinal);
        var request = http.Request;
        (request.Protocol, request.Scheme, request.Method, request.ContentType) = (HttpProtocol.Http2, stream.Connection.ClientCertificate is null ? "http" : "https", Method, ContentType);
        (request.Path, request.QueryString, request.Body) = (PathString.FromUriComponent(query < 0 ? Target : Target[..query]), new(query < 0 ? null : Target[query..]), body);
        http.Features.Set<ITlsConnectionFeature>(new TlsConnectionFeature { ClientCertificate = stream.Connection.ClientCertificate });
        http.Response.Body = answer;
        await handler(http);
        await http.Response.CompleteAsync();
        return Answer(stream, http.Response.StatusCode, http.Response.ContentType, HttpMethods.IsHead(Method) ? [] : answer.GetBuffer().AsSpan(0, (int)answer.Length));
    }

    /// <summary>An answer that is nothing but a status.</summary>
    public static int Answer(Http2Stream stream, int status) => Answer(stream, status, null, []);

    private static int Answer(Http2Stream stream, int status, string? contentType, ReadOnlySpan<byte> body)
    {
        stream.Head = ResponseHead.Plain(status, contentType, body.Length);
        body.CopyTo(stream.Body.GetSpan(body.Length));
        stream.Body.Advance(body.Length);
        return status;
    }

    /// <summary>False when it is too large; it is read to its end all the same, since some clients look for an answer only then.</summary>
    private static async ValueTask<bool> ReadAsync(Http2Stream stream, MemoryStream body)
    {
        var fits = true;
        while (true)
        {
            bool ended;
            int taken;
            lock (stream.Input)
            {
                ended = stream.Ended;
                var received = stream.Received;
                fits &= body.Length + received.Length <= MostBody;
                if (fits)
                {
                    foreach (var segment in received) body.Write(segment.Span);
                }
                taken = stream.Take(received.Length);
                stream.Look();
            }
            stream.Connection.GiveBack(stream, taken);
            if (ended) break;
            await stream.MoreAsync();
        }
        body.Position = 0;
        return fits;
    }
}
