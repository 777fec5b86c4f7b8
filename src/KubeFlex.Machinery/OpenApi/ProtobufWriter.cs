using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace KubeFlex.Machinery.OpenApi;

/// <summary>Protocol buffers' wire format (proto3: empty values are not written), for messages that are built in one go.</summary>
internal sealed class ProtobufWriter
{
    private readonly ArrayBufferWriter<byte> buffer = new(256);

    public ReadOnlySpan<byte> Written => buffer.WrittenSpan;

    public void String(int field, string? value)
    {
        if (string.IsNullOrEmpty(value)) return;
        Key(field, 2);
        Varint((ulong)Encoding.UTF8.GetByteCount(value));
        Encoding.UTF8.GetBytes(value, buffer);
    }

    public void Bool(int field, bool value)
    {
        if (!value) return;
        Key(field, 0);
        Varint(1);
    }

    /// <summary>A member of a oneof is written also when it is false.</summary>
    public void OneOfBool(int field, bool value)
    {
        Key(field, 0);
        Varint(value ? 1u : 0u);
    }

    public void Int64(int field, long value)
    {
        if (value == 0) return;
        Key(field, 0);
        Varint((ulong)value);
    }

    public void Double(int field, double value)
    {
        if (value == 0) return;
        Key(field, 1);
        BinaryPrimitives.WriteDoubleLittleEndian(buffer.GetSpan(8), value);
        buffer.Advance(8);
    }

    /// <summary>A message inside this one; written also when empty, since its presence says something.</summary>
    public void Message(int field, Action<ProtobufWriter> write)
    {
        var inner = new ProtobufWriter();
        write(inner);
        Key(field, 2);
        Varint((ulong)inner.Written.Length);
        buffer.Write(inner.Written);
    }

    private void Key(int field, int wireType) => Varint((ulong)(field << 3 | wireType));

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7) Byte((byte)(value | 0x80));
        Byte((byte)value);
    }

    private void Byte(byte value)
    {
        buffer.GetSpan(1)[0] = value;
        buffer.Advance(1);
    }
}
