using System.Numerics;
using KubeFlex.Etcd.Protocol;
using KubeFlex.Storage;

namespace KubeFlex.Etcd.Snapshots;

/// <summary>etcd's HashKV: a CRC-32C over the bucket's name and the rows of all versions from the compacted revision to another one.</summary>
internal static class HistoryHash
{
    public static uint Of(StoreView view, long revision)
    {
        var hash = Add(uint.MaxValue, "key"u8);
        var buffer = new byte[256];
        foreach (var (item, sub) in Revisions.Number(view.Versions()))
        {
            if (item.ModRevision > revision) break;
            hash = Add(hash, Revisions.Key(item, sub));
            var size = Revisions.ValueSize(item);
            if (size > buffer.Length) buffer = new byte[size * 2];
            Revisions.WriteValue(buffer, item);
            hash = Add(hash, buffer.AsSpan(0, size));
        }
        return ~hash;
    }

    private static uint Add(uint hash, ReadOnlySpan<byte> bytes)
    {
        foreach (var b in bytes) hash = BitOperations.Crc32C(hash, b);
        return hash;
    }
}
