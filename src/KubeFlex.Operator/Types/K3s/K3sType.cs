using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Exposure;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Objects;
using KubeFlex.Operator.Tenants;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Types.K3s;

/// <summary>Type k3s: a whole small cluster, nodes and all, inside one privileged pod.</summary>
internal sealed class K3sType(HostingCluster hosting, ManagedSecrets managed, ManagedObjects objects, Exposer exposer, TenantProbe probe, PodsOptions options) : IControlPlaneType
{
    private readonly K3sSecrets secrets = new(hosting, managed);

    public string? Refusal(ControlPlane cp) => null;

    public async Task<SecretReference> EnsureAsync(ControlPlane cp, Task foundation, CancellationToken cancellation)
    {
        await foundation;
        var system = SystemConfig.Read(hosting);
        var address = await exposer.AddressAsync(cp, K3sManifests.Name, foundation, cancellation);
        await secrets.EnsureAsync(cp, address.Url, $"https://{K3sManifests.Name}.{cp.Namespace}.svc", cancellation);
        string[] names =
        [
            address.Host, system.HostContainer, $"{K3sManifests.Name}.{cp.Namespace}", $"{K3sManifests.Name}.{cp.Namespace}.svc",
            $"{K3sManifests.Name}.{cp.Namespace}.svc.cluster.local", .. cp.ExtraSans,
        ];
        var inputs = managed.ValueHash(cp, K3sSecrets.Bootstrap, "server-ca.crt") ?? "";
        var claims = Kinds.Claims.In(cp.Namespace);
        await Task.WhenAll(
            objects.EnsureAsync(cp, Resources.Services.In(cp.Namespace).Named(K3sManifests.Name), K3sManifests.Service(), cancellation),
            objects.EnsureAsync(cp, claims.Named("k3s-data"), K3sManifests.Claim(options), cancellation),
            objects.EnsureAsync(cp, claims.Named("k3s-config"), K3sManifests.Claim(options), cancellation),
            exposer.EnsureAsync(cp, K3sManifests.Name, cancellation));
        await objects.EnsureAsync(cp, ServerOf(cp), K3sManifests.StatefulSet(cp, options, names, inputs), cancellation);
        return new SecretReference(cp.Namespace, K3sSecrets.Config, K3sSecrets.Key, K3sSecrets.InClusterKey);
    }

    public async Task<string?> CheckAsync(ControlPlane cp, CancellationToken cancellation) =>
        Workload.NotReady(await hosting.Client.FindAsync(ServerOf(cp), cancellation), "StatefulSet", K3sManifests.Server)
        ?? await probe.CheckAsync(cp, K3sSecrets.Config, K3sSecrets.InClusterKey, cancellation);

    public DateTimeOffset? RenewAt(ControlPlane cp) => secrets.RenewAt(cp);

    /// <summary>All of it is in the namespace.</summary>
    public Task DeleteAsync(ControlPlane cp, CancellationToken cancellation) => Task.CompletedTask;

    private static ResourceRef ServerOf(ControlPlane cp) => Kinds.StatefulSets.In(cp.Namespace).Named(K3sManifests.Server);
}
