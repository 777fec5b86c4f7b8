using System.Buffers.Binary;
using System.Net.Sockets;

namespace KubeFlex.Bench.Etcd;

/// <summary>
/// As little of HTTP/2 and gRPC as a load generator needs, so that on a small machine the measured servers get the processor and not the client: every
/// request's headers are the same bytes, windows are opened wide at once, answers are taken apart only as far as asked, and calls block their thread, which
/// costs a quarter of what waiting for sockets asynchronously does; or one thread has many connections and looks which of them have something (<see cref="EtcdClients"/>). One call at a
/// time.
/// </summary>
internal sealed class EtcdConnection : IDisposable
{
    private const byte Data = 0, Headers = 1, Reset = 3, Settings = 4, Ping = 6, GoAway = 7, WindowUpdate = 8;
    private const int FrameHeader = 9;
    private const byte EndStream = 1, Ack = 1, EndHeaders = 4;

    private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] headerBlock;
    private byte[] input = new byte[256 << 10];
    private int start, end;
    private byte[] output = new byte[64 << 10];
    private int stream = -1;
    private long taken;

    // Calls whose message has come, and not yet its end.
    private readonly HashSet<int> answered = [];

    private EtcdConnection(string authority, string method) => headerBlock = HeaderBlock(authority, method);

    public static EtcdConnection Open(Uri url, string method)
    {
        var connection = new EtcdConnection(url.Authority, method);
        connection.socket.Connect(url.Host, url.Port);
        var hello = new List<byte>("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
        // SETTINGS: HEADER_TABLE_SIZE 0 and INITIAL_WINDOW_SIZE of 1 GiB; then the connection's own window.
        hello.AddRange([0, 0, 12, Settings, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 4, 0x40, 0, 0, 0]);
        hello.AddRange([0, 0, 4, WindowUpdate, 0, 0, 0, 0, 0, 0x3f, 0xff, 0, 0]);
        connection.socket.Send(hello.ToArray());
        return connection;
    }

    /// <summary>Sends a message and returns the length of the one answer; an answer without a message is an error.</summary>
    public int Call(ReadOnlySpan<byte> message)
    {
        Send(message, begin: true, last: true);
        var bytes = 0;
        while (true)
        {
            var frame = ReadFrame();
            if (frame.Type == Data) bytes += frame.Length;
            if (frame.Type is Data or Headers && (frame.Flags & EndStream) != 0) break;
        }
        return bytes >= 5 ? bytes - 5 : throw new InvalidOperationException("etcd's API answered with an error");
    }

    /// <summary>Sends a message, also while other calls are under way; answers the call's number. <see cref="Answered"/> tells when its answer is there.</summary>
    public int Begin(ReadOnlySpan<byte> message)
    {
        Send(message, begin: true, last: true);
        return stream;
    }

    /// <summary>For a connection that can be read: takes what has come, and adds the calls that have their answer.</summary>
    public void Answered(List<int> calls)
    {
        Receive(1);
        while (end - start >= FrameHeader && end - start >= FrameHeader + (BinaryPrimitives.ReadInt32BigEndian(input.AsSpan(start)) >>> 8))
        {
            var of = BinaryPrimitives.ReadInt32BigEndian(input.AsSpan(start + 5));
            if (TakeFrame() is not { } frame) continue;
            if (frame.Type == Data) answered.Add(of);
            if ((frame.Flags & EndStream) == 0) continue;
            if (!answered.Remove(of)) throw new InvalidOperationException("etcd's API answered with an error");
            calls.Add(of);
        }
    }

    /// <summary>For those who wait for several.</summary>
    public Socket Socket => socket;

    /// <summary>Sends a message of a stream that stays open.</summary>
    public void Send(ReadOnlySpan<byte> message, bool begin) => Send(message, begin, last: false);

    /// <summary>Waits for the next piece of an open stream's answer and gives its bytes (of gRPC frames, cut anywhere); valid until the next call.</summary>
    public ReadOnlySpan<byte> Receive()
    {
        while (true)
        {
            var frame = ReadFrame();
            if (frame.Type == Data && frame.Length > 0) return input.AsSpan(frame.At, frame.Length);
            if (frame.Type == Headers && (frame.Flags & EndStream) != 0) throw new InvalidOperationException("etcd's API ended the stream");
        }
    }

    public void Dispose() => socket.Dispose();

    private void Send(ReadOnlySpan<byte> message, bool begin, bool last)
    {
        if (begin) stream += 2;
        var needed = 9 + headerBlock.Length + 9 + 5 + message.Length;
        if (output.Length < needed) output = new byte[needed];
        var at = 0;
        if (begin)
        {
            at = WriteFrame(output, 0, headerBlock.Length, Headers, EndHeaders);
            headerBlock.CopyTo(output, at);
            at += headerBlock.Length;
        }
        // A message of at most 16 KiB fits one frame, the least that every peer takes.
        at = WriteFrame(output, at, 5 + message.Length, Data, last ? EndStream : (byte)0);
        output[at] = 0;
        BinaryPrimitives.WriteInt32BigEndian(output.AsSpan(at + 1), message.Length);
        message.CopyTo(output.AsSpan(at + 5));
        at += 5 + message.Length;
        socket.Send(output.AsSpan(0, at));
    }

    private int WriteFrame(byte[] to, int at, int length, byte type, byte flags)
    {
        BinaryPrimitives.WriteInt32BigEndian(to.AsSpan(at), length << 8 | type);
        to[at + 4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(to.AsSpan(at + 5), stream);
        return at + 9;
    }

    private (byte Type, byte Flags, int At, int Length) ReadFrame()
    {
        while (true)
        {
            Fill(FrameHeader);
            Fill(FrameHeader + (BinaryPrimitives.ReadInt32BigEndian(input.AsSpan(start)) >>> 8));
            if (TakeFrame() is { } frame) return frame;
        }
    }

    /// <summary>The next frame, which is wholly there; null when it is not for a stream.</summary>
    private (byte Type, byte Flags, int At, int Length)? TakeFrame()
    {
        var header = BinaryPrimitives.ReadInt32BigEndian(input.AsSpan(start));
        var (length, type, flags) = (header >>> 8, (byte)header, input[start + 4]);
        var at = start + FrameHeader;
        start = at + length;
        switch (type)
        {
            case Settings when (flags & Ack) == 0:
                socket.Send(new byte[] { 0, 0, 0, Settings, Ack, 0, 0, 0, 0 });
                return null;
            case Ping when (flags & Ack) == 0:
                socket.Send((byte[])[0, 0, 8, Ping, Ack, 0, 0, 0, 0, .. input.AsSpan(at, 8)]);
                return null;
            case Reset or GoAway:
                throw new InvalidOperationException($"the server ended the connection (frame {type})");
            case Data:
                taken += length;
                if (taken > 256 << 20) Grant();
                return (type, flags, at, length);
            case Headers:
                return (type, flags, at, length);
            default:
                return null;
        }
    }

    // Only long streams ever use so much of their windows.
    private void Grant()
    {
        var update = new byte[26];
        foreach (var (at, of) in ((int, int)[])[(0, 0), (13, stream)])
        {
            update[at + 2] = 4;
            update[at + 3] = WindowUpdate;
            BinaryPrimitives.WriteInt32BigEndian(update.AsSpan(at + 5), of);
            BinaryPrimitives.WriteInt32BigEndian(update.AsSpan(at + 9), (int)taken);
        }
        taken = 0;
        socket.Send(update);
    }

    private void Fill(int bytes)
    {
        while (end - start < bytes) Receive(bytes);
    }

    /// <summary>Once, into room for so many bytes at least.</summary>
    private void Receive(int bytes)
    {
        if (start > 0 && (start == end || input.Length - start < bytes))
        {
            input.AsSpan(start, end - start).CopyTo(input);
            (start, end) = (0, end - start);
        }
        if (input.Length < Math.Max(bytes, end - start + 1)) Array.Resize(ref input, Math.Max(bytes, input.Length) * 2);
        var got = socket.Receive(input.AsSpan(end));
        if (got == 0) throw new InvalidOperationException("the server closed the connection");
        end += got;
    }

    /// <summary>HPACK (RFC 7541) with nothing but the static table and literals that are not indexed.</summary>
    private static byte[] HeaderBlock(string authority, string method)
    {
        // :method POST and :scheme http are entries 3 and 6 of the static table; names 4 (:path), 1 (:authority) and 31 (content-type) too.
        var block = new List<byte> { 0x83, 0x86 };
        Literal([0x04], "/etcdserverpb." + method);
        Literal([0x01], authority);
        Literal([0x0f, 31 - 15], "application/grpc");
        block.AddRange([0x00, 2, (byte)'t', (byte)'e']);
        Text("trailers");
        return [.. block];

        void Literal(ReadOnlySpan<byte> name, string value)
        {
            block.AddRange(name);
            Text(value);
        }

        void Text(string value)
        {
            if (value.Length > 126) throw new ArgumentException("longer than one byte of length tells", nameof(value));
            block.Add((byte)value.Length);
            block.AddRange(System.Text.Encoding.ASCII.GetBytes(value));
        }
    }
}
