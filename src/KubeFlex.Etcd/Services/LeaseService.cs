using KubeFlex.Etcd.Grpc;
using KubeFlex.Etcd.Protocol;
using KubeFlex.Storage;

namespace KubeFlex.Etcd.Services;

/// <summary>Leases.</summary>
internal sealed class LeaseService(EtcdOptions options)
{
    public async Task GrantAsync(GrpcCall call, Store store)
    {
        var request = await call.ReadOneAsync(LeaseGrantRequest.Parser);
        if (request.TTL > Store.LongestLease) throw EtcdErrors.LeaseTooLong();
        var ttl = Math.Max(request.TTL, options.ShortestLease);
        var id = await store.GrantLeaseAsync(request.ID, ttl, call.Cancellation);
        call.WriteLast(new LeaseGrantResponse { Header = Member.Header(store.Revision), ID = id, TTL = ttl });
    }

    public async Task RevokeAsync(GrpcCall call, Store store)
    {
        var request = await call.ReadOneAsync(LeaseRevokeRequest.Parser);
        var revision = await store.RevokeLeaseAsync(request.ID, call.Cancellation);
        call.WriteLast(new LeaseRevokeResponse { Header = Member.Header(revision) });
    }

    public async Task KeepAliveAsync(GrpcCall call, Store store)
    {
        while (await call.ReadAsync(LeaseKeepAliveRequest.Parser) is { } request)
        {
            long ttl;
            try
            {
                ttl = await store.KeepLeaseAliveAsync(request.ID, call.Cancellation);
            }
            catch (StorageException e) when (e.Failure == StorageFailure.LeaseNotFound)
            {
                // The stream may carry other leases: the answer says that this one is gone.
                ttl = 0;
            }
            await call.WriteAsync(new LeaseKeepAliveResponse { Header = Member.Header(store.Revision), ID = request.ID, TTL = ttl });
        }
    }

    public async Task TimeToLiveAsync(GrpcCall call, Store store)
    {
        var request = await call.ReadOneAsync(LeaseTimeToLiveRequest.Parser);
        var response = new LeaseTimeToLiveResponse { Header = Member.Header(store.Revision), ID = request.ID, TTL = -1 };
        if (await store.LeaseAsync(request.ID, request.Keys, call.Cancellation) is { } lease)
        {
            (response.TTL, response.GrantedTTL) = (lease.Remaining, lease.Ttl);
            foreach (var key in lease.Keys) response.Keys.Add(Wire.Bytes(key));
        }
        call.WriteLast(response);
    }

    public async Task LeasesAsync(GrpcCall call, Store store)
    {
        await call.ReadOneAsync(LeaseLeasesRequest.Parser);
        var response = new LeaseLeasesResponse { Header = Member.Header(store.Revision) };
        foreach (var id in store.Leases) response.Leases.Add(new Protocol.LeaseStatus { ID = id });
        call.WriteLast(response);
    }
}
