using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using KubeFlex.Storage;

namespace KubeFlex.Server.Sharing;

/// <summary>
/// Which server shall open a control plane that nobody has: rendezvous hashing. Every server weighs every name by a hash of both, the heaviest takes
/// it. So all agree without talking, names spread evenly, and when a server goes, only its own names move.
/// </summary>
internal static class Rendezvous
{
    /// <summary>The server of a name; null when there is none.</summary>
    public static StoreOwner? Choose(IReadOnlyList<StoreOwner> servers, string name) =>
        servers.MaxBy(server => (Weight(server.Url, name), server.Id));

    private static ulong Weight(string server, string name) => BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{server}\n{name}")));
}
