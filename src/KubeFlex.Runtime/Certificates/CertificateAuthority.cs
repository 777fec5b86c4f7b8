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

    private readonly X509Certificate2 certificate;
    private readonly AsymmetricAlgorithm key;
    private readonly X509SignatureGenerator signer;
    private readonly TimeProvider time;

    private CertificateAuthority(X509Certificate2 certificate, AsymmetricAlgorithm key, TimeProvider time)
    {
        (this.certificate, this.key, this.time) = (certificate, key, time);
        signer = key switch
        {
            ECDsa ecdsa => X509SignatureGenerator.CreateForECDsa(ecdsa),
            RSA rsa => X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1),
            _ => throw new CryptographicException("a certificate authority's key is ECDSA or RSA"),
        };
        CertificatePem = certificate.ExportCertificatePem() + "\n";
        KeyPem = key.ExportPkcs8PrivateKeyPem() + "\n";
    }

    /// <summary>The authority's certificate.</summary>
    public string CertificatePem { get; }

    /// <summary>The authority's private key (PKCS#8).</summary>
    public string KeyPem { get; }

    /// <summary>End of the authority's life.</summary>
    public DateTimeOffset NotAfter => certificate.NotAfter.ToUniversalTime();

    /// <summary>Makes a new authority.</summary>
    public static CertificateAuthority Create(string commonName, TimeProvider time, string? organization = null, string? unit = null)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Subject(commonName, organization is null ? [] : [organization], unit), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = time.GetUtcNow();
        var made = request.Create(request.SubjectName, X509SignatureGenerator.CreateForECDsa(key), now - Skew, now + AuthorityLifetime, Serial());
        return new CertificateAuthority(made, key, time);
    }

    /// <summary>Reads an authority back. Throws <see cref="CryptographicException"/> or <see cref="ArgumentException"/> when the two are no matching pair.</summary>
    public static CertificateAuthority Load(string certificatePem, string keyPem, TimeProvider time)
    {
        var certificate = X509Certificate2.CreateFromPem(certificatePem);
        var key = ImportKey(certificate, keyPem);
        if (!certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(PublicKeyOf(key)))
        {
            key.Dispose();
            certificate.Dispose();
            throw new CryptographicException("the certificate authority's key does not belong to its certificate");
        }
        return new CertificateAuthority(certificate, key, time);
    }

    /// <summary>A server's certificate. Names that are IP addresses go into <paramref name="addresses"/>.</summary>
    public IssuedCertificate IssueServing(string commonName, IEnumerable<string> dnsNames, IEnumerable<IPAddress> addresses)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in dnsNames.Distinct(StringComparer.OrdinalIgnoreCase)) names.AddDnsName(name);
        foreach (var address in addresses.Distinct()) names.AddIpAddress(address);
        return Issue(Subject(commonName, [], null), ServerAuthentication, names.Build(), LeafLifetime);
    }

    /// <summary>A client's certificate: the common name is the user, the organizations are the groups.</summary>
    public IssuedCertificate IssueClient(string commonName, params IReadOnlyList<string> organizations) =>
        Issue(Subject(commonName, organizations, null), ClientAuthentication, null, LeafLifetime);

    /// <summary>The same with a life of its own, which the authority's own end may shorten.</summary>
    public IssuedCertificate IssueClient(string commonName, IReadOnlyList<string> organizations, TimeSpan lifetime) =>
        Issue(Subject(commonName, organizations, null), ClientAuthentication, null, lifetime);

    /// <inheritdoc/>
    public void Dispose()
    {
        certificate.Dispose();
        key.Dispose();
    }

    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private IssuedCertificate Issue(X500DistinguishedName subject, string usage, X509Extension? names, TimeSpan lifetime)
    {
        using var leaf = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, leaf, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        // Authorities of older installations bear no key identifier to refer to.
        if (certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault() is { } identifier)
            request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(identifier));
        if (names is not null) request.CertificateExtensions.Add(names);
        var now = time.GetUtcNow();
        var end = lifetime < NotAfter - now ? now + lifetime : NotAfter;
        using var made = request.Create(certificate.SubjectName, signer, now - Skew, end, Serial());
        return new IssuedCertificate(made.ExportCertificatePem() + "\n", leaf.ExportPkcs8PrivateKeyPem() + "\n", end);
    }

    private static X500DistinguishedName Subject(string commonName, IReadOnlyList<string> organizations, string? unit)
    {
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(commonName);
        if (unit is not null) subject.AddOrganizationalUnitName(unit);
        foreach (var organization in organizations) subject.AddOrganizationName(organization);
        return subject.Build();
    }

    private static byte[] Serial()
    {
        // RFC 5280, 4.1.2.2: positive, at most 20 octets; a set top bit would make it negative, a zero first octet would not be minimal.
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7f) | 0x40);
        return serial;
    }

    private static AsymmetricAlgorithm ImportKey(X509Certificate2 certificate, string keyPem)
    {
        AsymmetricAlgorithm key = certificate.GetKeyAlgorithm() == "1.2.840.113549.1.1.1" ? RSA.Create() : ECDsa.Create();
        key.ImportFromPem(keyPem);
        return key;
    }

    private static byte[] PublicKeyOf(AsymmetricAlgorithm key) => key.ExportSubjectPublicKeyInfo();
}
