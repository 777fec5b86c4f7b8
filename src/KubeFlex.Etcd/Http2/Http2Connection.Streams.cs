using System.Buffers;
using System.Buffers.Binary;

namespace KubeFlex.Etcd.Http2;

/// <summary>Streams of a connection, from the first frame of a request to the end of its call.</summary>
internal sealed partial class Http2Connection
{
    /// <summary>Streams whose calls have not ended, those that were reset included. <see cref="Http2ErrorCode.RefusedStream"/> past it.</summary>
    public const int MostStreams = 4096;

    /// <summary>Bytes consumed before the peer gets them back.</summary>
    private const int ConnectionStep = ConnectionWindow / 2, StreamStep = StreamWindow / 2;

    /// <summary>Stream objects kept for the next call.</summary>
    private const int Pooled = 64;

    // Under the gate.
    private readonly Dictionary<int, Http2Stream> streams = [];
    private readonly Stack<Http2Stream> pool = [];
    private int receiveWindow = ConnectionWindow, credit, answering;
    private bool closing, leaving;
    private TaskCompletionSource? ended;

    // Streams that we ended before the peer had; what it sent meanwhile is not its mistake.
    private readonly int[] cutOff = new int[64];
    private int cut;

    // Its headers have come, and its call waits for what comes behind them.
    private Http2Stream? starting;

    private int LastStream { get; set; }

    private bool IsOver
    {
        get
        {
            lock (Output.Gate) return (closing || leaving) && streams.Count == 0;
        }
    }

    /// <summary>Nobody else is waiting on this connection, and nothing else has come: a call may hold up its reader for a moment.</summary>
    public bool IsAlone => streams.Count == 1 && !more;

    /// <summary>Begins the stream's call. It may have ended when this returns.</summary>
    public void Run(Http2Stream stream) => _ = server.RunAsync(stream);

    /// <summary>So many bytes of the stream were consumed: the peer may send as many more.</summary>
    public void GiveBack(Http2Stream? stream, int bytes)
    {
        if (bytes == 0) return;
        var told = false;
        lock (Output.Gate)
        {
            if ((credit += bytes) >= ConnectionStep)
            {
                Output.GiveBack(0, credit);
                (receiveWindow, credit, told) = (receiveWindow + credit, 0, true);
            }
            if (stream is { RemoteEnded: false, IsReset: false } && (stream.Credit += bytes) >= StreamStep)
            {
                Output.GiveBack(stream.Id, stream.Credit);
                (stream.ReceiveWindow, stream.Credit, told) = (stream.ReceiveWindow + stream.Credit, 0, true);
            }
        }
        if (told && !IsReader) Output.Flush();
    }

    /// <summary>Sends what the stream's call has put into its body.</summary>
    public ValueTask SendAsync(Http2Stream stream)
    {
        var sent = Output.SendAsync(stream, last: false);
        Flush(streams.Count > 1);
        return sent;
    }

    /// <summary>Sends the end of an answer, and ends the stream. Its call has ended already.</summary>
    public ValueTask FinishAsync(Http2Stream stream)
    {
        var sent = Output.SendAsync(stream, last: true);
        if (!sent.IsCompletedSuccessfully) return FinishAsync(stream, sent);
        // Before the client has the answer: its next request finds nobody here.
        Flush(End(stream));
        return default;
    }

    private async ValueTask FinishAsync(Http2Stream stream, ValueTask sent)
    {
        Flush(others: false);
        await sent;
        Flush(End(stream));
    }

    /// <summary>The stream's call has ended, and the stream with it; true when others are being answered.</summary>
    private bool End(Http2Stream stream)
    {
        var rest = stream.Discard();
        bool wake, last, others;
        lock (Output.Gate)
        {
            streams.Remove(stream.Id);
            if (stream.RemoteEnded) answering--;
            else cutOff[cut++ % cutOff.Length] = stream.Id;
            if (pool.Count < Pooled) pool.Push(stream);
            last = streams.Count == 0;
            wake = last && (closing || leaving);
            others = answering > 0;
        }
        GiveBack(null, rest);
        if (wake) input.CancelPendingRead();
        if (last) ended?.TrySetResult();
        return others;
    }

    /// <summary>The reading thread sends when it has read all there is; others at once, or soon when <paramref name="others"/> have something to send in the same moment.</summary>
    private void Flush(bool others)
    {
        if (IsReader) return;
        if (others) Output.FlushSoon();
        else Output.Flush();
    }

    private void Start()
    {
        if (starting is not { } stream) return;
        starting = null;
        Run(stream);
    }

    private void OnHead(int id, bool ends)
    {
        Http2Stream? stream;
        lock (Output.Gate) streams.TryGetValue(id, out stream);
        if (stream is not null) OnTrailers(stream, ends);
        else if (id > LastStream) Open(id, ends);
        // Section 5.1.1: numbers only grow.
        else if (!cutOff.Contains(id)) throw Broken("HEADERS of a stream that has ended or was passed over");
    }

    private void OnTrailers(Http2Stream stream, bool ends)
    {
        if (stream.RemoteEnded) FailStream(stream.Id, Http2ErrorCode.StreamClosed);
        else if (!ends || head.HasPseudo || head.Malformed) FailStream(stream.Id, Http2ErrorCode.ProtocolError);
        else if (!stream.IsReset) EndRequest(stream, ReadOnlySequence<byte>.Empty, starts: false);
    }

