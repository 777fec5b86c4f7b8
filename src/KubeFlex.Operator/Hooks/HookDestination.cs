using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Tenants;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Discovery;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Operator.Hooks;

/// <summary>The API that a hook's objects are applied to.</summary>
/// <param name="Client">Its client.</param>
/// <param name="Discovery">Its kinds.</param>
/// <param name="Name">For messages.</param>
/// <param name="Watches">Tells when what is not ready becomes so; null when nobody does, as in the control plane itself.</param>
internal sealed record HookDestination(KubeClient Client, ApiDiscovery Discovery, string Name, HookWatches? Watches = null)
{
    /// <summary>Whether it is the control plane rather than the hosting cluster.</summary>
    public bool IsTenant => Watches is null;
}

/// <summary>
/// Where a pass applies hooks: the hosting cluster, and the control plane, with the kubeconfig that its secret holds, once a hook asks for it.
/// </summary>
internal sealed class HookDestinations(HostingCluster hosting, ITenantApi tenants, ControlPlane cp, SecretReference kubeconfig) : IDisposable
{
    private HookDestination? tenant;

    public async Task<HookDestination> ForAsync(OrderedHook hook, CancellationToken cancellation)
    {
        if (!hook.IntoControlPlane) return new HookDestination(hosting.Client, hosting.Discovery, "the hosting cluster", hosting.HookObjects);
        return tenant ??= await ConnectAsync(hook, cancellation);
    }

    public void Dispose() => tenant?.Client.Dispose();

    private async Task<HookDestination> ConnectAsync(OrderedHook hook, CancellationToken cancellation)
    {
        var secret = await hosting.Client.FindAsync(Resources.Secrets.In(kubeconfig.Namespace).Named(kubeconfig.Name), cancellation);
        var key = kubeconfig.InClusterKey.Length > 0 ? kubeconfig.InClusterKey : kubeconfig.Key ?? "";
        if (secret is null || ManagedSecrets.Values(secret).GetValueOrDefault(key) is not { Length: > 0 } text)
            throw new ReconcileFailure($"PostCreateHook \"{hook.Name}\": waiting for the kubeconfig, key \"{key}\" of secret \"{kubeconfig.Name}\" in namespace \"{kubeconfig.Namespace}\"");
        try
        {
            var client = tenants.Connect(text);
            return new HookDestination(client, new ApiDiscovery(client), $"control plane \"{cp.Name}\"");
        }
        catch (KubeconfigException e)
        {
            throw new ReconcileFailure($"PostCreateHook \"{hook.Name}\": {e.Message}");
        }
    }
}
