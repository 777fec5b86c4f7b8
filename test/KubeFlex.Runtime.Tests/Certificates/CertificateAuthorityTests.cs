using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KubeFlex.Runtime.Certificates;
using KubeFlex.Testing;

namespace KubeFlex.Runtime.Tests.Certificates;

public sealed class CertificateAuthorityTests
{
    private readonly ManualTime time = new();

    [Fact]
    public void A_leaf_chains_to_its_authority_and_to_no_other()
    {
        using var authority = CertificateAuthority.Create("kubernetes", time, "Kubernetes", "API Server");
        using var other = CertificateAuthority.Create("kubernetes", time, "Kubernetes", "API Server");
        using var leaf = authority.IssueClient("jane", "dev", "ops").ToCertificate();

        Assert.True(Chains(leaf, authority));
        Assert.False(Chains(leaf, other));
    }

    [Fact]
    public void A_serving_certificate_bears_names_addresses_and_the_server_usage()
    {
        using var authority = CertificateAuthority.Create("ca", time);
        using var leaf = authority.IssueServing("kube-apiserver", ["cp1.localtest.me", "localhost", "LOCALHOST"], [IPAddress.Loopback, IPAddress.IPv6Loopback]).ToCertificate();

        var names = leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single();
        Assert.Equal(["cp1.localtest.me", "localhost"], names.EnumerateDnsNames());
        Assert.Equal([IPAddress.Loopback, IPAddress.IPv6Loopback], names.EnumerateIPAddresses());
        Assert.Equal(["1.3.6.1.5.5.7.3.1"], Usages(leaf));
        Assert.True(leaf.HasPrivateKey);
        Assert.Equal("CN=kube-apiserver", leaf.Subject);
    }

    [Fact]
    public void A_client_certificate_names_user_and_groups()
    {
        using var authority = CertificateAuthority.Create("ca", time);
        using var leaf = authority.IssueClient("kubernetes-admin", "system:masters", "others").ToCertificate();

        var parts = leaf.SubjectName.EnumerateRelativeDistinguishedNames().Select(r => $"{r.GetSingleElementType().FriendlyName}={r.GetSingleElementValue()}").Order();
        Assert.Equal(["CN=kubernetes-admin", "O=others", "O=system:masters"], parts);
        Assert.Equal(["1.3.6.1.5.5.7.3.2"], Usages(leaf));
    }

    [Fact]
    public void Lives_begin_an_hour_early_last_a_year_and_end_with_the_authority()
    {
        using var authority = CertificateAuthority.Create("ca", time);
        var now = time.GetUtcNow();
        using (var leaf = authority.IssueClient("a").ToCertificate())
        {
            Assert.Equal(now.AddHours(-1).UtcDateTime, leaf.NotBefore.ToUniversalTime());
            Assert.Equal(now.AddDays(365).UtcDateTime, leaf.NotAfter.ToUniversalTime());
        }
        time.Advance(TimeSpan.FromDays(3500));
        Assert.Equal(authority.NotAfter, authority.IssueClient("a").NotAfter);
    }

    [Fact]
    public void Serials_are_positive_and_differ()
    {
        using var authority = CertificateAuthority.Create("ca", time);
        var serials = Enumerable.Range(0, 50).Select(i =>
        {
            using var leaf = X509Certificate2.CreateFromPem(authority.IssueClient($"u{i}").CertificatePem);
            return leaf.SerialNumber;
        }).ToList();
        Assert.Equal(50, serials.Distinct().Count());
        Assert.All(serials, s => Assert.InRange(Convert.ToByte(s[..2], 16), 0x40, 0x7f));
    }

    [Fact]
    public void An_authority_read_back_issues_what_the_first_one_vouches_for()
    {
        using var authority = CertificateAuthority.Create("ca", time);
        using var again = CertificateAuthority.Load(authority.CertificatePem, authority.KeyPem, time);
        using var leaf = again.IssueClient("jane").ToCertificate();
        Assert.True(Chains(leaf, authority));
        Assert.Contains("BEGIN PRIVATE KEY", authority.KeyPem, StringComparison.Ordinal);
    }

    [Fact]
    public void An_authority_of_an_older_installation_has_an_RSA_key()
    {
        using var rsa = RSA.Create(2048);
        var request = new CertificateRequest("CN=kubernetes", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var old = request.CreateSelfSigned(time.GetUtcNow().AddDays(-1), time.GetUtcNow().AddDays(1000));
        using var authority = CertificateAuthority.Load(old.ExportCertificatePem(), rsa.ExportRSAPrivateKeyPem(), time);
        using var leaf = authority.IssueClient("jane").ToCertificate();
        Assert.True(Chains(leaf, authority));
    }

    [Fact]
    public void A_key_of_another_authority_is_refused()
    {
        using var one = CertificateAuthority.Create("ca", time);
        using var two = CertificateAuthority.Create("ca", time);
        Assert.Throws<CryptographicException>(() => CertificateAuthority.Load(one.CertificatePem, two.KeyPem, time));
    }

    [Fact]
    public void A_signing_key_reads_back_and_nonsense_does_not()
    {
        var key = SigningKey.Create();
        Assert.Equal(key.PublicPem, SigningKey.TryLoad(key.PrivatePem)?.PublicPem);
        using var rsa = RSA.Create(2048);
        Assert.NotNull(SigningKey.TryLoad(rsa.ExportRSAPrivateKeyPem()));
        Assert.Null(SigningKey.TryLoad("nonsense"));
    }

    private bool Chains(X509Certificate2 leaf, CertificateAuthority authority)
    {
        using var root = X509Certificate2.CreateFromPem(authority.CertificatePem);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        return chain.Build(leaf);
    }

    private static IEnumerable<string?> Usages(X509Certificate2 leaf) =>
        leaf.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages.Cast<Oid>().Select(o => o.Value);
}
