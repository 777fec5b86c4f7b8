using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;
using KubeFlex.Runtime.Certificates;
using KubeFlex.Server.ControlPlanes;
using KubeFlex.Server.Data;

namespace KubeFlex.Server.Identity;

/// <summary>
/// The server's own certificates, in <c>pki/</c> of the data directory: an authority that lives as long as the directory, and leaves that are
/// made anew when they are missing, near their end, or do not name the address served on.
/// </summary>
internal sealed class ServerIdentity : IDisposable
{
    private const string HostingContext = "kubeflex-hosting";
    private readonly CertificateAuthority authority;
    private readonly IssuedCertificate serving;
    private readonly SigningKey serviceAccounts;
    private readonly Lazy<SslStreamCertificateContext> context;

    private ServerIdentity(CertificateAuthority authority, IssuedCertificate serving, SigningKey serviceAccounts)
    {
        (this.authority, this.serving, this.serviceAccounts) = (authority, serving, serviceAccounts);
        // The context keeps the certificate: it must not be disposed. Making it reads all authorities that the system trusts, which takes long:
        // the server does that while it opens its control plane.
        context = new(() => SslStreamCertificateContext.Create(serving.ToCertificate(), null, offline: true));
    }

    /// <summary>What is served to clients that name no control plane.</summary>
    public SslStreamCertificateContext Certificate => context.Value;

    public string CaPem => authority.CertificatePem;

    /// <summary>What the hosting control plane starts with.</summary>
    public ControlPlaneRecord HostingRecord => new("", CaPem, serving.CertificatePem, serving.KeyPem, serviceAccounts.PrivatePem);

    /// <summary>The authority, which with a shared datastore is that of all servers on it.</summary>
    public CertificateAuthority Authority => authority;

    /// <summary>Reads or makes it; <paramref name="advertised"/> is the host of the URL under which others reach the server, or null.</summary>
    public static ServerIdentity LoadOrCreate(DataDirectory directory, IPAddress address, string? advertised, string domain, TimeProvider time)
    {
        var authority = LoadAuthority(directory, time);
        File.WriteAllText(directory.CaFile, authority.CertificatePem);
        IPAddress[] addresses = [IPAddress.Loopback, IPAddress.IPv6Loopback, IPAddress.Parse("10.96.0.1"), .. IsWildcard(address) ? [] : new[] { address }];
        string[] names = ["localhost", domain, $"*.{domain}", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];
        if (IPAddress.TryParse(advertised, out var named)) addresses = [.. addresses, named];
        else if (advertised is not null) names = [.. names, advertised];
        var serving = authority.IssueServing("kubeflex", names, addresses.Distinct());
        return new ServerIdentity(authority, serving, LoadSigningKey(directory));
    }

    /// <summary>A client certificate with all rights on the hosting control plane.</summary>
    public IssuedCertificate IssueAdmin() => authority.IssueClient("kubeflex-admin", "system:masters");

    /// <summary>A kubeconfig with all rights on the hosting control plane, for the owner of the data directory only.</summary>
    public void WriteAdminKubeconfig(DataDirectory directory, string url)
    {
        var admin = IssueAdmin();
        static string Base64(string pem) => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(pem));
        var config = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Config",
            ["clusters"] = new JsonArray(new JsonObject
            {
                ["name"] = HostingContext,
                ["cluster"] = new JsonObject { ["server"] = url, ["certificate-authority-data"] = Base64(CaPem) },
            }),
            ["users"] = new JsonArray(new JsonObject
            {
                ["name"] = $"{HostingContext}-admin",
                ["user"] = new JsonObject { ["client-certificate-data"] = Base64(admin.CertificatePem), ["client-key-data"] = Base64(admin.KeyPem) },
            }),
            ["contexts"] = new JsonArray(new JsonObject
            {
                ["name"] = HostingContext,
                ["context"] = new JsonObject
                {
                    ["cluster"] = HostingContext,
                    ["user"] = $"{HostingContext}-admin",
                    ["namespace"] = "default",
                    ["extensions"] = Extension("is-hosting-cluster-ctx", "true"),
                },
            }),
            ["current-context"] = HostingContext,
            // kflex need not ask around which context is the hosting one.
            ["extensions"] = Extension("hosting-cluster-ctx-name", HostingContext),
        };
        DataDirectory.WriteAtomically(directory.AdminKubeconfig, System.Text.Encoding.UTF8.GetBytes(YamlWriter.Write(config)));
    }

    private static JsonArray Extension(string key, string value) => new(new JsonObject
    {
        ["name"] = "kubeflex",
        ["extension"] = new JsonObject { ["metadata"] = new JsonObject { ["name"] = "kubeflex" }, ["data"] = new JsonObject { [key] = value } },
    });

    public void Dispose() => authority.Dispose();

    private static bool IsWildcard(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    private static CertificateAuthority LoadAuthority(DataDirectory directory, TimeProvider time)
    {
        var (certificate, key) = (directory.Pki("ca.crt"), directory.Pki("ca.key"));
        if (File.Exists(certificate) && File.Exists(key)) return CertificateAuthority.Load(File.ReadAllText(certificate), File.ReadAllText(key), time);
        var authority = CertificateAuthority.Create("kubeflex", time, "KubeFlex");
        // The key first: a certificate without its key would be taken for an authority that cannot sign.
        DataDirectory.WriteAtomically(key, System.Text.Encoding.UTF8.GetBytes(authority.KeyPem));
        DataDirectory.WriteAtomically(certificate, System.Text.Encoding.UTF8.GetBytes(authority.CertificatePem));
        return authority;
    }

    private static SigningKey LoadSigningKey(DataDirectory directory)
    {
        var file = directory.Pki("sa.key");
        if (File.Exists(file) && SigningKey.TryLoad(File.ReadAllText(file)) is { } key) return key;
        var made = SigningKey.Create();
        DataDirectory.WriteAtomically(file, System.Text.Encoding.UTF8.GetBytes(made.PrivatePem));
        return made;
    }
}
