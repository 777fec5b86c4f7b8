using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Objects;
using KubeFlex.Operator.Types.K8s;
using KubeFlex.Runtime.Certificates;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Runtimes.Pods.Storage;

/// <summary>
/// Backend dedicated: an etcd with a volume of its own. It has its own certificate authority: whoever has a certificate of the control plane's authority is
/// a user there, and must not be one of its storage.
/// </summary>
internal sealed class EtcdStorage(HostingCluster hosting, ManagedSecrets secrets, ManagedObjects objects, PodsOptions options) : IControlPlaneStorage
{
    private const string Name = "etcd";
    private const string Secret = "etcd-certs";
    private static readonly string[] Keys = ["ca.crt", "ca.key", "server.crt", "server.key", "client.crt", "client.key"];

    public async Task<string?> EnsureAsync(ControlPlane cp, CancellationToken cancellation)
    {
        await EnsureCertificatesAsync(cp, cancellation);
        await objects.EnsureAsync(cp, Resources.Services.In(cp.Namespace).Named(Name), EtcdManifests.Service(), cancellation);
        var at = Kinds.StatefulSets.In(cp.Namespace).Named(Name);
        var set = await objects.EnsureAsync(cp, at, EtcdManifests.StatefulSet(cp, options, secrets.ValueHash(cp, Secret, "server.crt") ?? ""), cancellation);
        return Workload.NotReady(set, "StatefulSet", Name);
    }

    public StorageAttachment Attach(ControlPlane cp) => new()
    {
        Arguments =
        [
            $"--etcd-servers=https://{Name}.{cp.Namespace}.svc:2379",
            "--etcd-cafile=/etc/kubernetes/etcd/ca.crt",
            "--etcd-certfile=/etc/kubernetes/etcd/client.crt",
            "--etcd-keyfile=/etc/kubernetes/etcd/client.key",
        ],
        Inputs = secrets.ValueHash(cp, Secret, "client.crt") ?? "",
        // Not the authority's key: it is nobody's business but ours.
        Volumes = [Manifest.Parse($"{{name: etcd-certs, secret: {{secretName: {Secret}, items: [{{key: ca.crt, path: ca.crt}}, {{key: client.crt, path: client.crt}}, {{key: client.key, path: client.key}}]}}}}")],
        Mounts = [Manifest.Parse("{name: etcd-certs, mountPath: /etc/kubernetes/etcd, readOnly: true}")],
    };

    public DateTimeOffset? RenewAt(ControlPlane cp) => secrets.RenewAt(cp, Secret);

    /// <summary>Its volume goes with the namespace.</summary>
    public Task<string?> DeleteAsync(ControlPlane cp, CancellationToken cancellation) => Task.FromResult<string?>(null);

    private async Task EnsureCertificatesAsync(ControlPlane cp, CancellationToken cancellation)
    {
        string[] names = ["localhost", Name, $"{Name}.{cp.Namespace}", $"{Name}.{cp.Namespace}.svc", $"{Name}.{cp.Namespace}.svc.cluster.local"];
        var inputs = Manifest.Hash([.. names, cp.Annotation(Names.RotateCertificatesAnnotation)]);
        if (secrets.IsCurrent(cp, Secret, inputs, Keys)) return;
        var live = await secrets.ReadAsync(cp, Secret, cancellation);
        using var authority = Authorities.LoadOrCreate(live, "ca", "etcd-ca", hosting.Time);
        var server = authority.IssueServing("etcd", names, [System.Net.IPAddress.Loopback]);
        var client = authority.IssueClient("kube-apiserver-etcd-client");
        await secrets.ApplyAsync(cp, new SecretContent(Secret, inputs, new Dictionary<string, string>
        {
            ["ca.crt"] = authority.CertificatePem,
            ["ca.key"] = authority.KeyPem,
            ["server.crt"] = server.CertificatePem,
            ["server.key"] = server.KeyPem,
            ["client.crt"] = client.CertificatePem,
            ["client.key"] = client.KeyPem,
        }, K8sCertificates.RenewAt(server, hosting.Time)), cancellation);
    }
}
