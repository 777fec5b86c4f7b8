using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Kubeconfigs;
using KubeFlex.Operator.Tenants;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Types.External;

/// <summary>
/// Type external: a cluster that exists, adopted. The kubeconfig in the bootstrap secret is used once, to make an account of our own in that cluster;
/// from then on there is a token of that account, renewed by itself, and the bootstrap secret is gone. Whoever puts a new bootstrap secret in its
/// place heals a control plane whose token was lost or refused.
/// </summary>
internal sealed class ExternalType(HostingCluster hosting, ITenantApi clusters, EventRecorder events) : IControlPlaneType
{
    /// <summary>Nothing tells when a foreign cluster goes away: it is asked.</summary>
    private static readonly TimeSpan HealthInterval = TimeSpan.FromSeconds(10);

    /// <summary>How long a deletion waits for a cluster that does not answer.</summary>
    private static readonly TimeSpan DeletionPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan DeletionRetry = TimeSpan.FromSeconds(5);

    /// <summary>TokenRequest takes no less than ten minutes, and no more than 2^32 seconds.</summary>
    private const long ShortestToken = 600, LongestToken = 1L << 32;

    private static readonly string[] Keys = [Names.InClusterKey];

    private readonly ManagedSecrets secrets = new(hosting);
    private readonly BootstrapSecrets bootstraps = new(hosting);

    public TimeSpan? RecheckAfter => HealthInterval;

    public string? Refusal(ControlPlane cp) => cp switch
    {
        { TokenExpirationSeconds: < ShortestToken or > LongestToken } =>
            $"spec.tokenExpirationSeconds: {cp.TokenExpirationSeconds} is not between {ShortestToken} and {LongestToken}",
        { BootstrapSecret: null } when secrets.Cached(cp, Names.AdminSecret) is null =>
            "spec.bootstrapSecretRef: type \"external\" needs namespace, name and inClusterKey of a secret with the kubeconfig of the cluster to adopt; kflex adopt makes both",
        _ => null,
    };

    public async Task<SecretReference> EnsureAsync(ControlPlane cp, Task foundation, CancellationToken cancellation)
    {
        await foundation;
        var reference = new SecretReference(cp.Namespace, Names.AdminSecret, null, Names.InClusterKey);
        var inputs = $"tokenExpirationSeconds={cp.TokenExpirationSeconds}\n{cp.Annotation(Names.RotateCertificatesAnnotation)}";
        var current = secrets.IsCurrent(cp, Names.AdminSecret, inputs, Keys);
        if (current && cp.IsReady) return reference;

        var bootstrap = await bootstraps.FindAsync(cp, cancellation);
        if (current && bootstrap is null) return reference;
        var kubeconfig = bootstrap is not null ? bootstraps.Kubeconfig(cp, bootstrap) : await OwnKubeconfigAsync(cp, cancellation)
            ?? throw new ReconcileFailure(bootstraps.Missing(cp)) { Unavailable = true };
        var source = bootstrap is not null ? bootstraps.Describe(cp) : $"secret \"{Names.AdminSecret}\" in namespace \"{cp.Namespace}\"";

        var token = await ExternalCalls.RunAsync(clusters, kubeconfig, source, hosting.Time, async (client, limit) =>
        {
            var cluster = new AdoptedCluster(client);
            await cluster.EnsureAccountAsync(cp, limit);
            return await cluster.RequestTokenAsync(cp.TokenExpirationSeconds, limit);
        }, cancellation);
        await secrets.ApplyAsync(cp, Content(cp, inputs, kubeconfig, token), cancellation);
        // Only now: until the token is safe, it is the only way in.
        if (bootstrap is not null) await bootstraps.DeleteAsync(cp, bootstrap, cancellation);
        await events.RecordAsync(cp, "Normal", bootstrap is not null ? "Adopted" : "TokenRenewed",
            $"the token in secret \"{Names.AdminSecret}\" is valid until {HostingCluster.Timestamp(token.NotAfter)}", cancellation);
        return reference;
    }

