using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Kubeconfigs;
using KubeFlex.Operator.Types.K8s;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Types.Host;

/// <summary>Type host: the hosting cluster itself as a control plane. Nothing runs; there is an administrator of it and a kubeconfig.</summary>
internal sealed class HostType(HostingCluster hosting, HostingEndpoint? endpoint) : IControlPlaneType
{
    private const string TokenSecretType = "kubernetes.io/service-account-token";
    private static readonly string[] Keys = [Names.InClusterKey];

    private readonly ManagedSecrets secrets = new(hosting);

    public string? Refusal(ControlPlane cp) => null;

    public async Task<SecretReference> EnsureAsync(ControlPlane cp, Task foundation, CancellationToken cancellation)
    {
        await foundation;
        await Task.WhenAll(EnsureAccountAsync(cp, cancellation), EnsureBindingAsync(cp, cancellation), EnsureTokenSecretAsync(cp, cancellation));
        var token = secrets.ValueHash(cp, cp.Name, "token");
        var inputs = Hash($"{endpoint?.Url}\n{endpoint?.CaPem}\n{endpoint?.TlsServerName}\n{(endpoint?.IssueClient is null ? token : "")}"
            // Only a certificate is ours to renew; the token belongs to the cluster.
            + (endpoint?.IssueClient is not null && cp.Annotation(Names.RotateCertificatesAnnotation) is { } wish ? "\n" + wish : ""));
        if (!secrets.IsCurrent(cp, Names.AdminSecret, inputs, Keys) && await BuildAsync(cp, inputs, cancellation) is { } content)
            await secrets.ApplyAsync(cp, content, cancellation);
        return new SecretReference(cp.Namespace, Names.AdminSecret, null, Names.InClusterKey);
    }

    /// <summary>The hosting cluster answers, or nobody would ask; only the kubeconfig may be missing.</summary>
    public Task<string?> CheckAsync(ControlPlane cp, CancellationToken cancellation) =>
        Task.FromResult(secrets.Cached(cp, Names.AdminSecret) is not null ? null : $"waiting for the hosting cluster to fill in the token of secret \"{cp.Name}\" in namespace \"{cp.Namespace}\"");

    public DateTimeOffset? RenewAt(ControlPlane cp) => secrets.RenewAt(cp, Names.AdminSecret);

    public IReadOnlyList<CertificateStatus> Certificates(ControlPlane cp) => secrets.Certificate(cp, "admin", Names.AdminSecret) is { } admin ? [admin] : [];

    public async Task DeleteAsync(ControlPlane cp, CancellationToken cancellation)
    {
        var binding = Binding(cp);
        if (await hosting.Client.FindAsync(binding, cancellation) is { } there && cp.Owns(there))
            await hosting.Client.DeleteAsync(binding, "Background", cancellation);
    }

    private async Task<SecretContent?> BuildAsync(ControlPlane cp, string inputs, CancellationToken cancellation)
    {
        JsonObject user;
        DateTimeOffset? renewAt = null, notAfter = null;
        var ca = endpoint?.CaPem ?? "";
        if (endpoint?.IssueClient is { } issue)
        {
            var client = issue();
            (user, renewAt, notAfter) = (KubeconfigDocument.User(client), K8sCertificates.RenewAt(client, hosting.Time), client.NotAfter);
        }
        else
        {
            // The token controller fills the secret in, the watch on it brings us back here.
            if (await secrets.ReadAsync(cp, cp.Name, cancellation) is not { } filled || !filled.TryGetValue("token", out var token)) return null;
            user = KubeconfigDocument.User(token);
            if (ca.Length == 0) ca = filled.GetValueOrDefault("ca.crt", "");
        }
        var server = new KubeconfigServer(endpoint?.Url ?? "https://kubernetes.default.svc", endpoint?.TlsServerName, ca);
        return new SecretContent(Names.AdminSecret, inputs,
            new Dictionary<string, string> { [Names.InClusterKey] = KubeconfigDocument.Write(server, cp.Name, cp.Name, cp.Name, user) }, renewAt, notAfter);
    }

    private async Task EnsureAccountAsync(ControlPlane cp, CancellationToken cancellation)
    {
        var account = Resources.ServiceAccounts.In(cp.Namespace).Named(cp.Name);
        if (await hosting.Client.FindAsync(account, cancellation) is { } there && cp.Owns(there)) return;
        await hosting.Client.ApplyAsync(account, new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ServiceAccount",
            ["metadata"] = Metadata(cp, cp.Name, cp.Namespace),
        }, force: true, cancellation);
    }

    private async Task EnsureTokenSecretAsync(ControlPlane cp, CancellationToken cancellation)
    {
        if (secrets.Cached(cp, cp.Name) is not null) return;
        var metadata = Metadata(cp, cp.Name, cp.Namespace);
        metadata["labels"] = new JsonObject { [Names.ManagedByLabel] = Names.ManagedBy };
        metadata["annotations"] = new JsonObject { ["kubernetes.io/service-account.name"] = cp.Name };
        hosting.Secrets.Observe(await hosting.Client.ApplyAsync(Resources.Secrets.In(cp.Namespace).Named(cp.Name),
            new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Secret", ["metadata"] = metadata, ["type"] = TokenSecretType }, force: true, cancellation));
    }

    private async Task EnsureBindingAsync(ControlPlane cp, CancellationToken cancellation)
    {
        var binding = Binding(cp);
        if (await hosting.Client.FindAsync(binding, cancellation) is { } there)
        {
            if (cp.Owns(there)) return;
            throw new ReconcileFailure($"ClusterRoleBinding \"{binding.Name}\" exists and does not belong to this control plane; delete it, or create the control plane under another name");
        }
        await hosting.Client.ApplyAsync(binding, new JsonObject
        {
            ["apiVersion"] = "rbac.authorization.k8s.io/v1",
            ["kind"] = "ClusterRoleBinding",
            ["metadata"] = Metadata(cp, binding.Name!, null),
            ["roleRef"] = new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = "ClusterRole", ["name"] = "cluster-admin" },
            ["subjects"] = new JsonArray(new JsonObject { ["kind"] = "ServiceAccount", ["name"] = cp.Name, ["namespace"] = cp.Namespace }),
        }, force: true, cancellation);
    }

    private static ResourceRef Binding(ControlPlane cp) => Resources.ClusterRoleBindings.Named(cp.Name + "-binding");

    private static JsonObject Metadata(ControlPlane cp, string name, string? ns)
    {
        var metadata = new JsonObject { ["name"] = name };
        if (ns is not null) metadata["namespace"] = ns;
        metadata["ownerReferences"] = new JsonArray(cp.OwnerReference());
        return metadata;
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16));
}
