using System.Buffers;
using System.Buffers.Binary;

namespace KubeFlex.Etcd.Http2;

/// <summary>RFC 9113, section 6.</summary>
internal enum FrameType : byte
{
    Data = 0,
    Headers = 1,
    Priority = 2,
    RstStream = 3,
    Settings = 4,
    PushPromise = 5,
    Ping = 6,
    GoAway = 7,
    WindowUpdate = 8,
    Continuation = 9,
}

/// <summary>Flags of all frame types: the same bits mean different things in different types.</summary>
internal static class FrameFlags
{
    public const byte Ack = 0x1, EndStream = 0x1, EndHeaders = 0x4, Padded = 0x8, Priority = 0x20;
}

/// <summary>RFC 9113, section 6.5.2.</summary>
internal enum Http2Setting : ushort
{
    HeaderTableSize = 1,
    EnablePush = 2,
    MaxConcurrentStreams = 3,
    InitialWindowSize = 4,
    MaxFrameSize = 5,
    MaxHeaderListSize = 6,
}

/// <summary>RFC 9113, section 7.</summary>
internal enum Http2ErrorCode : uint
{
    NoError = 0,
    ProtocolError = 1,
    InternalError = 2,
    FlowControlError = 3,
    SettingsTimeout = 4,
    StreamClosed = 5,
    FrameSizeError = 6,
    RefusedStream = 7,
    Cancel = 8,
    CompressionError = 9,
    ConnectError = 10,
    EnhanceYourCalm = 11,
}

/// <summary>A connection error (RFC 9113, section 5.4.1): the peer is told, and the connection ends. Errors of one stream are no exceptions.</summary>
internal sealed class Http2Exception(Http2ErrorCode code, string message) : Exception(message)
{
    public Http2ErrorCode Code { get; } = code;
}

/// <summary>The nine bytes in front of each frame (RFC 9113, section 4.1).</summary>
internal readonly record struct FrameHeader(int Length, FrameType Type, byte Flags, int Stream)
{
    public const int Size = 9;

    public bool Has(byte flag) => (Flags & flag) != 0;

    public static bool TryRead(in ReadOnlySequence<byte> buffer, out FrameHeader frame)
    {
        frame = default;
        if (buffer.FirstSpan.Length >= Size)
        {
            frame = Read(buffer.FirstSpan);
            return true;
        }
        if (buffer.Length < Size) return false;
        Span<byte> bytes = stackalloc byte[Size];
        buffer.Slice(0, Size).CopyTo(bytes);
        frame = Read(bytes);
        return true;
    }

    public static void Write(Span<byte> to, int length, FrameType type, byte flags, int stream)
    {
        BinaryPrimitives.WriteUInt32BigEndian(to, (uint)length << 8 | (byte)type);
        to[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(to[5..], stream);
    }

    private static FrameHeader Read(ReadOnlySpan<byte> bytes)
    {
        var first = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        // The first bit of the stream is reserved and means nothing.
        return new((int)(first >> 8), (FrameType)(byte)first, bytes[4], BinaryPrimitives.ReadInt32BigEndian(bytes[5..]) & int.MaxValue);
    }
}
