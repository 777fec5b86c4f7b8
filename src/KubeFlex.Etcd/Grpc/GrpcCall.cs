using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using KubeFlex.Etcd.Http2;

namespace KubeFlex.Etcd.Grpc;

/// <summary>
/// One call: messages come in and go out. One reader and one writer at a time. What can end it (the client goes, its deadline passes, the server stops) is
/// put together only when something is waited for: most calls find their message there, and their answer in memory or in the next commit.
/// </summary>
internal sealed class GrpcCall(Http2Stream stream, int largestRequest, RequestBudget budget, TimeSpan? timeout, TimeProvider time, CancellationToken stopping) : IDisposable
{
    private readonly long begun = timeout is null ? 0 : time.GetTimestamp();
    private CancellationTokenSource? deadline;
    private CancellationTokenSource? ends;
    private CancellationTokenRegistration reading;

    /// <summary>The client is gone, its deadline has passed, or the server stops.</summary>
    public CancellationToken Cancellation => (ends ?? Watch()).Token;

    /// <summary>Whether <see cref="Cancellation"/> has happened, as far as anybody waited for it.</summary>
    public bool Ended => ends is { IsCancellationRequested: true };

    /// <summary>It ended because of its deadline.</summary>
    public bool DeadlinePassed => deadline is { IsCancellationRequested: true };

    public X509Certificate2? ClientCertificate => stream.Connection.ClientCertificate;

    /// <summary>No other call waits for this thread, even if it reads the connection: it may be held up for a moment.</summary>
    public bool Alone => !stream.Connection.IsReader || stream.Connection.IsAlone;

    /// <summary>Body for those who frame their messages themselves.</summary>
    public PooledBuffer Body => stream.Body;

    /// <summary>Before what takes long: others on the connection do not wait for it.</summary>
    public ValueTask LeaveReaderAsync() => Alone ? default : HopAsync();

    /// <summary>The next message, or null when the client has sent its last.</summary>
    public ValueTask<T?> ReadAsync<T>(MessageParser<T> parser) where T : class, IMessage<T> => TryRead(parser, out var message, out _) ? new(message) : WaitAsync(parser);

    /// <summary>Makes a read under way, and each that follows, end as cancelled.</summary>
    public void CancelRead() => stream.CancelRead();

    /// <summary>The one message of a call that has one.</summary>
    public ValueTask<T> ReadOneAsync<T>(MessageParser<T> parser) where T : class, IMessage<T> => TryRead(parser, out var message, out _) ? new(message) : WaitOneAsync(parser);

    /// <summary>Sends a message; waits while the client does not take what was sent before.</summary>
    public ValueTask WriteAsync(IMessage message)
    {
        GrpcFrames.Write(Body, message);
        return FlushAsync();
    }

    /// <summary>The last message: it leaves together with the status, in one piece.</summary>
    public void WriteLast(IMessage message) => GrpcFrames.Write(Body, message);

    public ValueTask FlushAsync()
    {
        var sent = stream.Connection.SendAsync(stream);
        if (!sent.IsCompletedSuccessfully) return FlushAsync(sent);
        Body.Clear();
        return default;
    }

    public void Dispose()
    {
        reading.Dispose();
        if (ends is not null) stream.OnAbort(null);
        ends?.Dispose();
        deadline?.Dispose();
    }

    private async ValueTask FlushAsync(ValueTask sent)
    {
        await using (Cancellation.UnsafeRegister(static me => ((Http2Stream)me!).Connection.Output.CancelWrite((Http2Stream)me), stream)) await sent;
        Body.Clear();
        if (stream.IsReset || Ended) throw new OperationCanceledException("the client is gone, or does not wait any more");
    }

    private static async ValueTask HopAsync() => await Task.Yield();

    private async ValueTask<T> WaitOneAsync<T>(MessageParser<T> parser) where T : class, IMessage<T> =>
        await WaitAsync(parser) ?? throw new GrpcException(GrpcCode.Internal, "grpc: the request has no message");

    private async ValueTask<T?> WaitAsync<T>(MessageParser<T> parser) where T : class, IMessage<T>
    {
        long held = 0;
        try
        {
            while (true)
            {
                // Looked at first: what came before the end is there then.
                var ended = stream.Ended;
                if (TryRead(parser, out var message, out var length)) return message;
                if (ended)
                {
                    if (stream.Received.Length > 0) throw new GrpcException(GrpcCode.Internal, "grpc: the body ends inside a message");
                    return null;
                }
                if (held == 0) held = budget.Take(length);
                if (reading == default) reading = Cancellation.UnsafeRegister(static me => ((Http2Stream)me!).CancelRead(), stream);
                await stream.MoreAsync();
            }
        }
        finally
        {
            budget.Return(held);
        }
    }

    /// <summary>Takes the next message if it is wholly there; of one that is not, <paramref name="length"/> tells how long it will be, as soon as that is known.</summary>
    private bool TryRead<T>(MessageParser<T> parser, [NotNullWhen(true)] out T? message, out uint length) where T : class, IMessage<T>
    {
        int taken;
        // What comes meanwhile waits: parsing in place is cheaper than a copy.
        lock (stream.Input)
        {
            var buffer = stream.Received;
            if (!GrpcFrames.TryTake(buffer, largestRequest, out var bytes, out length))
            {
                stream.Look();
                message = null;
                return false;
            }
            message = GrpcFrames.Parse(parser, bytes);
            taken = stream.Take(GrpcFrames.HeaderLength + length);
        }
        stream.Connection.GiveBack(stream, taken);
        return true;
    }

    private CancellationTokenSource Watch()
    {
        if (timeout is { } whole)
        {
            var left = whole - time.GetElapsedTime(begun);
            deadline = new(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
        }
        ends = CancellationTokenSource.CreateLinkedTokenSource(stopping, deadline?.Token ?? default);
        stream.OnAbort(ends);
        return ends;
    }
}
