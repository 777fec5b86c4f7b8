using System.Security.Cryptography;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Kubeconfigs;
using KubeFlex.Operator.Objects;
using KubeFlex.Operator.Types.K8s;

namespace KubeFlex.Operator.Types.K3s;

/// <summary>
/// The secrets of a k3s. k3s takes over certificate authorities that lie in its data directory at its first start (its documentation: "custom CA
/// certificates"), so the operator makes them, and with them the kubeconfigs: nothing has to be fetched out of the pod.
/// </summary>
internal sealed class K3sSecrets(HostingCluster hosting, ManagedSecrets secrets)
{
    public const string Bootstrap = "k3s-certs";
    public const string Config = "k3s-config";
    public const string Key = "config";
    public const string InClusterKey = "config-incluster";

    private static readonly string[] BootstrapKeys = ["server-ca.crt", "server-ca.key", "client-ca.crt", "client-ca.key", "token"];
    private static readonly string[] ConfigKeys = [Key, InClusterKey, "token"];

    /// <summary>Makes or mends both.</summary>
    public async Task EnsureAsync(ControlPlane cp, string external, string inCluster, CancellationToken cancellation)
    {
        // The authorities never change by themselves: k3s would not take others after its first start.
        if (!secrets.IsCurrent(cp, Bootstrap, "", BootstrapKeys)) await ApplyBootstrapAsync(cp, cancellation);
        var inputs = Manifest.Hash(external, inCluster, cp.Annotation(Names.RotateCertificatesAnnotation), secrets.ValueHash(cp, Bootstrap, "server-ca.crt"), secrets.ValueHash(cp, Bootstrap, "client-ca.crt"), secrets.ValueHash(cp, Bootstrap, "token"));
        if (secrets.IsCurrent(cp, Config, inputs, ConfigKeys)) return;

        var made = await secrets.ReadAsync(cp, Bootstrap, cancellation)
            ?? throw new ReconcileFailure($"secret \"{Bootstrap}\" in namespace \"{cp.Namespace}\" was just deleted; it will be made anew");
        using var server = Authorities.LoadOrCreate(made, "server-ca", "k3s-server-ca", hosting.Time);
        using var clients = Authorities.LoadOrCreate(made, "client-ca", "k3s-client-ca", hosting.Time);
        var admin = clients.IssueClient("system:admin", "system:masters");
        string Write(string url) => KubeconfigDocument.Write(new KubeconfigServer(url, null, server.CertificatePem), "default", "default", "default", KubeconfigDocument.User(admin));
        await secrets.ApplyAsync(cp, new SecretContent(Config, inputs, new Dictionary<string, string>
        {
            [Key] = Write(external),
            [InClusterKey] = Write(inCluster),
            ["token"] = made.GetValueOrDefault("token", ""),
        }, K8sCertificates.RenewAt(admin, hosting.Time)), cancellation);
    }

    public DateTimeOffset? RenewAt(ControlPlane cp) => secrets.RenewAt(cp, Config);

    private async Task ApplyBootstrapAsync(ControlPlane cp, CancellationToken cancellation)
    {
        var live = await secrets.ReadAsync(cp, Bootstrap, cancellation);
        using var server = Authorities.LoadOrCreate(live, "server-ca", "k3s-server-ca", hosting.Time);
        using var clients = Authorities.LoadOrCreate(live, "client-ca", "k3s-client-ca", hosting.Time);
        await secrets.ApplyAsync(cp, new SecretContent(Bootstrap, "", new Dictionary<string, string>
        {
            ["server-ca.crt"] = server.CertificatePem,
            ["server-ca.key"] = server.KeyPem,
            ["client-ca.crt"] = clients.CertificatePem,
            ["client-ca.key"] = clients.KeyPem,
            ["token"] = live is not null && live.TryGetValue("token", out var token) && token.Length >= 32 ? token : Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24)),
        }, null), cancellation);
    }
}
