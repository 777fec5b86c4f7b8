using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using Google.Protobuf;

namespace KubeFlex.Etcd.Grpc;

/// <summary>
/// gRPC's framing of messages in a body (PROTOCOL-HTTP2.md, "Length-Prefixed-Message"): one byte that says whether the message is compressed, its length
/// in four bytes, big-endian, and the message.
/// </summary>
internal static class GrpcFrames
{
    public const int HeaderLength = 5;

    /// <summary>Takes the next message if it is wholly there; what is not stays for <see cref="ReadAsync"/>.</summary>
    public static bool TryRead<T>(PipeReader body, MessageParser<T> parser, int largest, [NotNullWhen(true)] out T? message) where T : class, IMessage<T>
    {
        message = null;
        if (!body.TryRead(out var read)) return false;
        var buffer = read.Buffer;
        if (read.IsCanceled || !TryTake(ref buffer, largest, out var bytes, out _))
        {
            // Looked at by nobody, so that the next read gives it at once.
            body.AdvanceTo(buffer.Start);
            if (read.IsCanceled) throw new OperationCanceledException("the read was cancelled");
            return false;
        }
        message = Parse(parser, bytes);
        body.AdvanceTo(buffer.Start);
        return true;
    }

    /// <summary>The next message, or null at the end of the body.</summary>
    public static async ValueTask<T?> ReadAsync<T>(PipeReader body, MessageParser<T> parser, int largest, RequestBudget budget, CancellationToken cancellation) where T : class, IMessage<T>
    {
        long held = 0;
        try
        {
            while (true)
            {
                var read = await body.ReadAsync(cancellation);
                if (read.IsCanceled) throw new OperationCanceledException(cancellation);
                var buffer = read.Buffer;
                if (TryTake(ref buffer, largest, out var message, out var length))
                {
                    var parsed = Parse(parser, message);
                    body.AdvanceTo(buffer.Start);
                    return parsed;
                }
                if (read.IsCompleted)
                {
                    if (buffer.Length > 0) throw new GrpcException(GrpcCode.Internal, "grpc: the body ends inside a message");
                    return null;
                }
                if (held == 0) held = budget.Take(length);
                body.AdvanceTo(buffer.Start, buffer.End);
            }
        }
        finally
        {
            budget.Return(held);
        }
    }

    private static T Parse<T>(MessageParser<T> parser, ReadOnlySequence<byte> message) where T : class, IMessage<T>
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
    public static void Write(PipeWriter body, IMessage message)
    {
        var size = message.CalculateSize();
        WriteHeader(body, size);
        if (size > 0) message.WriteTo(body);
    }

    public static void WriteHeader(PipeWriter body, long size)
    {
        var header = body.GetSpan(HeaderLength);
        header[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(header[1..], checked((uint)size));
        body.Advance(HeaderLength);
    }

    /// <summary>False while the message is not whole; <paramref name="length"/> is known once its header is there.</summary>
    private static bool TryTake(ref ReadOnlySequence<byte> buffer, int largest, out ReadOnlySequence<byte> message, out uint length)
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
        buffer = buffer.Slice(HeaderLength + length);
        return true;
    }
}
