using System.Net;
using System.Security.Cryptography;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Runtime.Certificates;

namespace KubeFlex.Operator.Types.K8s;

/// <summary>
/// The keys and certificates of a control plane of type k8s, under the names that KubeFlex gives them in the secret <c>k8s-certs</c>. The
/// front-proxy authority is the cluster's authority, as KubeFlex has it.
/// </summary>
internal sealed class K8sCertificates : IDisposable
{
    public static readonly IReadOnlyList<string> Keys =
    [
        "ca.key", "ca.crt", "apiserver.key", "apiserver.crt", "apiserver-kubelet-client.key", "apiserver-kubelet-client.crt",
        "front-proxy-ca.crt", "front-proxy-client.key", "front-proxy-client.crt", "sa.key", "sa.pub",
    ];

    private static readonly IPAddress[] Addresses = [IPAddress.Loopback, IPAddress.IPv6Loopback, IPAddress.Parse("10.96.0.1")];

    private readonly SigningKey serviceAccounts;
    private readonly TimeProvider time;

    private K8sCertificates(CertificateAuthority authority, SigningKey serviceAccounts, TimeProvider time) =>
        (Authority, this.serviceAccounts, this.time) = (authority, serviceAccounts, time);

    public CertificateAuthority Authority { get; }

    /// <summary>New keys.</summary>
    public static K8sCertificates Create(TimeProvider time) =>
        new(CertificateAuthority.Create("kubernetes", time, "Kubernetes", "API Server"), SigningKey.Create(), time);

    /// <summary>Keeps the authority and the token key of an existing secret, as far as they are usable: clients hold certificates and tokens of theirs.</summary>
    public static K8sCertificates From(IReadOnlyDictionary<string, string> secret, TimeProvider time)
    {
        CertificateAuthority? authority = null;
        try
        {
            if (secret.TryGetValue("ca.crt", out var certificate) && secret.TryGetValue("ca.key", out var key))
                authority = CertificateAuthority.Load(certificate, key, time);
            if (authority is not null && authority.NotAfter <= time.GetUtcNow())
            {
                authority.Dispose();
                authority = null;
            }
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            // Damaged beyond use: nothing that trusts it can be saved.
        }
        return new K8sCertificates(
            authority ?? CertificateAuthority.Create("kubernetes", time, "Kubernetes", "API Server"),
            (secret.TryGetValue("sa.key", out var sa) ? SigningKey.TryLoad(sa) : null) ?? SigningKey.Create(), time);
    }

    /// <summary>Names and addresses of the serving certificate; those that depend on how the control plane is reached come in <paramref name="extra"/>.</summary>
    public static IReadOnlyList<string> ServerNames(ControlPlane cp, IReadOnlyList<string> extra) =>
    [
        "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster", "kubernetes.default.svc.cluster.local",
        "localhost", "kubeflex-control-plane",
        .. Suffixed($"{cp.Name}.{cp.Namespace}"),
        .. Addresses.Select(a => a.ToString()),
        .. extra,
        .. cp.ExtraSans,
    ];

    /// <summary>The secret with leaves made anew.</summary>
    public SecretContent ToSecret(IReadOnlyList<string> serverNames, string inputs)
    {
        var serving = Authority.IssueServing("kube-apiserver", serverNames.Where(n => !IsAddress(n)), serverNames.Where(IsAddress).Select(IPAddress.Parse));
        var kubelet = Authority.IssueClient("kube-apiserver-kubelet-client", "system:masters");
        var proxy = Authority.IssueClient("front-proxy-client");
        return new SecretContent(Names.CertificatesSecret, inputs, new Dictionary<string, string>
        {
            ["ca.key"] = Authority.KeyPem,
            ["ca.crt"] = Authority.CertificatePem,
            ["apiserver.key"] = serving.KeyPem,
            ["apiserver.crt"] = serving.CertificatePem,
            ["apiserver-kubelet-client.key"] = kubelet.KeyPem,
            ["apiserver-kubelet-client.crt"] = kubelet.CertificatePem,
            ["front-proxy-ca.crt"] = Authority.CertificatePem,
            ["front-proxy-client.key"] = proxy.KeyPem,
            ["front-proxy-client.crt"] = proxy.CertificatePem,
            ["sa.key"] = serviceAccounts.PrivatePem,
            ["sa.pub"] = serviceAccounts.PublicPem,
        }, RenewAt(serving, time));
    }

    /// <summary>A leaf is renewed after two thirds of its life, which leaves four months to notice when that fails.</summary>
    public static DateTimeOffset RenewAt(IssuedCertificate leaf, TimeProvider time)
    {
        var now = time.GetUtcNow();
        return now + (leaf.NotAfter - now) * 2 / 3;
    }

    public void Dispose() => Authority.Dispose();

    private static bool IsAddress(string name) => IPAddress.TryParse(name, out _);

    private static IEnumerable<string> Suffixed(string name) => [name, $"{name}.svc", $"{name}.svc.cluster", $"{name}.svc.cluster.local"];
}
