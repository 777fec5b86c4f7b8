using System.Security.Cryptography;
using System.Text;

namespace KubeFlex.Machinery.Catalog;

/// <summary><c>storageVersionHash</c> of discovery: clients may compare it, nothing more.</summary>
internal static class StorageVersionHash
{
    /// <summary>Eight bytes of a digest of the stored kind.</summary>
    public static string Of(string group, string version, string kind) =>
        Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes($"{group}/{version}/{kind}")).AsSpan(0, 8));
}
