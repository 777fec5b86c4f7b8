using KubeFlex.Etcd.Grpc;
using KubeFlex.Etcd.Protocol;
using KubeFlex.Storage;

namespace KubeFlex.Etcd.Services;

/// <summary>A cluster of one member whose clients are named by their certificates: there are no members to add and no users.</summary>
internal sealed class ClusterService(EtcdOptions options)
{
    public async Task MemberListAsync(GrpcCall call, Store store)
    {
        await call.ReadOneAsync(MemberListRequest.Parser);
        var member = new Protocol.Member { ID = Member.Id, Name = "kubeflex" };
        member.ClientURLs.AddRange(options.ClientUrls);
        call.WriteLast(new MemberListResponse { Header = Member.Header(store.Revision), Members = { member } });
    }

    public async Task AuthStatusAsync(GrpcCall call, Store store)
    {
        await call.ReadOneAsync(AuthStatusRequest.Parser);
        call.WriteLast(new AuthStatusResponse { Header = Member.Header(store.Revision), AuthRevision = 1 });
    }

    public async Task AuthenticateAsync(GrpcCall call, Store store)
    {
        await call.ReadOneAsync(AuthenticateRequest.Parser);
        throw new GrpcException(GrpcCode.FailedPrecondition, "etcdserver: authentication is not enabled");
    }
}
