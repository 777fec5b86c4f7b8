using Google.Protobuf;
using KubeFlex.Etcd.Grpc;
using KubeFlex.Etcd.Protocol;
using KubeFlex.Etcd.Snapshots;
using KubeFlex.Storage;

namespace KubeFlex.Etcd.Services;

/// <summary>Status, hashes, snapshots; what a database that looks after itself needs not be told (defragment, alarms) is answered with success.</summary>
internal sealed class MaintenanceService(EtcdOptions options)
{
    /// <summary>etcd's own pieces of a snapshot.</summary>
    private const int Piece = 32 << 10;

    public async Task StatusAsync(GrpcCall call, Store store)
    {
        await call.ReadOneAsync(StatusRequest.Parser);
        var revision = store.Revision;
        var size = options.DatabaseSize?.Invoke() ?? 0;
        call.WriteLast(new StatusResponse
        {
            Header = Member.Header(revision), Version = options.Version, StorageVersion = MinorVersion, DbSize = size, DbSizeInUse = size,
            // Raft's index counts requests; here every revision is one.
            Leader = Member.Id, RaftTerm = Member.Term, RaftIndex = (ulong)revision, RaftAppliedIndex = (ulong)revision,
        });
    }

    public async Task DefragmentAsync(GrpcCall call, Store store)
    {
        await call.ReadOneAsync(DefragmentRequest.Parser);
        call.WriteLast(new DefragmentResponse { Header = Member.Header(store.Revision) });
    }

    public async Task AlarmAsync(GrpcCall call, Store store)
    {
        var request = await call.ReadOneAsync(AlarmRequest.Parser);
        if (request.Action == AlarmRequest.Types.AlarmAction.Activate) throw EtcdErrors.Unsupported("alarms cannot be raised by clients");
        call.WriteLast(new AlarmResponse { Header = Member.Header(store.Revision) });
    }

    public async Task HashAsync(GrpcCall call, Store store)
    {
        await call.ReadOneAsync(HashRequest.Parser);
        await call.LeaveReaderAsync();
        var view = await store.ViewAsync(call.Cancellation);
        call.WriteLast(new HashResponse { Header = Member.Header(view.Revision), Hash = HistoryHash.Of(view, view.Revision) });
    }

    public async Task HashKvAsync(GrpcCall call, Store store)
    {
        var request = await call.ReadOneAsync(HashKVRequest.Parser);
        await call.LeaveReaderAsync();
        var view = await store.ViewAsync(call.Cancellation);
        var revision = request.Revision <= 0 ? view.Revision : request.Revision;
        if (revision < view.CompactedRevision) throw EtcdErrors.Compacted();
        if (revision > view.Revision) throw EtcdErrors.Future();
        var compacted = view.CompactedRevision;
        call.WriteLast(new HashKVResponse
        {
            // etcd says -1 before the first compaction.
            Header = Member.Header(view.Revision), Hash = HistoryHash.Of(view, revision), CompactRevision = compacted == 0 ? -1 : compacted, HashRevision = revision,
        });
    }

    public async Task SnapshotAsync(GrpcCall call, Store store)
    {
        await call.ReadOneAsync(SnapshotRequest.Parser);
        await call.LeaveReaderAsync();
        var view = await store.ViewAsync(call.Cancellation);
        var leases = new List<Storage.LeaseStatus>();
        foreach (var id in store.Leases)
        {
            if (await store.LeaseAsync(id, false, call.Cancellation) is { } lease) leases.Add(lease);
        }
        var snapshot = EtcdSnapshot.Of(view, leases);
        var left = snapshot.Size;
        foreach (var blob in snapshot.Read(Piece))
        {
            left -= blob.Length;
            await call.WriteAsync(new SnapshotResponse
            {
                Header = Member.Header(view.Revision), Blob = UnsafeByteOperations.UnsafeWrap(blob), RemainingBytes = (ulong)left, Version = MinorVersion,
            });
        }
    }

    private string MinorVersion => options.Version[..options.Version.LastIndexOf('.')];
}
