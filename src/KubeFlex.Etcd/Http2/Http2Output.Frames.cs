using System.Buffers;
using System.Buffers.Binary;

namespace KubeFlex.Etcd.Http2;

/// <summary>Frames as they go: composed under the gate, sent with the next flush.</summary>
internal sealed partial class Http2Output
{
    /// <summary>RST_STREAM.</summary>
    public void Reset(int stream, Http2ErrorCode code)
    {
        lock (Gate) Number(FrameType.RstStream, stream, (uint)code);
    }

    /// <summary>Answers without a stream: nothing but a status. Under the gate no stream has been opened.</summary>
    public void Refuse(int stream, int status, bool ended)
    {
        lock (Gate)
        {
            Block(stream, FrameFlags.EndHeaders | FrameFlags.EndStream, ResponseHead.Plain(status, null, 0), []);
            if (!ended) Number(FrameType.RstStream, stream, (uint)Http2ErrorCode.NoError);
        }
    }

    /// <summary>Our settings, as they stay, and the rest of the connection's window.</summary>
    public void Begin(ReadOnlySpan<(Http2Setting Setting, uint Value)> settings, int receiveWindow)
    {
        lock (Gate)
        {
            var to = Frame(settings.Length * 6, FrameType.Settings, 0, 0);
            foreach (var (setting, value) in settings)
            {
                BinaryPrimitives.WriteUInt16BigEndian(to, (ushort)setting);
                BinaryPrimitives.WriteUInt32BigEndian(to[2..], value);
                to = to[6..];
            }
            Done(settings.Length * 6);
            Number(FrameType.WindowUpdate, 0, (uint)(receiveWindow - DefaultWindow));
        }
    }

    /// <summary>SETTINGS or PING, as an acknowledgement or not.</summary>
    public void Control(FrameType type, byte flags, ReadOnlySpan<byte> payload)
    {
        lock (Gate)
        {
            payload.CopyTo(Frame(payload.Length, type, flags, 0));
            Done(payload.Length);
        }
    }

    public void GoAway(int last, Http2ErrorCode code, ReadOnlySpan<byte> why)
    {
        lock (Gate)
        {
            var to = Frame(8 + why.Length, FrameType.GoAway, 0, 0);
            BinaryPrimitives.WriteInt32BigEndian(to, last);
            BinaryPrimitives.WriteUInt32BigEndian(to[4..], (uint)code);
            why.CopyTo(to[8..]);
            Done(8 + why.Length);
        }
    }

    /// <summary>WINDOW_UPDATE to the peer. Under the gate.</summary>
    public void GiveBack(int stream, int bytes) => Number(FrameType.WindowUpdate, stream, (uint)bytes);

    /// <summary>What is no frame.</summary>
    public void Raw(ReadOnlySpan<byte> bytes)
    {
        lock (Gate)
        {
            Sink.Write(bytes);
            composed += bytes.Length;
        }
    }

    private void Data(int stream, byte flags, ReadOnlySpan<byte> bytes)
    {
        Progress++;
        if (bytes.Length <= Piece / 16)
        {
            bytes.CopyTo(Frame(bytes.Length, FrameType.Data, flags, stream));
            Done(bytes.Length);
            return;
        }
        Frame(0, FrameType.Data, flags, stream, bytes.Length);
        Done(0);
        Sink.Write(bytes);
        composed += bytes.Length;
    }

    private void Block(int stream, byte flags, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        Progress++;
        var update = tableShrunk ? 1 : 0;
        var to = Frame(update + first.Length + second.Length, FrameType.Headers, flags, stream);
        // A size of 0 for the table.
        if (tableShrunk) to[0] = 0x20;
        tableShrunk = false;
        first.CopyTo(to[update..]);
        second.CopyTo(to[(update + first.Length)..]);
        Done(update + first.Length + second.Length);
    }

    private void Number(FrameType type, int stream, uint number)
    {
        BinaryPrimitives.WriteUInt32BigEndian(Frame(4, type, 0, stream), number);
        Done(4);
    }

    /// <summary>Room for a frame's payload behind its header; <see cref="Done"/> follows.</summary>
    private Span<byte> Frame(int room, FrameType type, byte flags, int stream, int length = -1)
    {
        var to = Sink.GetSpan(FrameHeader.Size + room);
        FrameHeader.Write(to, length < 0 ? room : length, type, flags, stream);
        return to.Slice(FrameHeader.Size, room);
    }

    private void Done(int room)
    {
        Sink.Advance(FrameHeader.Size + room);
        composed += FrameHeader.Size + room;
    }
}