    public async Task<string?> CheckAsync(ControlPlane cp, CancellationToken cancellation)
    {
        if (await OwnKubeconfigAsync(cp, cancellation) is not { } kubeconfig) return $"waiting for secret \"{Names.AdminSecret}\" in namespace \"{cp.Namespace}\"";
        try
        {
            await ExternalCalls.RunAsync(clusters, kubeconfig, $"secret \"{Names.AdminSecret}\" in namespace \"{cp.Namespace}\"", hosting.Time,
                (client, limit) => client.GetRawAsync("readyz", limit), cancellation);
            return null;
        }
        catch (ReconcileFailure e)
        {
            return e.Message;
        }
    }

    public DateTimeOffset? RenewAt(ControlPlane cp) => secrets.RenewAt(cp, Names.AdminSecret);

    public IReadOnlyList<CertificateStatus> Certificates(ControlPlane cp) => secrets.Certificate(cp, "token", Names.AdminSecret) is { } token ? [token] : [];

    public async Task DeleteAsync(ControlPlane cp, CancellationToken cancellation)
    {
        if (cp.Type != "external") return;
        // Before the namespace is there, nothing is made elsewhere; once we have it deleted, this was done.
        if (hosting.Namespaces.Get(null, cp.Namespace) is not { } ns || HostingCluster.ParseTime((string?)ns["metadata"]?["deletionTimestamp"]) >= cp.DeletionTime) return;
        var own = await OwnKubeconfigAsync(cp, cancellation);
        // Without a token of our own, adoption got half way at most; the bootstrap secret may still be there to undo it.
        if ((own ?? await bootstraps.TryKubeconfigAsync(cp, cancellation)) is not { } kubeconfig) return;
        try
        {
            await ExternalCalls.RunAsync(clusters, kubeconfig, $"secret \"{Names.AdminSecret}\" in namespace \"{cp.Namespace}\"", hosting.Time, async (client, limit) =>
            {
                await new AdoptedCluster(client).RemoveAccountAsync(cp, limit);
                return true;
            }, cancellation);
        }
        catch (ExternalFailure e) when (own is not null)
        {
            if (e.MayPass && hosting.Time.GetUtcNow() - cp.DeletionTime < DeletionPatience)
                throw new ReconcileFailure($"removing what adoption made: {e.Message}", retryAfter: DeletionRetry) { Unavailable = true };
            await events.RecordAsync(cp, "Warning", "CleanupFailed",
                $"ServiceAccount \"{AdoptedCluster.AccountName}\" in namespace \"{AdoptedCluster.AccountNamespace}\" and ClusterRoleBinding \"{AdoptedCluster.BindingName}\" may remain in the adopted cluster; delete them there: {e.Message}", cancellation);
        }
        catch (ExternalFailure)
        {
            // Most likely for the same reason as adoption: nothing was made.
        }
    }

    private SecretContent Content(ControlPlane cp, string inputs, string kubeconfig, AccountToken token)
    {
        var now = hosting.Time.GetUtcNow();
        var text = KubeconfigDocument.Write(BootstrapSecrets.Cluster(kubeconfig), cp.Name, cp.Name, cp.Name, KubeconfigDocument.User(token.Token));
        // Compatibility promises 80 %: with a year that leaves ten weeks to notice that renewing fails.
        return new SecretContent(Names.AdminSecret, inputs, new Dictionary<string, string> { [Names.InClusterKey] = text }, now + (token.NotAfter - now) * 0.8, token.NotAfter);
    }

    private async Task<string?> OwnKubeconfigAsync(ControlPlane cp, CancellationToken cancellation) =>
        (await secrets.ReadAsync(cp, Names.AdminSecret, cancellation))?.GetValueOrDefault(Names.InClusterKey) is { Length: > 0 } text ? text : null;
}
