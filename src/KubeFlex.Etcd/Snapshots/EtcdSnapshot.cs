using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using KubeFlex.Etcd.Protocol;
using KubeFlex.Storage;

namespace KubeFlex.Etcd.Snapshots;

/// <summary>A store as the file that <c>etcdctl snapshot save</c> keeps and a stock etcd restores: its database and the SHA-256 of that.</summary>
internal sealed class EtcdSnapshot
{
    private readonly BoltFile file;

    private EtcdSnapshot(BoltFile file) => this.file = file;

    public long Size => file.Size + SHA256.HashSizeInBytes;

    public static EtcdSnapshot Of(StoreView view, IReadOnlyList<Storage.LeaseStatus> leases)
    {
        var keys = new List<BoltRow>();
        foreach (var (item, sub) in Revisions.Number(view.Versions()))
            keys.Add(new(Revisions.Key(item, sub), Revisions.ValueSize(item), to => Revisions.WriteValue(to.Span, item)));
        var meta = new List<BoltRow> { BoltRow.Of(Name("consistent_index"), Number(view.Revision)) };
        if (view.CompactedRevision > 0)
        {
            meta.Add(BoltRow.Of(Name("finishedCompactRev"), Revisions.Key(view.CompactedRevision)));
            meta.Add(BoltRow.Of(Name("scheduledCompactRev"), Revisions.Key(view.CompactedRevision)));
        }
        var rows = leases.OrderBy(lease => lease.Id)
            .Select(lease => BoltRow.Of(Number(lease.Id), new StoredLease { ID = lease.Id, TTL = lease.Ttl, RemainingTTL = lease.Remaining }.ToByteArray()));
        // The buckets of a new etcd; what is not ours is there and empty.
        return new(new BoltFile([
            (Name("alarm"), []), (Name("auth"), []), (Name("authRoles"), []), (Name("authUsers"), []), (Name("cluster"), []),
            (Name("key"), keys), (Name("lease"), [.. rows]), (Name("members"), []), (Name("members_removed"), []), (Name("meta"), meta)]));
    }

    /// <summary>The bytes in pieces.</summary>
    public IEnumerable<byte[]> Read(int piece)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var waiting = new MemoryStream(piece * 2);
        foreach (var page in file.Pages())
        {
            hash.AppendData(page);
            waiting.Write(page);
            if (waiting.Length < piece) continue;
            yield return waiting.ToArray();
            waiting.SetLength(0);
        }
        waiting.Write(hash.GetHashAndReset());
        yield return waiting.ToArray();
    }

    private static byte[] Name(string name) => Encoding.ASCII.GetBytes(name);

    private static byte[] Number(long number)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        return bytes;
    }
}
