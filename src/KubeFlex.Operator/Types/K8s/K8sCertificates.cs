using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Runtime.Certificates;

namespace KubeFlex.Operator.Types.K8s;

/// <summary>
/// The keys and certificates of a control plane of type k8s, under the names that KubeFlex gives them in the secret <c>k8s-certs</c>. The
/// front-proxy authority is the cluster's authority, as KubeFlex has it.
/// </summary>
internal sealed partial class K8sCertificates : IDisposable
{
    public static readonly IReadOnlyList<string> Keys =
    [
        "ca.key", "ca.crt", "apiserver.key", "apiserver.crt", "apiserver-kubelet-client.key", "apiserver-kubelet-client.crt",
        "front-proxy-ca.crt", "front-proxy-client.key", "front-proxy-client.crt", "sa.key", "sa.pub",
    ];

    /// <summary>Present while a new authority waits for its turn.</summary>
    private const string NextCertificate = "ca-next.crt", NextKey = "ca-next.key";

    private static readonly IPAddress[] Addresses = [IPAddress.Loopback, IPAddress.IPv6Loopback, IPAddress.Parse("10.96.0.1")];

    private readonly SigningKey serviceAccounts;
    private readonly TimeProvider time;
    private CertificateAuthority? next;
    private string former = "";

    private K8sCertificates(CertificateAuthority authority, SigningKey serviceAccounts, TimeProvider time) =>
        (Authority, this.serviceAccounts, this.time) = (authority, serviceAccounts, time);

    /// <summary>The authority that signs.</summary>
    public CertificateAuthority Authority { get; private set; }

    /// <summary>All authorities to trust, the one that signs first.</summary>
    public string TrustPem => Authority.CertificatePem + next?.CertificatePem + former;

    /// <summary>Keys of the secret at a step of a rotation.</summary>
    public static IReadOnlyList<string> KeysAt(CaStep step) => step == CaStep.Trust ? [.. Keys, NextCertificate, NextKey] : Keys;

    /// <summary>New keys.</summary>
    public static K8sCertificates Create(TimeProvider time) =>
        new(NewAuthority(time), SigningKey.Create(), time);

    /// <summary>Keeps the authorities and the token key of an existing secret, as far as they are usable: clients hold certificates and tokens of theirs.</summary>
    public static K8sCertificates From(IReadOnlyDictionary<string, string> secret, CaStep step, TimeProvider time)
    {
        var kept = new K8sCertificates(Load(secret, "ca.crt", "ca.key", time) ?? NewAuthority(time),
            (secret.TryGetValue("sa.key", out var sa) ? SigningKey.TryLoad(sa) : null) ?? SigningKey.Create(), time);
        // A damaged one is made anew: nobody has anything signed by it yet.
        if (step == CaStep.Trust) kept.next = Load(secret, NextCertificate, NextKey, time) ?? NewAuthority(time);
        if (step == CaStep.Switch) kept.former = Others(secret.GetValueOrDefault("ca.crt", ""), kept.Authority.CertificatePem);
        return kept;
    }

    /// <summary>Goes to a step of a rotation, from the one before.</summary>
    public void Enter(CaStep step)
    {
        switch (step)
        {
            case CaStep.Trust:
                next = NewAuthority(time);
                break;
            case CaStep.Switch:
                former = Authority.CertificatePem;
                Authority.Dispose();
                Authority = next ?? NewAuthority(time);
                next = null;
                break;
            default:
                former = "";
                break;
        }
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
    public SecretContent ToSecret(ControlPlane cp, IReadOnlyList<string> serverNames, string inputs, CaRotation rotation)
    {
        var serving = Authority.IssueServing("kube-apiserver", serverNames.Where(n => !IsAddress(n)), serverNames.Where(IsAddress).Select(IPAddress.Parse));
        var kubelet = Authority.IssueClient("kube-apiserver-kubelet-client", "system:masters");
        var proxy = Authority.IssueClient("front-proxy-client");
        var values = new Dictionary<string, string>
        {
            ["ca.key"] = Authority.KeyPem,
            ["ca.crt"] = TrustPem,
            ["apiserver.key"] = serving.KeyPem,
            ["apiserver.crt"] = serving.CertificatePem,
            ["apiserver-kubelet-client.key"] = kubelet.KeyPem,
            ["apiserver-kubelet-client.crt"] = kubelet.CertificatePem,
            ["front-proxy-ca.crt"] = TrustPem,
            ["front-proxy-client.key"] = proxy.KeyPem,
            ["front-proxy-client.crt"] = proxy.CertificatePem,
            ["sa.key"] = serviceAccounts.PrivatePem,
            ["sa.pub"] = serviceAccounts.PublicPem,
        };
        if (next is not null) (values[NextCertificate], values[NextKey]) = (next.CertificatePem, next.KeyPem);
        var renewAt = RenewAt(serving, time);
        return new SecretContent(Names.CertificatesSecret, inputs, values, rotation.Due(cp, Authority.NotAfter) is { } due && due < renewAt ? due : renewAt, serving.NotAfter)
        {
            Annotations = new Dictionary<string, string>(rotation.Annotations()) { [Names.CaNotAfterAnnotation] = HostingCluster.Timestamp(Authority.NotAfter) },
        };
    }

    /// <summary>A leaf is renewed after two thirds of its life, which leaves four months to notice when that fails.</summary>
    public static DateTimeOffset RenewAt(IssuedCertificate leaf, TimeProvider time)
    {
        var now = time.GetUtcNow();
        return now + (leaf.NotAfter - now) * 2 / 3;
    }

    public void Dispose()
    {
        Authority.Dispose();
        next?.Dispose();
    }

    private static CertificateAuthority NewAuthority(TimeProvider time) => CertificateAuthority.Create("kubernetes", time, "Kubernetes", "API Server");

    private static CertificateAuthority? Load(IReadOnlyDictionary<string, string> secret, string certificateKey, string keyKey, TimeProvider time)
    {
        try
        {
            if (!secret.TryGetValue(certificateKey, out var certificate) || !secret.TryGetValue(keyKey, out var key)) return null;
            var authority = CertificateAuthority.Load(certificate, key, time);
            if (authority.NotAfter > time.GetUtcNow()) return authority;
            authority.Dispose();
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            // Damaged beyond use: nothing that trusts it can be saved.
        }
        return null;
    }

    private static string Others(string bundle, string signing)
    {
        try
        {
            var all = new X509Certificate2Collection();
            all.ImportFromPem(bundle);
            return string.Concat(all.Select(c => c.ExportCertificatePem() + "\n").Where(pem => pem != signing));
        }
        catch (CryptographicException)
        {
            return "";
        }
    }

    private static bool IsAddress(string name) => IPAddress.TryParse(name, out _);

    private static IEnumerable<string> Suffixed(string name) => [name, $"{name}.svc", $"{name}.svc.cluster", $"{name}.svc.cluster.local"];

}
