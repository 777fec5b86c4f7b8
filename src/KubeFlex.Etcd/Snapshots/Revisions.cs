using System.Buffers.Binary;
using KubeFlex.Etcd.Protocol;
using StoredKey = KubeFlex.Storage.KeyValue;

namespace KubeFlex.Etcd.Snapshots;

/// <summary>How etcd keeps versions in its file: the revision is the key (main number, underscore, number within the transaction; a <c>t</c> marks tombstones).</summary>
internal static class Revisions
{
    /// <summary>Numbers the changes of each revision from 0.</summary>
    public static IEnumerable<(StoredKey Item, long Sub)> Number(IReadOnlyList<StoredKey> versions)
    {
        long revision = 0, sub = 0;
        foreach (var item in versions)
        {
            sub = item.ModRevision == revision ? sub + 1 : 0;
            revision = item.ModRevision;
            yield return (item, sub);
        }
    }

    public static byte[] Key(StoredKey item, long sub)
    {
        var key = Key(item.ModRevision, sub, item.Version == 0 ? 18 : 17);
        if (item.Version == 0) key[17] = (byte)'t';
        return key;
    }

    public static byte[] Key(long revision, long sub = 0, int length = 17)
    {
        var key = new byte[length];
        BinaryPrimitives.WriteInt64BigEndian(key, revision);
        key[8] = (byte)'_';
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(9), sub);
        return key;
    }

    // A tombstone's row holds the key alone.
    public static int ValueSize(StoredKey item) => KeyValueWriter.Size(Stored(item));

    public static void WriteValue(Span<byte> to, StoredKey item) => KeyValueWriter.Write(to, Stored(item));

    private static StoredKey Stored(StoredKey item) =>
        item.Version > 0 ? item : new() { Key = item.Key, Value = [], CreateRevision = 0, ModRevision = 0, Version = 0 };
}
