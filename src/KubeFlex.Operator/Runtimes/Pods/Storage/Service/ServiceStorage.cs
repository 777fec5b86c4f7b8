using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Objects;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Runtimes.Pods.Storage.Service;

/// <summary>
/// Backend shared, in the KubeFlex storage service: a store of its own, opened by a client certificate that names it. Secret <c>&lt;name&gt;-store</c> in
/// <c>kubeflex-system</c> is the memory of that: that the control plane's data is there, and that there is something to delete. It bears no owner reference, since a
/// deletion in foreground would take it before its work is done.
/// </summary>
/// <param name="hosting">The hosting cluster.</param>
/// <param name="secrets">Secrets.</param>
/// <param name="objects">Other objects.</param>
/// <param name="service">The service.</param>
/// <param name="unanswered">Told of each control plane that waits for the service, whose return no watch tells.</param>
internal sealed class ServiceStorage(HostingCluster hosting, ManagedSecrets secrets, ManagedObjects objects, IStorageService service, Action<string> unanswered) : IControlPlaneStorage
{
    /// <summary>On the memory: the store was made, so that one which is not there any more is a loss and no beginning.</summary>
    private const string MadeAnnotation = "kflex.kubestellar.org/store-made";
    private const string StoreKey = "store";
    private const string Pki = "/etc/kubernetes/storage";

    private static readonly string[] ClientKeys = [StorageServiceNames.Certificate, StorageServiceNames.Key, StorageServiceNames.Trust];

    /// <summary>The secret that remembers.</summary>
    public static ResourceRef Memory(ControlPlane cp) => Resources.Secrets.In(Names.SystemNamespace).Named($"{cp.Name}-store");

    public async Task<string?> EnsureAsync(ControlPlane cp, CancellationToken cancellation)
    {
        if (!secrets.IsCurrent(SecretPlace.System, StorageServiceNames.AuthoritySecret, "", StorageAuthority.Keys))
            return $"waiting for the storage service's certificate authority (secret \"{StorageServiceNames.AuthoritySecret}\" in namespace \"{Names.SystemNamespace}\")";
        var store = StorageServiceNames.StoreOf(cp);
        await EnsureClientAsync(cp, store, cancellation);
        try
        {
            await EnsureStoreAsync(cp, store, cancellation);
            return null;
        }
        catch (StorageServiceException e)
        {
            unanswered(cp.Name);
            return $"waiting for the storage service: {e.Message}";
        }
    }

    public StorageAttachment Attach(ControlPlane cp) => new()
    {
        Arguments =
        [
            $"--etcd-servers={StorageServiceNames.Url}",
            $"--etcd-cafile={Pki}/{StorageServiceNames.Trust}",
            $"--etcd-certfile={Pki}/{StorageServiceNames.Certificate}",
            $"--etcd-keyfile={Pki}/{StorageServiceNames.Key}",
        ],
        Inputs = Manifest.Hash(ClientKeys.Select(key => secrets.ValueHash(cp, StorageServiceNames.ClientSecret, key))),
        Volumes = [Manifest.Parse($"{{name: storage-client, secret: {{secretName: {StorageServiceNames.ClientSecret}}}}}")],
        Mounts = [Manifest.Parse($"{{name: storage-client, mountPath: {Pki}, readOnly: true}}")],
    };

    public DateTimeOffset? RenewAt(ControlPlane cp) => secrets.RenewAt(cp, StorageServiceNames.ClientSecret);

    public async Task<string?> DeleteAsync(ControlPlane cp, CancellationToken cancellation)
    {
        // Asked live: a cache that is late must not leave a store behind.
        if (await hosting.Client.FindAsync(Memory(cp), cancellation) is not { } memory || !ManagedObjects.IsOurs(cp, memory)) return null;
        var store = ManagedSecrets.Values(memory).GetValueOrDefault(StoreKey) is { Length: > 0 } named ? named : StorageServiceNames.StoreOf(cp);
        try
        {
            await service.DeleteAsync(store, cancellation);
        }
        catch (StorageServiceException e)
        {
            if (!await IsGoneAsync(cancellation))
            {
                unanswered(cp.Name);
                return $"waiting for the storage service to delete store \"{store}\": {e.Message}";
            }
        }
        await objects.RemoveAsync(cp, Memory(cp), cancellation);
        return null;
    }

