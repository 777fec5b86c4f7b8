using System.Buffers;
using System.IO.Pipelines;

namespace KubeFlex.Etcd.Http2;

/// <summary>
/// What goes out on a connection: frames are composed in the transport's buffer under <see cref="Gate"/>, and one flush at a time sends what has gathered. While one is under way they gather
/// beside it, since not every transport can be written to meanwhile.
/// <para>
/// Flow control: a stream sends at once as much as its window, the connection's and the transport allow. With the rest it stands in <see cref="ready"/>, or, if its own window is what is
/// missing, waits for that; whoever makes room sends on its behalf, one frame for each in turn. So a stream that waits holds up nobody, and bodies stay where their calls put them.
/// </para>
/// </summary>
internal sealed partial class Http2Output(PipeWriter transport) : IThreadPoolWorkItem
{
    /// <summary>Default of both windows (RFC 9113, section 6.9.2) and least of the largest frames.</summary>
    public const int DefaultWindow = 65_535, DefaultFrame = 16 << 10;

    /// <summary>Bytes that wait for the transport before bodies do.</summary>
    private const int Piece = 64 << 10;

    /// <summary>Bytes that wait for the transport before nothing is read any more: answers to what costs the peer nothing.</summary>
    private const int Most = 1 << 20;

    /// <summary>Larger frames save nothing.</summary>
    private const int LargestFrame = 64 << 10;

    private ArrayBufferWriter<byte> aside = new();
    private readonly Queue<Http2Stream> ready = new();
    private readonly Signal drained = new(elsewhere: true);
    private long window = DefaultWindow;
    private int frame = DefaultFrame, composed;
    private bool flushing, scheduled, closed, draining, tableShrunk;
    private TaskCompletionSource? left;

    public Lock Gate { get; } = new();

    /// <summary>Window of a new stream.</summary>
    public long InitialWindow { get; private set; } = DefaultWindow;

    /// <summary>Grows with what clients got and want: whoever makes us work for nothing does not move it.</summary>
    public long Progress { get; private set; }

    /// <summary>The peer made room for what had waited, since this was last set.</summary>
    public bool Moved { get; set; }

    /// <summary>More waits for the peer than it should be allowed to ask for.</summary>
    public bool IsOverfull => flushing && aside.WrittenCount >= Most;

    private bool Full => (flushing ? aside.WrittenCount : composed) >= Piece;

    private IBufferWriter<byte> Sink => flushing || closed ? aside : transport;

    /// <summary>
    /// Composes the stream's body, with <paramref name="last"/> also what ends it. Complete when that is all composed; the caller sees to the flush. When the peer is gone it throws, but
    /// not for the last.
    /// </summary>
    public ValueTask SendAsync(Http2Stream stream, bool last)
    {
        ValueTask sent = default;
        bool full;
        lock (Gate)
        {
            if (stream.IsReset || closed) return last ? default : throw new OperationCanceledException("the client is gone");
            (stream.Outgoing, stream.Ending) = (stream.Body.Written, last);
            if (!TryWrite(stream, int.MaxValue))
            {
                sent = stream.Sent.Begin();
                stream.Writing = true;
                Park(stream);
            }
            full = Full;
        }
        if (full) Flush();
        return sent;
    }

    /// <summary>Whoever waits for its body to be sent does not any more. The stream cannot go on with it.</summary>
    public void CancelWrite(Http2Stream stream)
    {
        lock (Gate) Drop(stream);
    }

    /// <summary>The stream is over for the peer; nothing is sent on it any more.</summary>
    public void Abort(Http2Stream stream)
    {
        lock (Gate)
        {
            stream.IsReset = true;
            Drop(stream);
        }
    }

    /// <summary>WINDOW_UPDATE from the peer, for a stream or, without one, the connection. False when the window would be too large.</summary>
    public bool TryWiden(Http2Stream? stream, uint bytes)
    {
        lock (Gate)
        {
            if (stream is null)
            {
                if ((window += bytes) > int.MaxValue) return false;
            }
            else
            {
                if ((stream.SendWindow += bytes) > int.MaxValue) return false;
                if (stream.Writing) Park(stream);
            }
            Pump();
            return true;
        }
    }

    /// <summary>A new initial window is one for all streams that are open (section 6.9.2), and may make theirs negative. False when one would be too large.</summary>
    public bool TryResize(uint size, IEnumerable<Http2Stream> streams)
    {
        lock (Gate)
        {
            var more = size - InitialWindow;
            InitialWindow = size;
            foreach (var stream in streams)
            {
                if ((stream.SendWindow += more) > int.MaxValue) return false;
                if (stream.Writing) Park(stream);
            }
            Pump();
            return true;
        }
    }

    public void SetFrame(uint size)
    {
        lock (Gate) frame = (int)Math.Min(size, LargestFrame);
    }

    /// <summary>We use no table, which is to be said once when it becomes smaller (RFC 7541, section 4.2).</summary>
    public void SetTable(uint size)
    {
        lock (Gate) tableShrunk |= size < HpackDecoder.DefaultTableSize;
    }

