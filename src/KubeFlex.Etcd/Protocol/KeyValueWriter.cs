using System.Numerics;
using StoredKey = KubeFlex.Storage.KeyValue;

namespace KubeFlex.Etcd.Protocol;

/// <summary>
/// Writes a <c>KeyValue</c> message straight from the storage's object: ranges of thousands of keys need no message objects, and a snapshot no second
/// copy of the data.
/// </summary>
internal static class KeyValueWriter
{
    public static int Size(StoredKey item, bool value = true)
    {
        var size = Bytes(item.Key.Length) + (value ? Bytes(item.Value.Length) : 0);
        return size + Number(item.CreateRevision) + Number(item.ModRevision) + Number(item.Version) + Number(item.Lease);
    }

    /// <summary>A deletion: its key and its revision, and nothing else.</summary>
    public static int DeletedSize(StoredKey item) => Bytes(item.Key.Length) + Number(item.ModRevision);

    /// <summary>Returns what is left of the span.</summary>
    public static Span<byte> WriteDeleted(Span<byte> to, StoredKey item) => Number(Bytes(to, 1, item.Key), 3, item.ModRevision);

    /// <summary>Returns what is left of the span.</summary>
    public static Span<byte> Write(Span<byte> to, StoredKey item, bool value = true)
    {
        to = Bytes(to, 1, item.Key);
        to = Number(to, 2, item.CreateRevision);
        to = Number(to, 3, item.ModRevision);
        to = Number(to, 4, item.Version);
        if (value) to = Bytes(to, 5, item.Value);
        return Number(to, 6, item.Lease);
    }

    public static int VarintSize(ulong number) => (BitOperations.Log2(number | 1) / 7) + 1;

    public static Span<byte> Varint(Span<byte> to, ulong number)
    {
        var at = 0;
        while (number >= 0x80)
        {
            to[at++] = (byte)(number | 0x80);
            number >>= 7;
        }
        to[at++] = (byte)number;
        return to[at..];
    }

    private static int Bytes(int length) => length == 0 ? 0 : 1 + VarintSize((ulong)length) + length;

    private static int Number(long number) => number == 0 ? 0 : 1 + VarintSize((ulong)number);

    private static Span<byte> Bytes(Span<byte> to, int field, byte[] bytes)
    {
        if (bytes.Length == 0) return to;
        to[0] = (byte)(field << 3 | 2);
        to = Varint(to[1..], (ulong)bytes.Length);
        bytes.CopyTo(to);
        return to[bytes.Length..];
    }

    private static Span<byte> Number(Span<byte> to, int field, long number)
    {
        if (number == 0) return to;
        to[0] = (byte)(field << 3);
        return Varint(to[1..], (ulong)number);
    }
}
