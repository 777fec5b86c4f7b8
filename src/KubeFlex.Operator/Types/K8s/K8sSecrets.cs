using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Kubeconfigs;
using KubeFlex.Operator.Runtimes;

namespace KubeFlex.Operator.Types.K8s;

/// <summary>
/// The three secrets of a control plane of type k8s: certificates, the administrator's kubeconfigs and the controller manager's. A secret that
/// is lost, damaged, out of date or due for renewal is made anew; when all are well, no request is made.
/// </summary>
internal sealed class K8sSecrets(HostingCluster hosting, ManagedSecrets secrets, EventRecorder events)
{
    private static readonly string[] AdminKeys = [Names.KubeconfigKey, Names.InClusterKey];
    private static readonly string[] ManagerKeys = [Names.KubeconfigKey, Names.SigningKey];

    /// <summary>Certificates first: what runs the control plane reads them. The result, to be disposed, is null when the cached secret is well.</summary>
    public async Task<K8sCertificates?> EnsureCertificatesAsync(ControlPlane cp, RuntimeEndpoints endpoints, Task foundation, CancellationToken cancellation)
    {
        var names = K8sCertificates.ServerNames(cp, endpoints.ServerNames);
        var inputs = Hash(string.Join('\n', names.Append(cp.Annotation(Names.RotateCertificatesAnnotation)).OfType<string>()));
        // Keys are the longest work of a creation: they are made while the writes before them are under way.
        var making = secrets.Cached(cp, Names.CertificatesSecret) is null ? Task.Run(() => Make(cp, names, inputs), cancellation) : null;
        await foundation;
        var rotation = CaRotation.Of(secrets.Cached(cp, Names.CertificatesSecret));
        if (rotation.Next(cp, CaNotAfter(cp), hosting.Time.GetUtcNow()) is null && secrets.IsCurrent(cp, Names.CertificatesSecret, inputs, K8sCertificates.KeysAt(rotation.Step)))
            return null;

        // The cache may lag behind: new keys are only ever created, never written over a secret that is there.
        if (making is not null)
        {
            var (fresh, content) = await making;
            if (await secrets.TryCreateAsync(cp, content, cancellation)) return fresh;
            fresh.Dispose();
        }
        var live = await FindAsync(cp, cancellation);
        rotation = CaRotation.Of(live);
        var kept = K8sCertificates.From(ManagedSecrets.Values(live), rotation.Step, hosting.Time);
        var steps = new List<CaRotation>();
        while (rotation.Next(cp, kept.Authority.NotAfter, hosting.Time.GetUtcNow()) is { } next)
        {
            kept.Enter(next.Step);
            steps.Add(rotation = next);
        }
        await secrets.ApplyAsync(cp, kept.ToSecret(cp, names, inputs, rotation), cancellation);
        await TellAsync(cp, steps, cancellation);
        return kept;
    }

    /// <summary>A rotation of the authority that is under way, in words; null when there is none.</summary>
    public ProgressState? Rotation(ControlPlane cp) => CaRotation.Of(secrets.Cached(cp, Names.CertificatesSecret)) is { Step: not CaStep.Done } rotation
        ? ProgressState.Step("RotatingCA", rotation.Describe(cp)) : null;

    public IReadOnlyList<CertificateStatus> Certificates(ControlPlane cp) =>
    [
        .. new[]
        {
            secrets.Certificate(cp, "ca", Names.CertificatesSecret, Names.CaNotAfterAnnotation),
            secrets.Certificate(cp, "apiserver", Names.CertificatesSecret),
            secrets.Certificate(cp, "admin", Names.AdminSecret),
            secrets.Certificate(cp, "controller-manager", Names.ControllerManagerSecret),
        }.OfType<CertificateStatus>(),
    ];

