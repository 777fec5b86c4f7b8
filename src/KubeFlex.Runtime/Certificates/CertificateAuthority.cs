using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KubeFlex.Runtime.Certificates;

/// <summary>A certificate with its key, both PEM (the key PKCS#8).</summary>
/// <param name="CertificatePem">Certificate.</param>
/// <param name="KeyPem">Private key.</param>
/// <param name="NotAfter">End of its life.</param>
public sealed record IssuedCertificate(string CertificatePem, string KeyPem, DateTimeOffset NotAfter)
{
    /// <summary>The pair as a certificate that TLS can use on every platform.</summary>
    public X509Certificate2 ToCertificate()
    {
        // Windows' TLS does not take the ephemeral keys that PEM gives; a PKCS#12 round trip does it everywhere.
        using var pair = X509Certificate2.CreateFromPem(CertificatePem, KeyPem);
        return X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null);
    }
}

/// <summary>
/// A certificate authority: ECDSA P-256 when made here; RSA ones of older installations load as well. Serial numbers are random,
/// lives begin an hour early (clocks differ), leaves live a year, but never longer than the authority. Safe for concurrent use.
/// </summary>
public sealed class CertificateAuthority : IDisposable
{
    /// <summary>Life of a leaf.</summary>
    public static readonly TimeSpan LeafLifetime = TimeSpan.FromDays(365);

    /// <summary>Life of an authority.</summary>
    public static readonly TimeSpan AuthorityLifetime = TimeSpan.FromDays(3650);

    private static readonly TimeSpan Skew = TimeSpan.FromHours(1);

