using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Objects;
using KubeFlex.Operator.Types.K8s;
using KubeFlex.Runtime.Certificates;
using KubeFlex.Runtime.Controllers;

namespace KubeFlex.Operator.Runtimes.Pods.Storage.Service;

/// <summary>
/// Keeps the storage service's own secrets in <c>kubeflex-system</c>: its authority, its serving certificate, and the operator's certificate as administrator. Made
/// once, by the operator that leads; the leaves are renewed after two thirds of their life, and whatever is lost or damaged is made anew.
/// </summary>
/// <param name="hosting">The hosting cluster.</param>
/// <param name="secrets">Secrets.</param>
/// <param name="options">Whether the service is wanted; its certificates are also kept for control planes that it has already.</param>
/// <param name="changed">Called when control planes must get other certificates.</param>
internal sealed class StorageCertificates(HostingCluster hosting, ManagedSecrets secrets, PodsOptions options, Action changed) : IReconciler
{
    /// <summary>There is one thing to reconcile.</summary>
    public const string QueueKey = "storage";

    private static readonly string[] LeafKeys = [StorageServiceNames.Certificate, StorageServiceNames.Key, StorageServiceNames.Trust];
    private static readonly string[] ServerNames =
    [
        "localhost", StorageServiceNames.Service, $"{StorageServiceNames.Service}.{Names.SystemNamespace}", StorageServiceNames.Host, $"{StorageServiceNames.Host}.cluster.local",
    ];

    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellation)
    {
        if (options.SharedStorage != SharedStorageKind.Service && secrets.Cached(SecretPlace.System, StorageServiceNames.AuthoritySecret) is null) return ReconcileResult.Done;
        // It comes with the chart; its making is watched.
        if (hosting.Namespaces.Get(null, Names.SystemNamespace) is not { } ns || ns["metadata"]?["deletionTimestamp"] is not null) return ReconcileResult.Done;
        await EnsureAuthorityAsync(cancellation);
        await EnsureLeafAsync(StorageServiceNames.ServingSecret, Manifest.Hash(ServerNames), a => a.IssueServing(StorageServiceNames.Service, ServerNames), cancellation);
        await EnsureLeafAsync(StorageServiceNames.AdministratorSecret, "", a => a.IssueClient("kubeflex-operator", StorageServiceIdentity.AdministratorGroup), cancellation);
        var due = new[] { StorageServiceNames.AuthoritySecret, StorageServiceNames.ServingSecret, StorageServiceNames.AdministratorSecret }.Min(name => secrets.RenewAt(SecretPlace.System, name));
        return due is { } at ? ReconcileResult.After(at - hosting.Time.GetUtcNow()) : ReconcileResult.Done;
    }

    private async Task EnsureAuthorityAsync(CancellationToken cancellation)
    {
        if (secrets.IsCurrent(SecretPlace.System, StorageServiceNames.AuthoritySecret, "", StorageAuthority.Keys)) return;
        var live = await secrets.ReadAsync(SecretPlace.System, StorageServiceNames.AuthoritySecret, cancellation);
        if (live is null)
        {
            // Only ever created: should another operator have been faster, its one counts.
            using var fresh = StorageAuthority.Create(hosting.Time);
            if (await secrets.TryCreateAsync(SecretPlace.System, fresh.ToSecret(), cancellation))
            {
                changed();
                return;
            }
            live = await secrets.ReadAsync(SecretPlace.System, StorageServiceNames.AuthoritySecret, cancellation) ?? new Dictionary<string, string>();
        }
        using var authority = StorageAuthority.Load(live, hosting.Time);
        authority.Advance();
        await secrets.ApplyAsync(SecretPlace.System, authority.ToSecret(), cancellation);
        changed();
    }

    private async Task EnsureLeafAsync(string name, string inputs, Func<StorageAuthority, IssuedCertificate> issue, CancellationToken cancellation)
    {
        inputs = Manifest.Hash(inputs, secrets.ValueHash(SecretPlace.System, StorageServiceNames.AuthoritySecret, StorageServiceNames.Trust));
        if (secrets.IsCurrent(SecretPlace.System, name, inputs, LeafKeys)) return;
        await secrets.ApplyAsync(SecretPlace.System, await IssueAsync(secrets, hosting.Time, name, inputs, issue, cancellation), cancellation);
    }

    /// <summary>A secret with a certificate of the authority.</summary>
    public static async Task<SecretContent> IssueAsync(ManagedSecrets secrets, TimeProvider time, string name, string inputs, Func<StorageAuthority, IssuedCertificate> issue, CancellationToken cancellation)
    {
        using var authority = StorageAuthority.Load(await secrets.ReadAsync(SecretPlace.System, StorageServiceNames.AuthoritySecret, cancellation)
            ?? throw new ReconcileFailure($"secret \"{StorageServiceNames.AuthoritySecret}\" in namespace \"{Names.SystemNamespace}\" was just deleted; it will be made anew"), time);
        var leaf = issue(authority);
        return new SecretContent(name, inputs, new Dictionary<string, string>
        {
            [StorageServiceNames.Certificate] = leaf.CertificatePem,
            [StorageServiceNames.Key] = leaf.KeyPem,
            [StorageServiceNames.Trust] = authority.TrustPem,
        }, K8sCertificates.RenewAt(leaf, time), leaf.NotAfter);
    }
}
