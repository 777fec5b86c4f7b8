using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Tenants;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Hooks;

/// <summary>Phase 3: applies the hooks a control plane names, in order, each once unless it asks to follow changes.</summary>
internal sealed class HookRunner(HostingCluster hosting, ITenantApi tenants)
{
    /// <summary>
    /// One pass. A hook that fails stops those that depend on it; a hook that does not exist stops all after it, since they may build on it.
    /// </summary>
    public async Task<HookProgress> RunAsync(ControlPlane cp, SecretReference kubeconfig, CancellationToken cancellation)
    {
        var named = new List<(HookReference, JsonObject?)>();
        foreach (var reference in cp.Hooks) named.Add((reference, await FindAsync(cp, reference.Name, cancellation)));
        using var destinations = new HookDestinations(hosting, tenants, cp, kubeconfig);
        var pass = new HookPass(hosting, cp, destinations);
        foreach (var hook in HookOrder.Of(named))
        {
            if (!await pass.RunAsync(hook, cancellation)) break;
        }
        return pass.Result();
    }

    /// <summary>A hook that was created in one breath with the control plane may not have reached the cache; one that is done may be gone for good.</summary>
    private async Task<JsonObject?> FindAsync(ControlPlane cp, string name, CancellationToken cancellation) =>
        hosting.Hooks.Get(null, name) ?? (HookPass.WasDone(cp, name) ? null : await hosting.Client.FindAsync(Resources.PostCreateHooks.Named(name), cancellation));
}
