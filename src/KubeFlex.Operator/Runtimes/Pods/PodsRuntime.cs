using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Exposure;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Objects;
using KubeFlex.Operator.Runtimes.Pods.Storage;
using KubeFlex.Operator.Tenants;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Runtimes.Pods;

/// <summary>Stock kube-apiserver and kube-controller-manager as Deployments of the hosting cluster.</summary>
internal sealed class PodsRuntime(
    HostingCluster hosting, ManagedSecrets secrets, ManagedObjects objects, Exposer exposer, TenantProbe probe,
    IReadOnlyDictionary<string, IControlPlaneStorage> storages, PodsOptions options) : IControlPlaneRuntime
{
    private const string ApiServer = "kube-apiserver";
    private const string ControllerManager = "kube-controller-manager";

    /// <summary>The controller manager reads its kubeconfig at start: its hash must be known to roll out another.</summary>
    public bool ReadsKubeconfigs => true;

    public string? Refusal(ControlPlane cp) => storages.TryGetValue(cp.Backend, out var storage) ? storage.Refusal(cp)
        : $"spec.backend: \"{cp.Backend}\" is not known; use {string.Join(" or ", storages.Keys.Select(b => $"\"{b}\""))}";

    public async ValueTask<RuntimeEndpoints> EndpointsAsync(ControlPlane cp, Task foundation, CancellationToken cancellation)
    {
        var address = await exposer.AddressAsync(cp, cp.Name, foundation, cancellation);
        return new RuntimeEndpoints(address.Url, $"https://{cp.Name}.{cp.Namespace}.svc.cluster.local", null, "", [address.Host, SystemConfig.Read(hosting).HostContainer]);
    }

    public async Task EnsureAsync(ControlPlane cp, CancellationToken cancellation)
    {
        var openShift = SystemConfig.Read(hosting).IsOpenShift;
        var storage = storages[cp.Backend];
        var reachable = Task.WhenAll(
            objects.EnsureAsync(cp, Resources.Services.In(cp.Namespace).Named(cp.Name), ServiceManifest.ApiServer(), cancellation),
            exposer.EnsureAsync(cp, cp.Name, cancellation));
        string? waiting;
        try
        {
            waiting = await storage.EnsureAsync(cp, cancellation);
        }
        finally
        {
            await reachable;
        }
        // Without its storage it would only crash, and wait ever longer to try again. What runs already is not held back.
        if (waiting is not null && !hosting.HasDependent(ApiServerOf(cp))) return;
        var attachment = storage.Attach(cp);
        var certificates = secrets.ValueHash(cp, Names.CertificatesSecret, "apiserver.crt");
        await Task.WhenAll(
            objects.EnsureAsync(cp, ApiServerOf(cp), ApiServerManifest.Build(cp, options, attachment, Manifest.Hash(certificates, attachment.Inputs), openShift), cancellation),
            objects.EnsureAsync(cp, Kinds.Deployments.In(cp.Namespace).Named(ControllerManager), ControllerManagerManifest.Build(cp, options,
                Manifest.Hash(certificates, secrets.ValueHash(cp, Names.ControllerManagerSecret, Names.KubeconfigKey)), openShift), cancellation));
    }

    public async Task<string?> CheckAsync(ControlPlane cp, CancellationToken cancellation)
    {
        var deployment = await hosting.Client.FindAsync(ApiServerOf(cp), cancellation);
        if (deployment is null && await storages[cp.Backend].EnsureAsync(cp, cancellation) is { } waiting) return waiting;
        return Workload.NotReady(deployment, "Deployment", ApiServer) ?? await probe.CheckAsync(cp, Names.AdminSecret, Names.InClusterKey, cancellation);
    }

    public DateTimeOffset? RenewAt(ControlPlane cp) => storages.TryGetValue(cp.Backend, out var storage) ? storage.RenewAt(cp) : null;

    /// <summary>Begins it; <see cref="RemainsAsync"/> says how far it is.</summary>
    public Task DeleteAsync(ControlPlane cp, CancellationToken cancellation) => Task.CompletedTask;

    public async Task<string?> RemainsAsync(ControlPlane cp, CancellationToken cancellation)
    {
        string? remains = null;
        foreach (var storage in storages.Values) remains = await storage.DeleteAsync(cp, cancellation) ?? remains;
        return remains;
    }

    private static ResourceRef ApiServerOf(ControlPlane cp) => Kinds.Deployments.In(cp.Namespace).Named(ApiServer);
}
