using KubeFlex.Etcd.Grpc;
using KubeFlex.Storage;

namespace KubeFlex.Etcd;

/// <summary>The one place where failures become etcd's codes and words (its package <c>rpctypes</c>): clients compare the texts.</summary>
internal static class EtcdErrors
{
    public static GrpcException EmptyKey() => Invalid("key is not provided");

    public static GrpcException KeyNotFound() => Invalid("key not found");

    public static GrpcException ValueProvided() => Invalid("value is provided");

    public static GrpcException LeaseProvided() => Invalid("lease is provided");

    public static GrpcException TooManyOperations() => Invalid("too many operations in txn request");

    public static GrpcException SortOption() => Invalid("invalid sort option");

    public static GrpcException RequestTooLarge() => Invalid("request is too large");

    public static GrpcException Compacted() => new(GrpcCode.OutOfRange, "etcdserver: mvcc: required revision has been compacted");

    public static GrpcException Future() => new(GrpcCode.OutOfRange, "etcdserver: mvcc: required revision is a future revision");

    public static GrpcException LeaseTooLong() => new(GrpcCode.OutOfRange, "etcdserver: too large lease TTL");

    public static GrpcException LeaseNotFound() => new(GrpcCode.NotFound, "etcdserver: requested lease not found");

    public static GrpcException PermissionDenied() => new(GrpcCode.PermissionDenied, "etcdserver: permission denied");

    public static GrpcException Unsupported(string what) => new(GrpcCode.Unimplemented, $"etcdserver: {what}");

    /// <summary>What the storage refused; null for what nobody expected.</summary>
    public static GrpcException? Translate(Exception error) => error is StoreRefusedException refused ? new(GrpcCode.PermissionDenied, $"etcdserver: permission denied: {refused.Message}")
        : error is not StorageException storage ? null : storage.Failure switch
    {
        StorageFailure.Compacted => Compacted(),
        StorageFailure.Future => Future(),
        StorageFailure.LeaseNotFound => LeaseNotFound(),
        StorageFailure.LeaseExists => new(GrpcCode.FailedPrecondition, "etcdserver: lease already exists"),
        StorageFailure.LimitExceeded => new(GrpcCode.ResourceExhausted, $"etcdserver: {storage.Message}"),
        StorageFailure.Invalid => Invalid(storage.Message),
        // Clients of etcd try again elsewhere, or here when this server has opened the store anew.
        StorageFailure.NotOwner => new(GrpcCode.Unavailable, "etcdserver: leader changed"),
        StorageFailure.Closed => new(GrpcCode.Unavailable, "etcdserver: server stopped"),
        // What etcd says when it lost its quorum meanwhile: the write may have happened.
        StorageFailure.Undecided => new(GrpcCode.Unavailable, "etcdserver: request timed out"),
        _ => new(GrpcCode.Unavailable, $"etcdserver: {storage.Public}"),
    };

    private static GrpcException Invalid(string message) => new(GrpcCode.InvalidArgument, $"etcdserver: {message}");
}
