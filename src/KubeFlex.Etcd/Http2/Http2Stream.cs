using System.Buffers;
using KubeFlex.Etcd.Grpc;

namespace KubeFlex.Etcd.Http2;

/// <summary>
/// One request and its answer. Used again for another one when its call has ended.
/// <para>
/// What comes in is under <see cref="Input"/>. The bytes of a frame are lent: while the reading thread runs the call, it finds them where the transport put them, and parses them there;
/// what it has not taken by then is copied. Other threads never see what is lent. What goes out, and the states that frames depend on, are under the connection's gate.
/// </para>
/// </summary>
internal sealed class Http2Stream(Http2Connection connection)
{
    private readonly PooledBuffer received = new();
    private readonly Signal readable = new(elsewhere: false);
    private ReadOnlySequence<byte> lent;
    private long looked;
    private long credited;
    private bool ended, waiting, readCancelled, over;
    private CancellationTokenSource? told;

    public Lock Input { get; } = new();

    public Http2Connection Connection => connection;

    public int Id { get; private set; }

    /// <summary>Of a call; null for a request that is none.</summary>
    public GrpcMethod? Method { get; set; }

    /// <summary>Its <c>grpc-timeout</c>.</summary>
    public string? Timeout { get; set; }

    /// <summary>Of a request that is no call.</summary>
    public PlainRequest? Plain { get; set; }

    /// <summary>Content-length that is not there yet; negative when it was not said.</summary>
    public long Missing { get; set; }

    // Under the connection's gate.

    /// <summary>The peer has sent its last.</summary>
    public bool RemoteEnded { get; set; }

    /// <summary>One of both has sent RST_STREAM, or the connection is lost: nothing is sent any more.</summary>
    public bool IsReset { get; set; }

    public long ReceiveWindow { get; set; }

    /// <summary>Consumed, and not yet given back to <see cref="ReceiveWindow"/>.</summary>
    public int Credit { get; set; }

    public long SendWindow { get; set; }

    public bool HeadersSent { get; set; }

    /// <summary>Header block of the answer, and of its trailers (empty for none).</summary>
    public byte[] Head { get; set; } = ResponseHead.Grpc;

    public byte[] Trailers { get; set; } = [];

    /// <summary>What is to be sent and has not been; it lies in <see cref="Body"/>.</summary>
    public ReadOnlyMemory<byte> Outgoing { get; set; }

    /// <summary>The answer ends with <see cref="Outgoing"/>.</summary>
    public bool Ending { get; set; }

    /// <summary>Somebody waits until <see cref="Outgoing"/> is sent; <see cref="Sent"/> tells.</summary>
    public bool Writing { get; set; }

    public bool Queued { get; set; }

    public Signal Sent { get; } = new(elsewhere: true);

    // The call's.

    /// <summary>Messages to be sent.</summary>
    public PooledBuffer Body { get; } = new();

    /// <summary>Who is cancelled when the peer resets the stream or is gone; null for nobody any more, before it is disposed of.</summary>
    public void OnAbort(CancellationTokenSource? who)
    {
        lock (Input)
        {
            told = who;
            // Its callbacks run elsewhere.
            if (IsReset) _ = told?.CancelAsync();
        }
    }

    /// <summary>Nothing comes any more beyond what <see cref="Received"/> gives.</summary>
    public bool Ended
    {
        get
        {
            lock (Input) return ended && (lent.IsEmpty || connection.IsReader);
        }
    }

    /// <summary>What has come and was not taken. Under <see cref="Input"/>, or when nothing comes any more.</summary>
    public ReadOnlySequence<byte> Received => !lent.IsEmpty && connection.IsReader ? lent : received.Length == 0 ? default : new(received.Written);

    public void Open(int id, long sendWindow, long receiveWindow, RequestHead head)
    {
        (Id, SendWindow, ReceiveWindow, Missing) = (id, sendWindow, receiveWindow, head.ContentLength);
        (RemoteEnded, IsReset, HeadersSent, Ending, Writing, Credit) = (false, false, false, false, false, 0);
        (Method, Timeout, Plain, Head, Trailers, Outgoing) = (null, null, null, ResponseHead.Grpc, [], default);
        (looked, credited, waiting, readCancelled, ended, over, told) = (0, 0, false, false, false, false, null);
    }

    /// <summary>Takes so many bytes away. Under <see cref="Input"/>; the peer gets them back with <see cref="Http2Connection.GiveBack"/>: as many as this returns.</summary>
    public int Take(long bytes)
    {
        if (!lent.IsEmpty && connection.IsReader) lent = lent.Slice(bytes);
        else received.Consume((int)bytes);
        looked = 0;
        var before = Math.Min(credited, bytes);
        credited -= before;
        return (int)(bytes - before);
    }

    /// <summary>There is nothing to be had from <see cref="Received"/> as it is. Under <see cref="Input"/>.</summary>
    public void Look() => looked = Received.Length;

    /// <summary>
    /// Until there is more than there was at <see cref="Look"/>. Whoever waits for more of a message needs what is there, so that is given back to the peer: a message may be larger than
    /// the window.
    /// </summary>
    public ValueTask MoreAsync()
    {
        int more;
        ValueTask wait;
        lock (Input)
        {
            if (readCancelled || IsReset) throw new OperationCanceledException("the client is gone, or nobody waits for it any more");
            if (Ended || Received.Length != looked) return default;
            more = (int)(looked - credited);
            credited = looked;
            wait = readable.Begin();
            waiting = true;
        }
        if (more > 0) connection.GiveBack(this, more);
        return wait;
    }

    /// <summary>The read under way, and each that follows, ends as cancelled.</summary>
    public void CancelRead()
    {
        bool wake;
        lock (Input)
        {
            readCancelled = true;
            (wake, waiting) = (waiting, false);
        }
        if (wake) readable.Set();
    }

    /// <summary>On the reading thread: bytes that came, and with them the end or the beginning of the call.</summary>
    public void Receive(in ReadOnlySequence<byte> bytes, bool end, bool starts)
    {
        bool wake, late;
        lock (Input)
        {
            ended |= end;
            late = over;
            if (late) lent = default;
            else if (received.Length == 0 && (starts || waiting)) lent = bytes;
            else Append(bytes);
            (wake, waiting) = (waiting, false);
        }
        if (late) connection.GiveBack(null, (int)bytes.Length);
        else if (starts) connection.Run(this);
        else if (wake) readable.Set();
        if (bytes.IsEmpty) return;
        lock (Input)
        {
            if (lent.IsEmpty) return;
            Append(lent);
            lent = default;
            // Another thread looked meanwhile and saw nothing.
            wake = waiting && received.Length != looked;
            if (wake) waiting = false;
        }
        if (wake) readable.Set();
    }

    /// <summary>The peer is gone. Not under the gate.</summary>
    public void Abort()
    {
        connection.Output.Abort(this);
        bool wake;
        lock (Input)
        {
            (wake, waiting) = (waiting, false);
            _ = told?.CancelAsync();
        }
        if (wake) readable.Set();
    }

    /// <summary>The call has ended: what it has not read goes to nobody. Returns how many bytes the peer gets back.</summary>
    public int Discard()
    {
        Body.Clear();
        lock (Input)
        {
            var rest = lent.Length + received.Length - credited;
            (lent, credited, waiting, ended, over) = (default, 0, false, true, true);
            received.Clear();
            return (int)rest;
        }
    }

    private void Append(in ReadOnlySequence<byte> bytes)
    {
        foreach (var segment in bytes) received.Write(segment.Span);
    }
}