    /// <summary>Sends what is there, on this thread unless another one is at it.</summary>
    public void Flush()
    {
        lock (Gate)
        {
            if (flushing || composed == 0 || closed) return;
            (flushing, composed) = (true, 0);
        }
        _ = FlushAsync();
    }

    /// <summary>Sends soon: calls that are answered in the same moment share a flush.</summary>
    public void FlushSoon()
    {
        lock (Gate)
        {
            if (flushing || scheduled || closed) return;
            scheduled = true;
        }
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute()
    {
        lock (Gate) scheduled = false;
        Flush();
    }

    /// <summary>Until the peer has taken enough to be listened to again.</summary>
    public ValueTask DrainAsync()
    {
        lock (Gate)
        {
            if (closed || !IsOverfull) return default;
            var wait = drained.Begin();
            draining = true;
            return wait;
        }
    }

    /// <summary>What is composed from now on goes nowhere. The task ends when the transport has got what was before, and is left alone.</summary>
    public Task CloseAsync()
    {
        Flush();
        lock (Gate)
        {
            closed = true;
            return flushing ? (left = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task : Task.CompletedTask;
        }
    }

    private async Task FlushAsync()
    {
        bool gone;
        do
        {
            try
            {
                var taken = transport.FlushAsync();
                var waits = !taken.IsCompleted;
                gone = (await taken).IsCompleted;
                Moved |= waits;
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
            {
                // The read loop finds out by itself.
                gone = true;
            }
        }
        while (GoesOn(gone));
    }

    /// <summary>After a flush: whether another one is due.</summary>
    private bool GoesOn(bool gone)
    {
        lock (Gate)
        {
            composed = gone ? 0 : aside.WrittenCount;
            if (!gone) transport.Write(aside.WrittenSpan);
            // One that has grown is not kept for as long as the connection lasts.
            if (aside.Capacity > Piece * 2) aside = new();
            else aside.ResetWrittenCount();
            flushing = false;
            closed |= gone;
            if (!closed) Pump();
            if (draining)
            {
                draining = false;
                drained.Set();
            }
            if (composed == 0)
            {
                left?.TrySetResult();
                return false;
            }
            composed = 0;
            return flushing = true;
        }
    }

    /// <summary>Sends for those that wait.</summary>
    private void Pump()
    {
        while (window > 0 && !Full && ready.TryDequeue(out var stream))
        {
            stream.Queued = false;
            if (!stream.Writing) continue;
            if (TryWrite(stream, most: 1))
            {
                stream.Writing = false;
                stream.Sent.Set();
            }
            else Park(stream);
        }
    }

    /// <summary>In the queue, unless it is its own window that is missing.</summary>
    private void Park(Http2Stream stream)
    {
        if (stream.Queued || stream.SendWindow <= 0) return;
        stream.Queued = true;
        ready.Enqueue(stream);
    }

    private static void Drop(Http2Stream stream)
    {
        stream.Outgoing = default;
        if (!stream.Writing) return;
        stream.Writing = false;
        stream.Sent.Set();
    }

    /// <summary>Composes what may be sent, at most so many frames of the body; true when that is all.</summary>
    private bool TryWrite(Http2Stream stream, int most)
    {
        var body = stream.Outgoing;
        if (!stream.HeadersSent)
        {
            stream.HeadersSent = true;
            // "Trailers-Only" (PROTOCOL-HTTP2.md) when that is all.
            var only = stream.Ending && body.IsEmpty;
            Block(stream.Id, (byte)(FrameFlags.EndHeaders | (only ? FrameFlags.EndStream : 0)), stream.Head, only ? stream.Trailers : []);
            if (only) return Finished(stream);
        }
        for (; !body.IsEmpty; most--)
        {
            var count = (int)Math.Min(Math.Min(body.Length, frame), Math.Min(window, stream.SendWindow));
            if (most == 0 || count <= 0 || Full)
            {
                stream.Outgoing = body;
                return false;
            }
            window -= count;
            stream.SendWindow -= count;
            var ends = stream.Ending && stream.Trailers.Length == 0 && count == body.Length;
            Data(stream.Id, ends ? FrameFlags.EndStream : (byte)0, body.Span[..count]);
            body = body[count..];
            if (ends)
            {
                stream.Outgoing = default;
                return Finished(stream);
            }
        }
        stream.Outgoing = default;
        if (!stream.Ending) return true;
        if (stream.Trailers.Length > 0) Block(stream.Id, FrameFlags.EndHeaders | FrameFlags.EndStream, stream.Trailers, []);
        else Data(stream.Id, FrameFlags.EndStream, []);
        return Finished(stream);
    }

    /// <summary>The answer is whole: a peer that has more to say need not (RFC 9113, section 8.1).</summary>
    private bool Finished(Http2Stream stream)
    {
        if (!stream.RemoteEnded) Number(FrameType.RstStream, stream.Id, (uint)Http2ErrorCode.NoError);
        stream.IsReset = true;
        return true;
    }
}
