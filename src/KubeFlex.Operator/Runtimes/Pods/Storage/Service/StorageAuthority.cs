using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KubeFlex.Operator.Hosting;
using KubeFlex.Runtime.Certificates;

namespace KubeFlex.Operator.Runtimes.Pods.Storage.Service;

/// <summary>
/// The storage service's certificate authority as it lies in its secret. It lives ten years; in its last year a new one takes over by the calendar alone:
/// <code>
/// a year before the end    ca.crt = old new   signed by old     both are trusted, and everything rolls out once
/// a month later            ca.crt = new old   signed by new     everything is issued again, and rolls out
/// at the end of the old    ca.crt = new
/// </code>
/// So there is no moment at which a server shows what its clients do not trust yet.
/// </summary>
internal sealed class StorageAuthority : IDisposable
{
    private const string CommonName = "kubeflex-storage-ca";
    private const string Certificate = "ca.crt", Key = "ca.key", NextCertificate = "ca-next.crt", NextKey = "ca-next.key";

    private static readonly TimeSpan LastYear = TimeSpan.FromDays(365);
    private static readonly TimeSpan Overlap = TimeSpan.FromDays(30);

    private readonly TimeProvider time;
    private readonly List<X509Certificate2> former = [];
    private CertificateAuthority signing;
    private CertificateAuthority? next;

    private StorageAuthority(CertificateAuthority signing, TimeProvider time) => (this.signing, this.time) = (signing, time);

    /// <summary>Keys of the secret that must be there.</summary>
    public static IReadOnlyList<string> Keys { get; } = [Certificate, Key];

    /// <summary>All authorities to trust, the one that signs first.</summary>
    public string TrustPem => signing.CertificatePem + next?.CertificatePem + string.Concat(former.Select(c => c.ExportCertificatePem() + "\n"));

    /// <summary>A new one.</summary>
    public static StorageAuthority Create(TimeProvider time) => new(CertificateAuthority.Create(CommonName, time, "KubeFlex"), time);

    /// <summary>The one in the secret; a new one when it is damaged or at its end.</summary>
    public static StorageAuthority Load(IReadOnlyDictionary<string, string> secret, TimeProvider time)
    {
        var authority = new StorageAuthority(Authorities.LoadOrCreate(secret, "ca", CommonName, time), time);
        // Left over beside the authority that it has become, it is no next one.
        if (secret.TryGetValue(NextCertificate, out var next) && next != authority.signing.CertificatePem) authority.next = Authorities.LoadOrCreate(secret, "ca-next", CommonName, time);
        authority.former.AddRange(Others(secret.GetValueOrDefault(Certificate, ""), [authority.signing.CertificatePem, authority.next?.CertificatePem ?? ""])
            .Where(c => c.NotAfter.ToUniversalTime() > time.GetUtcNow()));
        return authority;
    }

    /// <summary>Goes to where the calendar has it; to be written into the secret before anything is issued.</summary>
    public void Advance()
    {
        var now = time.GetUtcNow();
        if (next is null && signing.NotAfter - LastYear <= now) next = CertificateAuthority.Create(CommonName, time, "KubeFlex");
        if (next is null || MadeAt(next) + Overlap > now) return;
        former.Add(X509Certificate2.CreateFromPem(signing.CertificatePem));
        signing.Dispose();
        (signing, next) = (next, null);
    }

    /// <summary>A client's certificate.</summary>
    public IssuedCertificate IssueClient(string commonName, string organization) => signing.IssueClient(commonName, organization);

    /// <summary>A server's certificate.</summary>
    public IssuedCertificate IssueServing(string commonName, IReadOnlyList<string> names) => signing.IssueServing(commonName, names, [System.Net.IPAddress.Loopback]);

    /// <summary>The secret.</summary>
    public SecretContent ToSecret()
    {
        var values = new Dictionary<string, string> { [Certificate] = TrustPem, [Key] = signing.KeyPem };
        if (next is not null) (values[NextCertificate], values[NextKey]) = (next.CertificatePem, next.KeyPem);
        return new SecretContent(StorageServiceNames.AuthoritySecret, "", values, Due(), signing.NotAfter);
    }

    public void Dispose()
    {
        signing.Dispose();
        next?.Dispose();
        foreach (var certificate in former) certificate.Dispose();
    }

    private DateTimeOffset Due()
    {
        var step = next is null ? signing.NotAfter - LastYear : MadeAt(next) + Overlap;
        return former.Select(c => new DateTimeOffset(c.NotAfter.ToUniversalTime())).Append(step).Min();
    }

    // An authority's life and its end tell its beginning.
    private static DateTimeOffset MadeAt(CertificateAuthority authority) => authority.NotAfter - CertificateAuthority.AuthorityLifetime;

    private static List<X509Certificate2> Others(string bundle, string[] known)
    {
        try
        {
            var all = new X509Certificate2Collection();
            all.ImportFromPem(bundle);
            return [.. all.Where(c => !known.Contains(c.ExportCertificatePem() + "\n"))];
        }
        catch (CryptographicException)
        {
            return [];
        }
    }
}
