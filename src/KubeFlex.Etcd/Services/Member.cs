using KubeFlex.Etcd.Protocol;

namespace KubeFlex.Etcd.Services;

/// <summary>What a cluster of one says of itself in every answer.</summary>
internal static class Member
{
    public const ulong ClusterId = 0x6B7562656C657831;
    public const ulong Id = 0x6B7562656C657832;

    /// <summary>A new etcd of one member has had one election and one configuration change.</summary>
    public const ulong Term = 2;

    public static ResponseHeader Header(long revision) => new() { ClusterId = ClusterId, MemberId = Id, Revision = revision, RaftTerm = Term };
}
