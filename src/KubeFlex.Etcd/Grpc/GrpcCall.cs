using System.IO.Pipelines;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;

namespace KubeFlex.Etcd.Grpc;

/// <summary>
/// One call: messages come in and go out. One reader and one writer at a time. What can end it (the client goes, its deadline passes, the server stops) is
/// put together only when something is waited for: most calls find their message there, and their answer in memory or in the next commit.
/// </summary>
internal sealed class GrpcCall(HttpContext http, int largestRequest, RequestBudget budget, TimeSpan? timeout, TimeProvider time, CancellationToken stopping) : IDisposable
{
    private readonly PipeReader requests = http.Request.BodyReader;
    private readonly PipeWriter responses = http.Response.BodyWriter;
    private readonly long begun = timeout is null ? 0 : time.GetTimestamp();
    private CancellationTokenSource? deadline;
    private CancellationTokenSource? ends;

    /// <summary>The client is gone, its deadline has passed, or the server stops.</summary>
    public CancellationToken Cancellation => (ends ?? Watch()).Token;

    /// <summary>Whether <see cref="Cancellation"/> has happened, as far as anybody waited for it.</summary>
    public bool Ended => ends is { IsCancellationRequested: true };

    /// <summary>It ended because of its deadline.</summary>
    public bool DeadlinePassed => deadline is { IsCancellationRequested: true };

    public HttpContext Http => http;

    public X509Certificate2? ClientCertificate => http.Connection.ClientCertificate;

    /// <summary>The next message, or null when the client has sent its last.</summary>
    public ValueTask<T?> ReadAsync<T>(MessageParser<T> parser) where T : class, IMessage<T> =>
        GrpcFrames.TryRead(requests, parser, largestRequest, out var message) ? new(message) : GrpcFrames.ReadAsync(requests, parser, largestRequest, budget, Cancellation);

    /// <summary>Makes a read under way, or the next one, end as cancelled.</summary>
    public void CancelRead() => requests.CancelPendingRead();

    /// <summary>The one message of a call that has one.</summary>
    public async ValueTask<T> ReadOneAsync<T>(MessageParser<T> parser) where T : class, IMessage<T> =>
        await ReadAsync(parser) ?? throw new GrpcException(GrpcCode.Internal, "grpc: the request has no message");

    /// <summary>Sends a message; waits while the client does not take what was sent before.</summary>
    public async ValueTask WriteAsync(IMessage message)
    {
        GrpcFrames.Write(responses, message);
        await FlushAsync();
    }

    /// <summary>The last message: it leaves together with the status, in one piece.</summary>
    public void WriteLast(IMessage message) => GrpcFrames.Write(responses, message);

    /// <summary>Body for those who frame their messages themselves.</summary>
    public PipeWriter Body => responses;

    public async ValueTask FlushAsync()
    {
        var flushed = await responses.FlushAsync(Cancellation);
        if (flushed.IsCompleted) throw new OperationCanceledException("the client is gone");
    }

    public void Dispose()
    {
        ends?.Dispose();
        deadline?.Dispose();
    }

    private CancellationTokenSource Watch()
    {
        if (timeout is { } whole)
        {
            var left = whole - time.GetElapsedTime(begun);
            deadline = new(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
        }
        return ends = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping, deadline?.Token ?? default);
    }
}
