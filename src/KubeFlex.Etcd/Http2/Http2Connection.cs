using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace KubeFlex.Etcd.Http2;

/// <summary>
/// One connection of a client (RFC 9113). Its read loop parses frames where the transport put them, and runs calls itself: one whose request is there is answered without a change of threads,
/// or goes on where its wait ends. Answers of one batch of frames leave together. What the frames are is in <c>Http2Connection.Frames.cs</c>, what they mean for streams
/// in <c>Http2Connection.Streams.cs</c>.
/// </summary>
internal sealed partial class Http2Connection
{
    /// <summary>What we promise: the default of <see cref="Http2Setting.MaxFrameSize"/>.</summary>
    private const int LargestFrame = Http2Output.DefaultFrame;

    private const int ConnectionWindow = 4 << 20, StreamWindow = 1 << 20;

    /// <summary>Frames of one header block: who sends empty ones without end gets no further.</summary>
    private const int BlockFrames = 64;

    /// <summary>Frames that help nobody: so many at once, so many a second, and so many for each frame of an answer (clients measure their line with a ping for each they get).</summary>
    private const int Patience = 2_000, PatiencePerSecond = 100, PatiencePerFrame = 4;

    // Seconds.
    private const int PrefaceTime = 10, BlockTime = 10, Silence = 30, PingTime = 20, LingerTime = 2;

    private const int Lingering = 1 << 20;

    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    private static ReadOnlySpan<byte> Http1Answer =>
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 77\r\nConnection: close\r\n\r\nThis port speaks HTTP/2 only (gRPC): with curl, use --http2-prior-knowledge.\n"u8;

    private readonly Http2Server server;
    private readonly ConnectionContext context;
    private readonly PipeReader input;
    private readonly HpackDecoder decoder = new();
    private readonly RequestHead head = new();
    private readonly ArrayBufferWriter<byte> block = new();
    private volatile int reader;
    private volatile bool more, heard;
    private bool settled;
    private int blockStream, blockFrames;
    private bool blockEnds;
    private int patience = Patience;
    private long earned;

    // Of the clock.
    private volatile int seconds;
    private volatile Phase phase = Phase.Preface;
    private int silent, blockSeconds;
    private volatile int lingered;

    public Http2Connection(Http2Server server, ConnectionContext context)
    {
        (this.server, this.context, input) = (server, context, context.Transport.Input);
        Output = new(context.Transport.Output);
        ClientCertificate = context.Features.Get<ITlsConnectionFeature>()?.ClientCertificate;
    }

    private enum Phase
    {
        Preface,
        Open,
        Lingering,
        Over,
    }

    public Http2Output Output { get; }

    public X509Certificate2? ClientCertificate { get; }

    /// <summary>This is the thread that reads, and it is at it.</summary>
    public bool IsReader => reader == Environment.CurrentManagedThreadId;

    /// <summary>Reads until the connection ends, one way or the other; complete when all its calls are.</summary>
    public async Task RunAsync()
    {
        var lingers = false;
        try
        {
            using var closing = context.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested.UnsafeRegister(static me => ((Http2Connection)me!).Shutdown(), this);
            if (await BeginAsync()) await ReadAsync();
            else lingers = true;
        }
        catch (Http2Exception e)
        {
            Output.GoAway(LastStream, e.Code, Encoding.ASCII.GetBytes(e.Message));
            lingers = true;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client is gone.
        }
        catch (Exception e)
        {
            server.Failed(e);
            Output.GoAway(LastStream, Http2ErrorCode.InternalError, []);
        }
        reader = 0;
        AbortStreams();
        var sent = Output.CloseAsync();
        phase = Phase.Lingering;
        if (lingers) await LingerAsync();
        if (!sent.IsCompleted) context.Abort();
        await sent;
        phase = Phase.Over;
        await StreamsEndedAsync();
    }

