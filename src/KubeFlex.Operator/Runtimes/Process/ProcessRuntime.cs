using System.Net;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;

namespace KubeFlex.Operator.Runtimes.Process;

/// <summary>
/// Stock kube-apiserver and kube-controller-manager as child processes of the server. There are no pods, so there is nothing for a Service or an Ingress to
/// point at: kube-apiserver's own port is the address, in and out of the cluster.
/// </summary>
internal sealed class ProcessRuntime(IProcessHost host, ManagedSecrets secrets) : IControlPlaneRuntime
{
    private const string Pki = "pki", Manager = "controller-manager";

    /// <summary>Both programs and the health check are given files made of them.</summary>
    public bool ReadsKubeconfigs => true;

    public string? Refusal(ControlPlane cp) =>
        cp.Resources is not null ? "spec.resources: runtime \"Process\" has no containers that it could apply to; leave it out, or ask for another spec.runtime"
        : cp.Replicas > 1 ? $"spec.replicas: runtime \"Process\" runs one kube-apiserver, not {cp.Replicas}; leave it out, or ask for another spec.runtime"
        : null;

    public async ValueTask<RuntimeEndpoints> EndpointsAsync(ControlPlane cp, Task foundation, CancellationToken cancellation)
    {
        if (await host.RefusalAsync(cp.Version, cancellation) is { } refusal)
        {
            await foundation;
            throw new ReconcileFailure(refusal);
        }
        var place = await host.PlaceAsync(cp.Name, cancellation);
        return new RuntimeEndpoints(place.Url, place.Url, null, "", [new Uri(place.Url).IdnHost, .. IsWildcard(place.Bind.Address) ? [] : new[] { place.Bind.Address.ToString() }]);
    }

    public async Task EnsureAsync(ControlPlane cp, CancellationToken cancellation)
    {
        var place = await host.PlaceAsync(cp.Name, cancellation);
        var files = new Dictionary<string, string>();
        foreach (var (key, value) in await ReadAsync(cp, Names.CertificatesSecret, cancellation)) files[$"{Pki}/{key}"] = value;
        foreach (var (key, value) in await ReadAsync(cp, Names.ControllerManagerSecret, cancellation)) files[$"{Manager}/{key}"] = value;
        files[ProcessControlPlane.AdminKubeconfig] = (await ReadAsync(cp, Names.AdminSecret, cancellation)).GetValueOrDefault(Names.KubeconfigKey, "");
        var (pki, manager) = (Path.Combine(place.Directory, Pki), Path.Combine(place.Directory, Manager));
        await host.EnsureAsync(new ProcessControlPlane(cp.Name, cp.Backend, files,
            [.. StockArguments.ApiServer(pki, place.Bind.Port), .. Addresses(place.Bind.Address)],
            // One instance, which the server guards: no lease to wait for after a crash. Its end is its only sign of ill health, so it needs no port.
            [.. StockArguments.ControllerManager(pki, manager, leaderElect: false), "--secure-port=0"]), cancellation);
    }

    public Task<string?> CheckAsync(ControlPlane cp, CancellationToken cancellation) => host.CheckAsync(cp.Name, cancellation);

    public Task DeleteAsync(ControlPlane cp, CancellationToken cancellation) => host.DeleteAsync(cp.Name, cancellation);

    private async Task<IReadOnlyDictionary<string, string>> ReadAsync(ControlPlane cp, string name, CancellationToken cancellation) =>
        await secrets.ReadAsync(cp, name, cancellation)
            ?? throw new ReconcileFailure($"secret \"{name}\" in namespace \"{cp.Namespace}\" was just deleted; it will be made anew");

    // Endpoints of Service "kubernetes" must not be loopback addresses: with one, kube-apiserver would try in vain for ever.
    private static string[] Addresses(IPAddress address) => IsWildcard(address) ? [$"--bind-address={address}"]
        : IPAddress.IsLoopback(address) ? [$"--bind-address={address}", $"--advertise-address={address}", "--endpoint-reconciler-type=none"]
        : [$"--bind-address={address}", $"--advertise-address={address}"];

    private static bool IsWildcard(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
}
