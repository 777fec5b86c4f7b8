using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace KubeFlex.Etcd.Http2;

/// <summary>
/// One connection of a client (RFC 9113). Its read loop parses frames where the transport put them, and runs calls itself: one whose request is there is answered without a change of threads,
/// or goes on where its wait ends. Answers of one batch of frames leave together. What the frames mean for streams is in <c>Http2Connection.Streams.cs</c>.
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

    /// <summary>Takes what frames there are; true when some are left, because the client has to take answers first.</summary>
    private bool Handle(ref ReadOnlySequence<byte> buffer)
    {
        reader = Environment.CurrentManagedThreadId;
        var left = false;
        while (!(left = Output.IsOverfull) && FrameHeader.TryRead(buffer, out var frame))
        {
            if (frame.Length > LargestFrame) throw new Http2Exception(Http2ErrorCode.FrameSizeError, "the frame is too large");
            if (buffer.Length < FrameHeader.Size + frame.Length) break;
            var payload = buffer.Slice(FrameHeader.Size, frame.Length);
            buffer = buffer.Slice(payload.End);
            more = !buffer.IsEmpty;
            Handle(frame, payload);
        }
        Start();
        reader = 0;
        return left;
    }

    private void Handle(FrameHeader frame, in ReadOnlySequence<byte> payload)
    {
        if (blockStream != 0 && (frame.Type != FrameType.Continuation || frame.Stream != blockStream)) throw Broken("a header block is interrupted");
        if (!settled && (frame.Type != FrameType.Settings || frame.Has(FrameFlags.Ack))) throw Broken("the first frame is not SETTINGS");
        // A call begins with its first message, if that comes at once.
        if (starting is not null && (frame.Type != FrameType.Data || frame.Stream != starting.Id)) Start();
        switch (frame.Type)
        {
            case FrameType.Data:
                OnData(frame, payload);
                break;
            case FrameType.Headers:
                OnHeaders(frame, payload);
                break;
            case FrameType.Continuation:
                OnContinuation(frame, payload);
                break;
            case FrameType.Settings:
                OnSettings(frame, payload);
                break;
            case FrameType.WindowUpdate:
                OnWindowUpdate(frame, payload);
                break;
            case FrameType.Ping:
                Expect(frame, 8, ofStream: false);
                if (frame.Has(FrameFlags.Ack)) break;
                Charge();
                Span<byte> echo = stackalloc byte[8];
                payload.CopyTo(echo);
                Output.Control(FrameType.Ping, FrameFlags.Ack, echo);
                break;
            case FrameType.RstStream:
                Expect(frame, 4, ofStream: true);
                OnReset(frame.Stream);
                break;
            case FrameType.Priority:
                if (frame.Stream == 0) throw Broken("PRIORITY of no stream");
                Charge();
                // Means nothing any more, but has a size (section 6.3).
                if (frame.Length != 5) FailStream(frame.Stream, Http2ErrorCode.FrameSizeError);
                break;
            case FrameType.GoAway:
                if (frame.Stream != 0) throw Broken("GOAWAY of a stream");
                if (frame.Length < 8) throw new Http2Exception(Http2ErrorCode.FrameSizeError, "the frame has a wrong size");
                OnGoAway();
                break;
            case FrameType.PushPromise:
                throw Broken("clients push nothing");
            default:
                // Section 5.5: extensions that we do not know.
                Charge();
                break;
        }
    }

    private void OnHeaders(FrameHeader frame, ReadOnlySequence<byte> payload)
    {
        if (frame.Stream % 2 == 0) throw Broken("HEADERS of a stream that is no client's");
        payload = Unpad(frame, payload);
        if (frame.Has(FrameFlags.Priority))
        {
            if (payload.Length < 5) throw new Http2Exception(Http2ErrorCode.FrameSizeError, "the frame has no room for its priority");
            payload = payload.Slice(5);
        }
        var ends = frame.Has(FrameFlags.EndStream);
        if (frame.Has(FrameFlags.EndHeaders))
        {
            Decode(payload);
            OnHead(frame.Stream, ends);
            return;
        }
        (blockStream, blockFrames, blockEnds) = (frame.Stream, 1, ends);
        foreach (var segment in payload) block.Write(segment.Span);
    }

    private void OnContinuation(FrameHeader frame, in ReadOnlySequence<byte> payload)
    {
        if (blockStream == 0) throw Broken("CONTINUATION of no header block");
        if (++blockFrames > BlockFrames || block.WrittenCount + payload.Length > RequestHead.Most) throw new Http2Exception(Http2ErrorCode.EnhanceYourCalm, "the header block is too large");
        foreach (var segment in payload) block.Write(segment.Span);
        if (!frame.Has(FrameFlags.EndHeaders)) return;
        blockStream = 0;
        Decode(new(block.WrittenMemory));
        block.ResetWrittenCount();
        OnHead(frame.Stream, blockEnds);
    }

    private void Decode(in ReadOnlySequence<byte> bytes)
    {
        head.Reset();
        if (bytes.IsSingleSegment)
        {
            decoder.Decode(bytes.FirstSpan, head);
            return;
        }
        var copy = ArrayPool<byte>.Shared.Rent((int)bytes.Length);
        bytes.CopyTo(copy);
        decoder.Decode(copy.AsSpan(0, (int)bytes.Length), head);
        ArrayPool<byte>.Shared.Return(copy);
    }

    private void OnSettings(FrameHeader frame, in ReadOnlySequence<byte> payload)
    {
        if (frame.Stream != 0) throw Broken("SETTINGS of a stream");
        if (frame.Has(FrameFlags.Ack) ? frame.Length > 0 : frame.Length % 6 != 0) throw new Http2Exception(Http2ErrorCode.FrameSizeError, "the frame has a wrong size");
        if (frame.Has(FrameFlags.Ack)) return;
        // Not the first.
        if (settled) Charge();
        settled = true;
        var from = new SequenceReader<byte>(payload);
        while (from.TryReadBigEndian(out short setting) && from.TryReadBigEndian(out int value)) Apply((Http2Setting)setting, (uint)value);
        Output.Control(FrameType.Settings, FrameFlags.Ack, []);
    }

    private void Apply(Http2Setting setting, uint value)
    {
        switch (setting)
        {
            case Http2Setting.HeaderTableSize:
                Output.SetTable(value);
                break;
            case Http2Setting.EnablePush:
                if (value > 1) throw Broken("ENABLE_PUSH is 0 or 1");
                break;
            case Http2Setting.InitialWindowSize:
                if (value > int.MaxValue || !Output.TryResize(value, streams.Values)) throw new Http2Exception(Http2ErrorCode.FlowControlError, "the window is too large");
                break;
            case Http2Setting.MaxFrameSize:
                if (value is < Http2Output.DefaultFrame or > 0xFFFFFF) throw Broken("MAX_FRAME_SIZE is out of bounds");
                Output.SetFrame(value);
                break;
        }
    }

    private static ReadOnlySequence<byte> Unpad(FrameHeader frame, ReadOnlySequence<byte> payload)
    {
        if (!frame.Has(FrameFlags.Padded)) return payload;
        if (payload.IsEmpty) throw new Http2Exception(Http2ErrorCode.FrameSizeError, "the frame has no room for its padding");
        var padding = payload.FirstSpan[0];
        if (padding >= payload.Length) throw Broken("more padding than frame");
        return payload.Slice(1, payload.Length - 1 - padding);
    }

    private static void Expect(FrameHeader frame, int length, bool ofStream)
    {
        if (ofStream != (frame.Stream != 0)) throw Broken("the frame is of a stream and should not, or of none and should");
        if (frame.Length != length) throw new Http2Exception(Http2ErrorCode.FrameSizeError, "the frame has a wrong size");
    }

    /// <summary>For each frame that helps nobody.</summary>
    private void Charge()
    {
        if (--patience > 0) return;
        var now = (Output.Progress * PatiencePerFrame) + ((long)seconds * PatiencePerSecond);
        patience = (int)Math.Min(Patience, now - earned);
        earned = now;
        if (patience <= 0) throw new Http2Exception(Http2ErrorCode.EnhanceYourCalm, "too many frames that are of no use");
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

    private static Http2Exception Broken(string message) => new(Http2ErrorCode.ProtocolError, message);
}