    /// <summary>Once a second.</summary>
    public void Tick()
    {
        seconds++;
        switch (phase)
        {
            case Phase.Preface when seconds >= PrefaceTime:
                context.Abort(new ConnectionAbortedException("no HTTP/2 preface has come"));
                break;
            case Phase.Open:
                TickOpen();
                break;
            case Phase.Lingering when ++lingered >= LingerTime:
                input.CancelPendingRead();
                context.Abort();
                break;
        }
    }

    /// <summary>No new calls; ends when those under way have.</summary>
    public void Shutdown()
    {
        bool idle;
        lock (Output.Gate)
        {
            if (closing) return;
            closing = true;
            idle = streams.Count == 0;
        }
        if (phase == Phase.Open)
        {
            Output.GoAway(LastStream, Http2ErrorCode.NoError, []);
            Output.Flush();
        }
        if (idle) input.CancelPendingRead();
    }

    private void TickOpen()
    {
        blockSeconds = blockStream != 0 ? blockSeconds + 1 : 0;
        if (blockSeconds >= BlockTime) context.Abort(new ConnectionAbortedException("a header block does not end"));
        if (heard || Output.Moved)
        {
            (heard, Output.Moved, silent) = (false, false, 0);
            return;
        }
        if (++silent == Silence)
        {
            Output.Control(FrameType.Ping, 0, "kubeflex"u8);
            Output.Flush();
            // Sent is not answered.
            Output.Moved = false;
        }
        else if (silent >= Silence + PingTime) context.Abort(new ConnectionAbortedException("the client does not answer"));
    }

    /// <summary>The preface; false when it was none, and the answer to that is given.</summary>
    private async ValueTask<bool> BeginAsync()
    {
        while (true)
        {
            var read = await input.ReadAsync();
            var buffer = read.Buffer;
            if (!Matches(buffer))
            {
                // Methods of HTTP/1.1 begin with a capital letter, and what TLS says does not.
                if (buffer.FirstSpan[0] is >= (byte)'A' and <= (byte)'Z') Output.Raw(Http1Answer);
                else Output.GoAway(0, Http2ErrorCode.ProtocolError, "no HTTP/2 preface"u8);
                input.AdvanceTo(buffer.End);
                return false;
            }
            if (buffer.Length >= Preface.Length)
            {
                input.AdvanceTo(buffer.GetPosition(Preface.Length));
                break;
            }
            input.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted || read.IsCanceled) throw new OperationCanceledException("the connection ends before it has begun");
        }
        Output.Begin([(Http2Setting.MaxConcurrentStreams, MostStreams), (Http2Setting.InitialWindowSize, StreamWindow), (Http2Setting.MaxHeaderListSize, RequestHead.Most)], ConnectionWindow);
        phase = Phase.Open;
        return true;
    }

    private static bool Matches(in ReadOnlySequence<byte> buffer)
    {
        Span<byte> begun = stackalloc byte[(int)Math.Min(buffer.Length, Preface.Length)];
        buffer.Slice(0, begun.Length).CopyTo(begun);
        return begun.SequenceEqual(Preface[..begun.Length]);
    }

    private async Task ReadAsync()
    {
        while (true)
        {
            var read = await input.ReadAsync();
            heard = true;
            var buffer = read.Buffer;
            var left = false;
            try
            {
                left = Handle(ref buffer);
            }
            finally
            {
                input.AdvanceTo(buffer.Start, left ? buffer.Start : buffer.End);
            }
            Output.Flush();
            if (read.IsCompleted || IsOver) return;
            // Who does not read is not listened to.
            await Output.DrainAsync();
        }
    }

    /// <summary>The client may not have seen the reason yet, and what it still sends would make the socket forget that.</summary>
    private async Task LingerAsync()
    {
        try
        {
            for (long taken = 0; taken < Lingering;)
            {
                var read = await input.ReadAsync();
                taken += read.Buffer.Length;
                input.AdvanceTo(read.Buffer.End);
                // The end of a call also cancels a read.
                if (read.IsCompleted || lingered >= LingerTime) break;
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // It is gone.
        }
    }
}
