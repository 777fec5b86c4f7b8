namespace KubeFlex.Etcd.Http2;

/// <summary>Takes the fields of a header list as they are decoded. The bytes are valid only during the call.</summary>
internal interface IHeaderSink
{
    void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value);
}

/// <summary>
/// Decodes header blocks (RFC 7541). Its table goes on from block to block, so every block of a connection has to be decoded, whatever becomes of the request; and an error ends the
/// connection.
/// </summary>
/// <param name="tableSize">Bytes of the dynamic table that the peer was promised.</param>
internal sealed class HpackDecoder(int tableSize = HpackDecoder.DefaultTableSize)
{
    public const int DefaultTableSize = 4096;

    /// <summary>No number on a sensible connection needs more: 127 and three times seven bits.</summary>
    private const int NumberBits = 21;

    private readonly HeaderTable table = new(tableSize);
    private byte[] names = new byte[128], values = new byte[512];

    /// <summary>Section 6. What is no header block is an <see cref="Http2Exception"/>.</summary>
    public void Decode(ReadOnlySpan<byte> block, IHeaderSink sink)
    {
        var fields = false;
        while (!block.IsEmpty)
        {
            var first = block[0];
            if ((first & 0x80) != 0)
            {
                var field = Find(Number(ref block, 7));
                sink.Add(field.Name, field.Value);
            }
            else if ((first & 0xE0) == 0x20)
            {
                // Section 4.2: only in front.
                if (fields || !table.TryResize(Number(ref block, 5))) throw Failed("a size of the table that is too large or comes too late");
                continue;
            }
            else
            {
                var indexed = (first & 0x40) != 0;
                var index = Number(ref block, indexed ? 6 : 4);
                var known = index == 0 ? null : Find(index).Name;
                var name = known ?? Text(ref block, ref names);
                var value = Text(ref block, ref values);
                sink.Add(name, value);
                if (indexed) table.Add(new(known ?? name.ToArray(), value.ToArray()));
            }
            fields = true;
        }
    }

    private HeaderField Find(int index) => table.Find(index) ?? throw Failed("a field that is not in the table");

    /// <summary>Section 5.1.</summary>
    private static int Number(ref ReadOnlySpan<byte> from, int bits)
    {
        var most = (1 << bits) - 1;
        var number = from[0] & most;
        from = from[1..];
        if (number < most) return number;
        for (var shift = 0; shift < NumberBits; shift += 7)
        {
            if (from.IsEmpty) break;
            var next = from[0];
            from = from[1..];
            number += (next & 0x7F) << shift;
            if ((next & 0x80) == 0) return number;
        }
        throw Failed("a number that does not end");
    }

    /// <summary>Section 5.2; <paramref name="room"/> is for what has to be uncompressed.</summary>
    private static ReadOnlySpan<byte> Text(ref ReadOnlySpan<byte> from, ref byte[] room)
    {
        if (from.IsEmpty) throw Failed("a block that ends inside a field");
        var compressed = (from[0] & 0x80) != 0;
        var length = Number(ref from, 7);
        if (length > from.Length) throw Failed("a block that ends inside a field");
        var text = from[..length];
        from = from[length..];
        if (!compressed) return text;
        if (room.Length < HuffmanCode.Room(length)) room = new byte[HuffmanCode.Room(length)];
        var count = HuffmanCode.Decode(text, room);
        return count >= 0 ? room.AsSpan(0, count) : throw Failed("what is no Huffman code");
    }

    private static Http2Exception Failed(string what) => new(Http2ErrorCode.CompressionError, $"the header block has {what}");
}