    private void Open(int id, bool ends)
    {
        Http2Stream? stream = null;
        bool ignored;
        lock (Output.Gate)
        {
            ignored = closing;
            // After our GOAWAY it names the last one that counts.
            if (!ignored) LastStream = id;
            if (!ignored && head.Complete && !head.TooLarge && streams.Count < MostStreams)
            {
                if (!pool.TryPop(out stream)) stream = new(this);
                stream.Open(id, Output.InitialWindow, StreamWindow, head);
                streams.Add(id, stream);
            }
            else cutOff[cut++ % cutOff.Length] = id;
        }
        if (ignored) return;
        if (stream is null)
        {
            Charge();
            if (head.TooLarge) Output.Refuse(id, 431, ends);
            else Output.Reset(id, head.Complete ? Http2ErrorCode.RefusedStream : Http2ErrorCode.ProtocolError);
            return;
        }
        server.Classify(stream, head);
        starting = stream;
        if (ends) EndRequest(stream, ReadOnlySequence<byte>.Empty, starts: true);
    }

    private void OnData(FrameHeader frame, ReadOnlySequence<byte> payload)
    {
        if (frame.Stream == 0) throw Broken("DATA of no stream");
        payload = Unpad(frame, payload);
        Http2Stream? stream;
        bool open, fits = true;
        lock (Output.Gate)
        {
            if ((receiveWindow -= frame.Length) < 0) throw new Http2Exception(Http2ErrorCode.FlowControlError, "more than the window of the connection");
            streams.TryGetValue(frame.Stream, out stream);
            open = stream is { RemoteEnded: false, IsReset: false };
            if (open) fits = (stream!.ReceiveWindow -= frame.Length) >= 0;
        }
        if (!open || !fits)
        {
            if (frame.Stream > LastStream && !closing) throw Broken("DATA of a stream that is not open");
            GiveBack(null, frame.Length);
            Charge();
            if (!fits) FailStream(frame.Stream, Http2ErrorCode.FlowControlError);
            else if (stream is { RemoteEnded: true } || (stream is null && !cutOff.Contains(frame.Stream))) FailStream(frame.Stream, Http2ErrorCode.StreamClosed);
            return;
        }
        GiveBack(stream, frame.Length - (int)payload.Length);
        var ends = frame.Has(FrameFlags.EndStream);
        if (payload.IsEmpty && !ends) Charge();
        if (stream!.Missing >= 0 && (stream.Missing -= payload.Length) < 0)
        {
            GiveBack(null, (int)payload.Length);
            FailStream(frame.Stream, Http2ErrorCode.ProtocolError);
            return;
        }
        var starts = starting is not null;
        if (ends) EndRequest(stream, payload, starts);
        else
        {
            starting = null;
            stream.Receive(payload, false, starts);
        }
    }

    /// <summary>The last that comes; with a content-length it must be that (section 8.1.1).</summary>
    private void EndRequest(Http2Stream stream, in ReadOnlySequence<byte> payload, bool starts)
    {
        if (stream.Missing > 0)
        {
            GiveBack(null, (int)payload.Length);
            FailStream(stream.Id, Http2ErrorCode.ProtocolError);
            return;
        }
        lock (Output.Gate)
        {
            // Its call may just have ended, on another thread.
            if (streams.ContainsKey(stream.Id))
            {
                stream.RemoteEnded = true;
                answering++;
            }
        }
        starting = null;
        stream.Receive(payload, true, starts);
    }

    private void OnReset(int id)
    {
        if (id > LastStream && !closing) throw Broken("RST_STREAM of a stream that is not open");
        Http2Stream? stream;
        lock (Output.Gate) streams.TryGetValue(id, out stream);
        // One that was answered already costs nothing, but nobody sends thousands.
        Charge();
        stream?.Abort();
        // It counts until its call has ended, and that has not begun.
        if (stream is not null && stream == starting) Start();
    }

    private void OnWindowUpdate(FrameHeader frame, in ReadOnlySequence<byte> payload)
    {
        if (frame.Length != 4) throw new Http2Exception(Http2ErrorCode.FrameSizeError, "the frame has a wrong size");
        if (frame.Stream > LastStream && !closing) throw Broken("WINDOW_UPDATE of a stream that is not open");
        Charge();
        Span<byte> number = stackalloc byte[4];
        payload.CopyTo(number);
        var bytes = BinaryPrimitives.ReadUInt32BigEndian(number) & int.MaxValue;
        Http2Stream? stream = null;
        if (frame.Stream == 0)
        {
            if (bytes == 0) throw Broken("WINDOW_UPDATE of nothing");
            if (!Output.TryWiden(null, bytes)) throw new Http2Exception(Http2ErrorCode.FlowControlError, "the window is too large");
            return;
        }
        lock (Output.Gate) streams.TryGetValue(frame.Stream, out stream);
        if (stream is null or { IsReset: true }) return;
        if (bytes == 0) FailStream(frame.Stream, Http2ErrorCode.ProtocolError);
        else if (!Output.TryWiden(stream, bytes)) FailStream(frame.Stream, Http2ErrorCode.FlowControlError);
    }

    /// <summary>The client will go when it has its answers.</summary>
    private void OnGoAway()
    {
        lock (Output.Gate) leaving = true;
    }

    /// <summary>A stream error (section 5.4.2).</summary>
    private void FailStream(int id, Http2ErrorCode code)
    {
        Http2Stream? stream;
        lock (Output.Gate) streams.TryGetValue(id, out stream);
        if (stream is { IsReset: true }) return;
        stream?.Abort();
        Output.Reset(id, code);
        if (stream is not null && stream == starting) Start();
    }

    private void AbortStreams()
    {
        Http2Stream[] open;
        lock (Output.Gate)
        {
            closing = true;
            open = [.. streams.Values];
        }
        foreach (var stream in open) stream.Abort();
        Start();
    }

    private Task StreamsEndedAsync()
    {
        lock (Output.Gate) return streams.Count == 0 ? Task.CompletedTask : (ended = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
    }
}
