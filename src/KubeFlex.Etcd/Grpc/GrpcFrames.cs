using System.Buffers;
using System.Buffers.Binary;
using Google.Protobuf;

namespace KubeFlex.Etcd.Grpc;

/// <summary>
/// gRPC's framing of messages in a body (PROTOCOL-HTTP2.md, "Length-Prefixed-Message"): one byte that says whether the message is compressed, its length
/// in four bytes, big-endian, and the message.
/// </summary>
internal static class GrpcFrames
{
    public const int HeaderLength = 5;

    public static T Parse<T>(MessageParser<T> parser, ReadOnlySequence<byte> message) where T : class, IMessage<T>
    {
        try
        {
            return parser.ParseFrom(message);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new GrpcException(GrpcCode.Internal, "grpc: error unmarshalling request: " + e.Message, e);
        }
    }

    /// <summary>Puts a message into the body's buffer; nothing is sent before a flush.</summary>
    public static void Write(IBufferWriter<byte> body, IMessage message)
    {
        var size = message.CalculateSize();
        WriteHeader(body, size);
        if (size > 0) message.WriteTo(body);
    }

    public static void WriteHeader(IBufferWriter<byte> body, long size)
    {
        var header = body.GetSpan(HeaderLength);
        header[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(header[1..], checked((uint)size));
        body.Advance(HeaderLength);
    }

    /// <summary>The message in front; false while it is not whole. <paramref name="length"/> is known once its header is there.</summary>
    public static bool TryTake(in ReadOnlySequence<byte> buffer, int largest, out ReadOnlySequence<byte> message, out uint length)
    {
        (message, length) = (default, 0);
        if (buffer.Length < HeaderLength) return false;
        Span<byte> header = stackalloc byte[HeaderLength];
        buffer.Slice(0, HeaderLength).CopyTo(header);
        if (header[0] != 0)
        {
            throw header[0] == 1
                ? new GrpcException(GrpcCode.Unimplemented, "grpc: compressed messages are not supported")
                : new GrpcException(GrpcCode.Internal, "grpc: unexpected payload format");
        }
        length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        if (length > largest) throw new GrpcException(GrpcCode.ResourceExhausted, $"grpc: received message larger than max ({length} vs. {largest})");
        if (buffer.Length < HeaderLength + length) return false;
        message = buffer.Slice(HeaderLength, length);
        return true;
    }
}
