using System.Security.Cryptography;
using KubeFlex.Runtime.Certificates;

namespace KubeFlex.Operator.Hosting;

/// <summary>Certificate authorities that lie in secrets.</summary>
internal static class Authorities
{
    /// <summary>The authority under <c>&lt;prefix&gt;.crt</c> and <c>.key</c> if it is usable, else a new one.</summary>
    public static CertificateAuthority LoadOrCreate(IReadOnlyDictionary<string, string>? secret, string prefix, string commonName, TimeProvider time)
    {
        try
        {
            if (secret is not null && secret.TryGetValue(prefix + ".crt", out var certificate) && secret.TryGetValue(prefix + ".key", out var key))
            {
                var authority = CertificateAuthority.Load(certificate, key, time);
                if (authority.NotAfter > time.GetUtcNow()) return authority;
                authority.Dispose();
            }
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            // Damaged beyond use: nothing that trusts it can be saved.
        }
        return CertificateAuthority.Create(commonName, time);
    }
}
