using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace KubeFlex.EndToEnd.Pods;

/// <summary>What an API server shows and trusts: its serving certificate for a name, and the authorities of clients.</summary>
internal delegate Task<(X509Certificate2 Serving, X509Certificate2Collection Clients)> TenantIdentity(string name, CancellationToken cancellation);

/// <summary>How each type comes to its certificates.</summary>
internal static class TenantIdentities
{
    /// <summary>kube-apiserver reads <c>k8s-certs</c>.</summary>
    public static TenantIdentity OfK8s(KubeApi api, string controlPlane) => async (_, cancellation) =>
    {
        var secret = await SecretAsync(api, controlPlane, "k8s-certs", cancellation);
        return (Usable(X509Certificate2.CreateFromPem(secret("apiserver.crt"), secret("apiserver.key"))), Bundle(secret("ca.crt")));
    };

    /// <summary>k3s issues its own by the authorities of <c>k3s-certs</c>.</summary>
    public static TenantIdentity OfK3s(KubeApi api, string controlPlane) => async (name, cancellation) =>
    {
        var secret = await SecretAsync(api, controlPlane, "k3s-certs", cancellation);
        using var authority = X509Certificate2.CreateFromPem(secret("server-ca.crt"), secret("server-ca.key"));
        return (Issue(authority, "k3s", name), Bundle(secret("client-ca.crt")));
    };

    /// <summary>vcluster makes an authority, and writes a kubeconfig into <c>vc-vcluster</c>.</summary>
    public static async Task<TenantIdentity> OfVClusterAsync(KubeApi api, string controlPlane)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=vcluster-ca", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        var authority = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddHours(-1), TimeProvider.System.GetUtcNow().AddYears(1));
        using var client = Issue(authority, "kubernetes-admin", null);
        string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
        var kubeconfig = $"""
            apiVersion: v1
            kind: Config
            clusters:
            - name: my-vcluster
              cluster: {"{"}certificate-authority-data: {Base64(authority.ExportCertificatePem())}, server: "https://{controlPlane}.localtest.me:9443"{"}"}
            contexts:
            - name: my-vcluster
              context: {"{"}cluster: my-vcluster, user: my-vcluster{"}"}
            current-context: my-vcluster
            users:
            - name: my-vcluster
              user: {"{"}client-certificate-data: {Base64(client.ExportCertificatePem())}, client-key-data: {Base64(client.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem())}{"}"}
            """;
        await api.CreateAsync($"api/v1/namespaces/{controlPlane}-system/secrets", new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "Secret", ["metadata"] = new JsonObject { ["name"] = "vc-vcluster" }, ["data"] = new JsonObject { ["config"] = Base64(kubeconfig) },
        }, CancellationToken.None);
        return (name, _) => Task.FromResult((Issue(authority, "vcluster", name), Bundle(authority.ExportCertificatePem())));
    }

    /// <summary>The values of a secret in a control plane's namespace.</summary>
    public static async Task<Func<string, string>> SecretAsync(KubeApi api, string controlPlane, string name, CancellationToken cancellation)
    {
        var secret = await api.FindAsync($"api/v1/namespaces/{controlPlane}-system/secrets/{name}", cancellation) ?? throw new IOException($"secret {name} is not there");
        return key => Encoding.UTF8.GetString(Convert.FromBase64String((string)secret["data"]![key]!));
    }

    private static X509Certificate2 Issue(X509Certificate2 authority, string subject, string? dnsName)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={subject}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(dnsName is null ? "1.3.6.1.5.5.7.3.2" : "1.3.6.1.5.5.7.3.1")], false));
        if (dnsName is not null)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(dnsName);
            request.CertificateExtensions.Add(names.Build());
        }
        using var issued = request.Create(authority, TimeProvider.System.GetUtcNow().AddMinutes(-5), TimeProvider.System.GetUtcNow().AddHours(1), RandomNumberGenerator.GetBytes(8));
        using var whole = issued.CopyWithPrivateKey(key);
        return Usable(whole);
    }

    private static X509Certificate2 Usable(X509Certificate2 certificate) => X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null, X509KeyStorageFlags.Exportable);

    private static X509Certificate2Collection Bundle(string pem)
    {
        var bundle = new X509Certificate2Collection();
        bundle.ImportFromPem(pem);
        return bundle;
    }
}
