using Google.Protobuf;
using KubeFlex.Etcd.Grpc;
using KubeFlex.Etcd.Http2;
using KubeFlex.Etcd.Protocol;
using StoredKey = KubeFlex.Storage.KeyValue;

namespace KubeFlex.Etcd.Services;

/// <summary>Sends a RangeResponse piece by piece, so that a list of any length takes only as much memory as the client has not taken yet.</summary>
internal static class RangeAnswer
{
    private const int Piece = 64 << 10;
    private const int HeaderTag = 1 << 3 | 2, ItemTag = 2 << 3 | 2, MoreTag = 3 << 3, CountTag = 4 << 3;

    public static async ValueTask SendAsync(GrpcCall call, long revision, IReadOnlyList<StoredKey> items, bool values, bool more, long count)
    {
        var header = Member.Header(revision).ToByteArray();
        long size = 2 + header.Length + (more ? 2 : 0) + (count == 0 ? 0 : 1 + KeyValueWriter.VarintSize((ulong)count));
        for (var i = 0; i < items.Count; i++)
        {
            var item = KeyValueWriter.Size(items[i], values);
            size += 1 + KeyValueWriter.VarintSize((ulong)item) + item;
        }
        // gRPC can say four gigabytes, protobuf's readers take two.
        if (size > int.MaxValue) throw new GrpcException(GrpcCode.ResourceExhausted, $"grpc: trying to send message larger than max ({size} vs. {int.MaxValue})");

        var body = call.Body;
        GrpcFrames.WriteHeader(body, size);
        Head(body.GetSpan(2 + header.Length), header);
        body.Advance(2 + header.Length);
        for (var i = 0; i < items.Count; i++)
        {
            body.Advance(Item(body, items[i], values));
            if (body.Length >= Piece) await call.FlushAsync();
        }
        // Not flushed: the status follows at once.
        body.Advance(Tail(body.GetSpan(16), more, count));
    }

    private static void Head(Span<byte> to, byte[] header)
    {
        (to[0], to[1]) = (HeaderTag, (byte)header.Length);
        header.CopyTo(to[2..]);
    }

    private static int Item(PooledBuffer body, StoredKey item, bool values)
    {
        var size = KeyValueWriter.Size(item, values);
        var whole = 1 + KeyValueWriter.VarintSize((ulong)size) + size;
        var to = body.GetSpan(whole);
        to[0] = ItemTag;
        KeyValueWriter.Write(KeyValueWriter.Varint(to[1..], (ulong)size), item, values);
        return whole;
    }

    private static int Tail(Span<byte> to, bool more, long count)
    {
        var rest = to;
        if (more)
        {
            (rest[0], rest[1]) = (MoreTag, 1);
            rest = rest[2..];
        }
        if (count != 0)
        {
            rest[0] = CountTag;
            rest = KeyValueWriter.Varint(rest[1..], (ulong)count);
        }
        return to.Length - rest.Length;
    }
}