    /// <summary>The kubeconfigs, after the certificates.</summary>
    public async Task EnsureKubeconfigsAsync(ControlPlane cp, RuntimeEndpoints endpoints, K8sCertificates? certificates, CancellationToken cancellation)
    {
        var inputs = Hash(string.Join('\n', endpoints.External, endpoints.InCluster, endpoints.TlsServerName, endpoints.ExtraCaPem,
            certificates is null
                ? secrets.ValueHash(cp, Names.CertificatesSecret, "ca.crt")
                : HostingCluster.ValueHash(Convert.ToBase64String(Encoding.UTF8.GetBytes(certificates.TrustPem))))
            + (cp.Annotation(Names.RotateCertificatesAnnotation) is { } wish ? "\n" + wish : ""));
        var admin = !secrets.IsCurrent(cp, Names.AdminSecret, inputs, AdminKeys);
        var manager = !secrets.IsCurrent(cp, Names.ControllerManagerSecret, inputs, ManagerKeys);
        if (!admin && !manager) return;

        using var loaded = certificates is null ? await LoadAsync(cp, cancellation) : null;
        var source = certificates ?? loaded!;
        await Task.WhenAll(
            admin ? secrets.ApplyAsync(cp, Admin(cp, endpoints, source, inputs), cancellation) : Task.CompletedTask,
            manager ? secrets.ApplyAsync(cp, Manager(cp, endpoints, source, inputs), cancellation) : Task.CompletedTask);
    }

    /// <summary>The earliest renewal of the three.</summary>
    public DateTimeOffset? RenewAt(ControlPlane cp) =>
        new[] { Names.CertificatesSecret, Names.AdminSecret, Names.ControllerManagerSecret }.Min(name => secrets.RenewAt(cp, name));

    private (K8sCertificates Fresh, SecretContent Content) Make(ControlPlane cp, IReadOnlyList<string> names, string inputs)
    {
        var fresh = K8sCertificates.Create(hosting.Time);
        return (fresh, fresh.ToSecret(cp, names, inputs, CaRotation.Fresh(cp)));
    }

    private async Task<K8sCertificates> LoadAsync(ControlPlane cp, CancellationToken cancellation)
    {
        var live = await FindAsync(cp, cancellation);
        return K8sCertificates.From(ManagedSecrets.Values(live), CaRotation.Of(live).Step, hosting.Time);
    }

    private async Task<JsonObject> FindAsync(ControlPlane cp, CancellationToken cancellation) =>
        await secrets.FindAsync(cp, Names.CertificatesSecret, cancellation)
            ?? throw new ReconcileFailure($"secret \"{Names.CertificatesSecret}\" in namespace \"{cp.Namespace}\" was just deleted; it will be made anew");

    private DateTimeOffset? CaNotAfter(ControlPlane cp) => HostingCluster.ParseTime(secrets.Annotation(cp, Names.CertificatesSecret, Names.CaNotAfterAnnotation));

    private async Task TellAsync(ControlPlane cp, List<CaRotation> steps, CancellationToken cancellation)
    {
        foreach (var step in steps) await events.RecordAsync(cp, "Normal", "CARotation", step.Describe(cp), cancellation);
        if (steps.Count == 0) await events.RecordAsync(cp, "Normal", "CertificatesIssued", "certificates and kubeconfigs are issued anew by the present certificate authority", cancellation);
    }

    private SecretContent Admin(ControlPlane cp, RuntimeEndpoints endpoints, K8sCertificates certificates, string inputs)
    {
        var client = certificates.Authority.IssueClient("kubernetes-admin", "system:masters");
        string Write(string url) => KubeconfigDocument.Write(Server(endpoints, certificates, url), cp.Name, $"{cp.Name}-cluster", $"{cp.Name}-admin", KubeconfigDocument.User(client));
        return new SecretContent(Names.AdminSecret, inputs, new Dictionary<string, string>
        {
            [Names.KubeconfigKey] = Write(endpoints.External),
            [Names.InClusterKey] = Write(endpoints.InCluster),
        }, K8sCertificates.RenewAt(client, hosting.Time), client.NotAfter);
    }

    private SecretContent Manager(ControlPlane cp, RuntimeEndpoints endpoints, K8sCertificates certificates, string inputs)
    {
        const string user = "system:kube-controller-manager";
        var client = certificates.Authority.IssueClient(user);
        return new SecretContent(Names.ControllerManagerSecret, inputs, new Dictionary<string, string>
        {
            [Names.KubeconfigKey] = KubeconfigDocument.Write(Server(endpoints, certificates, endpoints.InCluster), cp.Name, $"{cp.Name}-cluster", user, KubeconfigDocument.User(client)),
            // It signs with one authority and refuses a file of several, which ca.crt is during a rotation.
            [Names.SigningKey] = certificates.Authority.CertificatePem,
        }, K8sCertificates.RenewAt(client, hosting.Time), client.NotAfter);
    }

    private static KubeconfigServer Server(RuntimeEndpoints endpoints, K8sCertificates certificates, string url) =>
        new(url, endpoints.TlsServerName, certificates.TrustPem + endpoints.ExtraCaPem);

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16));
}
