using System.Buffers.Binary;

namespace KubeFlex.Storage.Dialects.Sqlite;

/// <summary>
/// A row in the journal or in a pack (<see cref="LogPack"/>), little-endian: store, sequence, mod revision, create revision, version and lease (64 bits each), the lengths of key and value (32 bits each), key,
/// value.
/// </summary>
internal static class JournalRow
{
    private const int Head = (6 * sizeof(long)) + (2 * sizeof(int));

    /// <summary>The row without what the index hangs on to it: neither may keep the other's alive.</summary>
    public static KeyValue Bare(KeyValue row) => new()
    {
        Key = row.Key, Value = row.Value, CreateRevision = row.CreateRevision, ModRevision = row.ModRevision, Version = row.Version, Lease = row.Lease, Sequence = row.Sequence,
    };

    /// <summary>Its bytes.</summary>
    public static int Size(KeyValue row) => Head + row.Key.Length + row.Value.Length;

    /// <summary>Puts it at the beginning of a span.</summary>
    public static void Encode(Span<byte> to, long store, KeyValue row)
    {
        foreach (var number in (ReadOnlySpan<long>)[store, row.Sequence, row.ModRevision, row.CreateRevision, row.Version, row.Lease])
        {
            BinaryPrimitives.WriteInt64LittleEndian(to, number);
            to = to[sizeof(long)..];
        }
        foreach (var length in (ReadOnlySpan<int>)[row.Key.Length, row.Value.Length])
        {
            BinaryPrimitives.WriteInt32LittleEndian(to, length);
            to = to[sizeof(int)..];
        }
        row.Key.CopyTo(to);
        row.Value.CopyTo(to[row.Key.Length..]);
    }

    /// <summary>Takes one from the beginning of a span; answers its bytes.</summary>
    /// <exception cref="InvalidDataException">There is none.</exception>
    public static int Decode(ReadOnlySpan<byte> from, Action<long, KeyValue> row)
    {
        if (from.Length < Head) throw new InvalidDataException("a row is cut off");
        var lengths = from[(6 * sizeof(long))..];
        var (key, value) = (BinaryPrimitives.ReadInt32LittleEndian(lengths), BinaryPrimitives.ReadInt32LittleEndian(lengths[sizeof(int)..]));
        if (key < 0 || value < 0 || (long)key + value > from.Length - Head) throw new InvalidDataException("a row is longer than what holds it");
        row(Number(from, 0), new()
        {
            Sequence = Number(from, 1),
            ModRevision = Number(from, 2),
            CreateRevision = Number(from, 3),
            Version = Number(from, 4),
            Lease = Number(from, 5),
            Key = from.Slice(Head, key).ToArray(),
            Value = from.Slice(Head + key, value).ToArray(),
        });
        return Head + key + value;
    }

    private static long Number(ReadOnlySpan<byte> from, int place) => BinaryPrimitives.ReadInt64LittleEndian(from[(place * sizeof(long))..]);
}
