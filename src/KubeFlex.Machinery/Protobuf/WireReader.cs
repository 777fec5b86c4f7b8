using System.Buffers.Binary;

namespace KubeFlex.Machinery.Protobuf;

/// <summary>A cursor over protocol buffers' wire format. What is malformed ends with <see cref="InvalidDataException"/>.</summary>
internal ref struct WireReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> bytes = bytes;
    private int position;

    /// <summary>Reads the next field's number and value; false at the end.</summary>
    public bool Next(out int number, out WireValue value)
    {
        number = 0;
        value = default;
        if (position == bytes.Length) return false;
        var key = Varint();
        number = (int)(key >> 3);
        if (number <= 0) throw new InvalidDataException("proto: illegal tag");
        value = (key & 7) switch
        {
            0 => new WireValue(Varint(), default, Scalar: true),
            1 => new WireValue(BinaryPrimitives.ReadUInt64LittleEndian(Take(8)), default, Scalar: true),
            2 => new WireValue(0, Take(Length()), Scalar: false),
            5 => new WireValue(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)), default, Scalar: true),
            _ => throw new InvalidDataException("proto: illegal wireType"),
        };
        return true;
    }

    private int Length()
    {
        var length = Varint();
        return length <= (ulong)(bytes.Length - position) ? (int)length : throw Truncated();
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > bytes.Length - position) throw Truncated();
        var taken = bytes.Slice(position, length);
        position += length;
        return taken;
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (position == bytes.Length) throw Truncated();
            var b = bytes[position++];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80) return value;
        }
        throw new InvalidDataException("proto: integer overflow");
    }

    private static InvalidDataException Truncated() => new("unexpected EOF");
}

/// <summary>A field's value: a number or a run of bytes.</summary>
internal readonly ref struct WireValue
{
    private readonly ulong number;
    private readonly ReadOnlySpan<byte> bytes;
    private readonly bool scalar;

    public WireValue(ulong number, ReadOnlySpan<byte> bytes, bool Scalar)
    {
        (this.number, scalar) = (number, Scalar);
        this.bytes = bytes;
    }

    public ulong Number => scalar ? number : throw WrongType();

    public ReadOnlySpan<byte> Bytes => scalar ? throw WrongType() : bytes;

    public bool IsBytes => !scalar;

    private static InvalidDataException WrongType() => new("proto: wrong wireType");
}