    private static readonly X509Extension[] OfAuthorities =
    [
        new X509BasicConstraintsExtension(true, false, 0, true),
        new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, true),
    ];

    private static readonly X509Extension[] OfServers = OfLeaves("1.3.6.1.5.5.7.3.1"), OfClients = OfLeaves("1.3.6.1.5.5.7.3.2");

    private readonly AsymmetricAlgorithm key;
    private readonly CertificateWriter writer;
    private readonly X509Extension? identifier;
    private readonly TimeProvider time;

    private CertificateAuthority(string certificatePem, AsymmetricAlgorithm key, CertificateWriter writer, X509SubjectKeyIdentifierExtension? identifier, DateTimeOffset end, TimeProvider time)
    {
        (CertificatePem, this.key, this.writer, NotAfter, this.time) = (certificatePem, key, writer, end, time);
        // Authorities of older installations bear no key identifier to refer to.
        this.identifier = identifier is null ? null : X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(identifier);
        KeyPem = key.ExportPkcs8PrivateKeyPem() + "\n";
    }

    /// <summary>The authority's certificate.</summary>
    public string CertificatePem { get; }

    /// <summary>The authority's private key (PKCS#8).</summary>
    public string KeyPem { get; }

    /// <summary>End of the authority's life.</summary>
    public DateTimeOffset NotAfter { get; }

    /// <summary>Makes a new authority.</summary>
    public static CertificateAuthority Create(string commonName, TimeProvider time, string? organization = null, string? unit = null)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = Subject(commonName, organization is null ? [] : [organization], unit);
        var publicKey = key.ExportSubjectPublicKeyInfo();
        // RFC 7093, 2: the leftmost 160 bits of SHA-256 over the key.
        var identifier = new X509SubjectKeyIdentifierExtension(SHA256.HashData(publicKey).AsSpan(0, 20), false);
        var writer = new CertificateWriter(subject, SignerOf(key));
        var (now, end) = (time.GetUtcNow(), Seconds(time.GetUtcNow() + AuthorityLifetime));
        return new CertificateAuthority(writer.Write(subject, publicKey, now - Skew, end, [.. OfAuthorities, identifier]), key, writer, identifier, end, time);
    }

    /// <summary>Reads an authority back. Throws <see cref="CryptographicException"/> or <see cref="ArgumentException"/> when the two are no matching pair.</summary>
    public static CertificateAuthority Load(string certificatePem, string keyPem, TimeProvider time)
    {
        using var certificate = X509Certificate2.CreateFromPem(certificatePem);
        var key = ImportKey(certificate, keyPem);
        if (!certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(PublicKeyOf(key)))
        {
            key.Dispose();
            throw new CryptographicException("the certificate authority's key does not belong to its certificate");
        }
        return new CertificateAuthority(certificate.ExportCertificatePem() + "\n", key, new CertificateWriter(certificate.SubjectName, SignerOf(key)),
            certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault(), certificate.NotAfter.ToUniversalTime(), time);
    }

    /// <summary>A server's certificate. Names that are IP addresses go into <paramref name="addresses"/>.</summary>
    public IssuedCertificate IssueServing(string commonName, IEnumerable<string> dnsNames, IEnumerable<IPAddress> addresses)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in dnsNames.Distinct(StringComparer.OrdinalIgnoreCase)) names.AddDnsName(name);
        foreach (var address in addresses.Distinct()) names.AddIpAddress(address);
        return Issue(Subject(commonName, [], null), [.. OfServers, names.Build()], LeafLifetime);
    }

    /// <summary>A client's certificate: the common name is the user, the organizations are the groups.</summary>
    public IssuedCertificate IssueClient(string commonName, params IReadOnlyList<string> organizations) =>
        Issue(Subject(commonName, organizations, null), OfClients, LeafLifetime);

    /// <summary>The same with a life of its own, which the authority's own end may shorten.</summary>
    public IssuedCertificate IssueClient(string commonName, IReadOnlyList<string> organizations, TimeSpan lifetime) =>
        Issue(Subject(commonName, organizations, null), OfClients, lifetime);

    /// <inheritdoc/>
    public void Dispose() => key.Dispose();

    private IssuedCertificate Issue(X500DistinguishedName subject, IReadOnlyList<X509Extension> extensions, TimeSpan lifetime)
    {
        using var leaf = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = time.GetUtcNow();
        var end = lifetime < NotAfter - now ? now + lifetime : NotAfter;
        var pem = writer.Write(subject, leaf.ExportSubjectPublicKeyInfo(), now - Skew, end, identifier is null ? extensions : [.. extensions, identifier]);
        return new IssuedCertificate(pem, leaf.ExportPkcs8PrivateKeyPem() + "\n", end);
    }

    private static X509Extension[] OfLeaves(string usage) =>
    [
        new X509BasicConstraintsExtension(false, false, 0, true),
        new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true),
        new X509EnhancedKeyUsageExtension([new Oid(usage)], false),
    ];

    private static X509SignatureGenerator SignerOf(AsymmetricAlgorithm key) => key switch
    {
        ECDsa ecdsa => X509SignatureGenerator.CreateForECDsa(ecdsa),
        RSA rsa => X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1),
        _ => throw new CryptographicException("a certificate authority's key is ECDSA or RSA"),
    };

    private static DateTimeOffset Seconds(DateTimeOffset time) => new(time.UtcTicks - time.UtcTicks % TimeSpan.TicksPerSecond, TimeSpan.Zero);

    private static X500DistinguishedName Subject(string commonName, IReadOnlyList<string> organizations, string? unit)
    {
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(commonName);
        if (unit is not null) subject.AddOrganizationalUnitName(unit);
        foreach (var organization in organizations) subject.AddOrganizationName(organization);
        return subject.Build();
    }

    private static AsymmetricAlgorithm ImportKey(X509Certificate2 certificate, string keyPem)
    {
        AsymmetricAlgorithm key = certificate.GetKeyAlgorithm() == "1.2.840.113549.1.1.1" ? RSA.Create() : ECDsa.Create();
        key.ImportFromPem(keyPem);
        return key;
    }

    private static byte[] PublicKeyOf(AsymmetricAlgorithm key) => key.ExportSubjectPublicKeyInfo();
}
