using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Etcd.Grpc;

/// <summary>
/// gRPC over HTTP/2 for a fixed set of methods. Whatever a method throws becomes a status in the trailers here and nowhere else; expected failures are
/// <see cref="GrpcException"/>s or translated by <paramref name="translate"/>.
/// </summary>
internal sealed partial class GrpcEndpoint(
    IReadOnlyDictionary<string, Func<GrpcCall, Task>> methods, int largestRequest, RequestBudget budget, TimeProvider time, Func<Exception, GrpcException?> translate, ILogger logger)
{
    private const string ContentType = "application/grpc";

    public static bool Speaks(HttpContext http) => http.Request.ContentType?.StartsWith(ContentType, StringComparison.Ordinal) == true;

    /// <summary>Answers one call. <paramref name="stopping"/> ends it as unavailable.</summary>
    public async Task HandleAsync(HttpContext http, CancellationToken stopping)
    {
        // PROTOCOL-HTTP2.md: anything but POST and a gRPC content type is not ours to answer with trailers.
        if (!HttpMethods.IsPost(http.Request.Method) || !HttpProtocol.IsHttp2(http.Request.Protocol))
        {
            http.Response.StatusCode = HttpMethods.IsPost(http.Request.Method) ? StatusCodes.Status426UpgradeRequired : StatusCodes.Status405MethodNotAllowed;
            return;
        }
        // Streams last as long as their clients want and may be silent; every single message is bounded instead.
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        http.Response.ContentType = ContentType;
        var (code, message) = await RunAsync(http, stopping);
        if (http.RequestAborted.IsCancellationRequested) return;
        http.Response.AppendTrailer("grpc-status", ((int)code).ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (message.Length > 0) http.Response.AppendTrailer("grpc-message", PercentEncode(message));
    }

    private async Task<(GrpcCode Code, string Message)> RunAsync(HttpContext http, CancellationToken stopping)
    {
        if (!methods.TryGetValue(http.Request.Path.Value ?? "", out var method)) return (GrpcCode.Unimplemented, $"unknown method {http.Request.Path.Value}");
        if (!GrpcTimeout.TryParse(http.Request.Headers["grpc-timeout"], out var timeout)) return (GrpcCode.Internal, "malformed grpc-timeout");
        using var call = new GrpcCall(http, largestRequest, budget, timeout, time, stopping);
        try
        {
            await method(call);
            return (GrpcCode.Ok, "");
        }
        catch (GrpcException e)
        {
            return (e.Code, e.Message);
        }
        catch (Exception e) when (call.Ended && e is OperationCanceledException or IOException)
        {
            return call.DeadlinePassed ? (GrpcCode.DeadlineExceeded, "context deadline exceeded")
                : stopping.IsCancellationRequested ? (GrpcCode.Unavailable, "etcdserver: server stopped") : (GrpcCode.Cancelled, "context canceled");
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or BadHttpRequestException)
        {
            // The connection broke, or the body did.
            return (GrpcCode.Cancelled, "context canceled");
        }
        catch (Exception e)
        {
            if (translate(e) is { } known) return (known.Code, known.Message);
            Failed(logger, e, http.Request.Path.Value ?? "");
            return (GrpcCode.Unknown, "internal error");
        }
    }

    /// <summary>PROTOCOL-HTTP2.md, "Percent-Encoded": everything outside 0x20 to 0x7E, and the percent sign.</summary>
    private static string PercentEncode(string message)
    {
        var text = new StringBuilder(message.Length);
        foreach (var b in Encoding.UTF8.GetBytes(message))
        {
            if (b is >= 0x20 and <= 0x7E and not (byte)'%') text.Append((char)b);
            else text.Append('%').Append(b.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        }
        return text.ToString();
    }

    [LoggerMessage(400, LogLevel.Error, "{Method} failed")]
    private static partial void Failed(ILogger logger, Exception error, string method);
}
