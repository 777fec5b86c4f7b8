using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using KubeFlex.Etcd.Http2;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Etcd.Grpc;

/// <summary>A method.</summary>
/// <param name="Path">As in <c>:path</c>.</param>
/// <param name="Answer">Answers a call. Runs on the thread that reads the connection: what takes long leaves it with <see cref="GrpcCall.LeaveReaderAsync"/>.</param>
internal sealed record GrpcMethod(string Path, Func<GrpcCall, Task> Answer);

/// <summary>
/// gRPC for a fixed set of methods. Whatever a method throws becomes a status in the trailers here and nowhere else; expected failures are
/// <see cref="GrpcException"/>s or translated by <paramref name="translate"/>. <paramref name="stopping"/> ends all calls as unavailable.
/// </summary>
internal sealed partial class GrpcEndpoint(
    IEnumerable<GrpcMethod> methods, int largestRequest, RequestBudget budget, TimeProvider time, Func<Exception, GrpcException?> translate, ILogger logger, CancellationToken stopping)
{
    private const int LongestMessage = 4 << 10;

    private readonly Dictionary<byte[], GrpcMethod>.AlternateLookup<ReadOnlySpan<byte>> known =
        methods.ToDictionary(method => Encoding.ASCII.GetBytes(method.Path), new Utf8Comparer()).GetAlternateLookup<ReadOnlySpan<byte>>();

    public static bool Speaks(ReadOnlySpan<byte> contentType) => contentType.StartsWith("application/grpc"u8);

    /// <summary>The method of a path; one that refuses when there is none.</summary>
    public GrpcMethod Find(ReadOnlySpan<byte> path)
    {
        if (known.TryGetValue(path, out var method)) return method;
        var unknown = Encoding.ASCII.GetString(path);
        return new(unknown, _ => throw new GrpcException(GrpcCode.Unimplemented, $"unknown method {unknown}"));
    }

    /// <summary>Runs a call, and puts its status into the stream. Throws nothing.</summary>
    public async ValueTask AnswerAsync(Http2Stream stream, GrpcMethod method)
    {
        var (code, message) = await RunAsync(stream, method);
        stream.Trailers = code == GrpcCode.Ok ? ResponseHead.Ok : ResponseHead.Trailers((int)code, PercentEncode(message));
    }

    private async ValueTask<(GrpcCode Code, string Message)> RunAsync(Http2Stream stream, GrpcMethod method)
    {
        if (!GrpcTimeout.TryParse(stream.Timeout, out var timeout)) return (GrpcCode.Internal, "malformed grpc-timeout");
        using var call = new GrpcCall(stream, largestRequest, budget, timeout, time, stopping);
        try
        {
            await method.Answer(call);
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
        catch (OperationCanceledException)
        {
            return (GrpcCode.Cancelled, "context canceled");
        }
        catch (Exception e)
        {
            if (translate(e) is { } known) return (known.Code, known.Message);
            Failed(logger, e, method.Path);
            return (GrpcCode.Unknown, "internal error");
        }
    }

    /// <summary>PROTOCOL-HTTP2.md, "Percent-Encoded": everything outside 0x20 to 0x7E, and the percent sign. What is too long for a header is cut.</summary>
    private static string PercentEncode(string message)
    {
        var text = new StringBuilder(message.Length);
        foreach (var b in Encoding.UTF8.GetBytes(message))
        {
            if (text.Length >= LongestMessage) break;
            if (b is >= 0x20 and <= 0x7E and not (byte)'%') text.Append((char)b);
            else text.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        }
        return text.ToString();
    }

    [LoggerMessage(400, LogLevel.Error, "{Method} failed")]
    private static partial void Failed(ILogger logger, Exception error, string method);

    /// <summary>Finds a path by its bytes, without a string of it.</summary>
    private sealed class Utf8Comparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = new HashCode();
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