    private async Task EnsureClientAsync(ControlPlane cp, string store, CancellationToken cancellation)
    {
        var inputs = Manifest.Hash(store, secrets.ValueHash(SecretPlace.System, StorageServiceNames.AuthoritySecret, StorageServiceNames.Trust), cp.Annotation(Names.RotateCertificatesAnnotation));
        if (secrets.IsCurrent(cp, StorageServiceNames.ClientSecret, inputs, ClientKeys)) return;
        await secrets.ApplyAsync(cp, await StorageCertificates.IssueAsync(secrets, hosting.Time, StorageServiceNames.ClientSecret, inputs,
            authority => authority.IssueClient(store, StorageServiceIdentity.StoreGroup), cancellation), cancellation);
    }

    private async Task EnsureStoreAsync(ControlPlane cp, string store, CancellationToken cancellation)
    {
        var at = Memory(cp);
        var cached = hosting.Secrets.Get(at.Namespace, at.Name!);
        if ((string?)cached?["metadata"]?["annotations"]?[MadeAnnotation] == store)
        {
            // One that serves has its store; asking costs a request then and tells nothing.
            if (cp.IsReady || await service.ExistsAsync(store, cancellation)) return;
            throw new ReconcileFailure($"the storage service has no store \"{store}\", where this control plane's data was: its database was lost or is another one. "
                + $"Bring the database back, or delete secret \"{at.Name}\" in namespace \"{at.Namespace}\" to begin with an empty store", retryAfter: TimeSpan.FromSeconds(30)) { Unavailable = true };
        }
        // A former control plane of this name, whose finalizer somebody took away, left its store.
        if (cached is not null && await hosting.Client.FindAsync(at, cancellation) is { } left && ManagedSecrets.Values(left).GetValueOrDefault(StoreKey) is { Length: > 0 } former && former != store)
            await service.DeleteAsync(former, cancellation);
        // First the memory, then what is to be remembered.
        hosting.Secrets.Observe(await objects.EnsureUnownedAsync(cp, at, new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Secret",
            ["type"] = "Opaque",
            ["data"] = new JsonObject { [StoreKey] = Convert.ToBase64String(Encoding.UTF8.GetBytes(store)) },
        }, cancellation));
        await service.CreateAsync(store, cancellation);
        hosting.Secrets.Observe(await hosting.Client.PatchAsync(at, PatchKind.Merge,
            new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [MadeAnnotation] = store } } }, cancellation));
    }

    /// <summary>
    /// Whether nobody will ever answer: the service was uninstalled, or the secret with its database's password was, and with that the database. A service
    /// that is scaled to none or whose pods fail may come back, and is waited for.
    /// </summary>
    private async Task<bool> IsGoneAsync(CancellationToken cancellation)
    {
        if (await hosting.Client.FindAsync(Resources.Services.In(Names.SystemNamespace).Named(StorageServiceNames.Service), cancellation) is null) return true;
        if (await hosting.Client.FindAsync(Kinds.Deployments.In(Names.SystemNamespace).Named(StorageServiceNames.Service), cancellation) is not { } deployment) return true;
        var passwords = (deployment["spec"]?["template"]?["spec"]?["containers"] as JsonArray ?? []).SelectMany(c => c?["env"] as JsonArray ?? [])
            .Select(e => e?["valueFrom"]?["secretKeyRef"]).OfType<JsonObject>().Where(r => (bool?)r["optional"] != true).Select(r => (string?)r["name"]).OfType<string>().Distinct();
        foreach (var password in passwords)
        {
            if (await hosting.Client.FindAsync(Resources.Secrets.In(Names.SystemNamespace).Named(password), cancellation) is null) return true;
        }
        return false;
    }
}
