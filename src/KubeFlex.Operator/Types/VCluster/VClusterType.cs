using System.Globalization;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Exposure;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Objects;
using KubeFlex.Operator.Tenants;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Types.VCluster;

/// <summary>Type vcluster: an API of its own whose pods run on the hosting cluster's nodes, in the control plane's namespace.</summary>
internal sealed class VClusterType(HostingCluster hosting, ManagedSecrets secrets, ManagedObjects objects, Exposer exposer, TenantProbe probe, PodsOptions options) : IControlPlaneType
{
    private const string ConfigSecret = "vc-config-vcluster";
    private const string NodePort = "vcluster-nodeport";
    private const string Key = "config";
    private const string InClusterKey = "config-incluster";

    private readonly VClusterKubeconfig kubeconfig = new(hosting);

    public string? Refusal(ControlPlane cp) => null;

    public async Task<SecretReference> EnsureAsync(ControlPlane cp, Task foundation, CancellationToken cancellation)
    {
        await foundation;
        var system = SystemConfig.Read(hosting);
        var address = await exposer.AddressAsync(cp, VClusterManifests.Name, foundation, cancellation);
        string[] names =
        [
            address.Host, system.HostContainer, VClusterManifests.Name, $"{VClusterManifests.Name}.{cp.Namespace}", $"{VClusterManifests.Name}.{cp.Namespace}.svc",
            $"{VClusterManifests.Name}.{cp.Namespace}.svc.cluster.local", .. cp.ExtraSans,
        ];
        var config = YamlWriter.Write(VClusterManifests.Config(cp, options, address.Url, names, system.IsOpenShift));
        var inputs = Manifest.Hash(config);
        if (!secrets.IsCurrent(cp, ConfigSecret, inputs, ["config.yaml"]))
            await secrets.ApplyAsync(cp, new SecretContent(ConfigSecret, inputs, new Dictionary<string, string> { ["config.yaml"] = config }, null), cancellation);
        // Before what refers to them.
        await Task.WhenAll(
            Ensure(cp, Resources.ServiceAccounts, "vc-vcluster", VClusterManifests.ServiceAccount(), cancellation),
            Ensure(cp, Resources.ServiceAccounts, "vc-workload-vcluster", VClusterManifests.ServiceAccount(), cancellation),
            Ensure(cp, Kinds.Roles, "vc-vcluster", VClusterManifests.Role(), cancellation),
            Ensure(cp, Resources.Services, VClusterManifests.Name, VClusterManifests.Service(), cancellation),
            Ensure(cp, Resources.Services, "vcluster-headless", VClusterManifests.HeadlessService(), cancellation),
            Ensure(cp, Resources.Services, NodePort, VClusterManifests.NodePortService(), cancellation),
            exposer.EnsureAsync(cp, VClusterManifests.Name, cancellation));
        await Ensure(cp, Kinds.RoleBindings, "vc-vcluster", BindingOf(cp), cancellation);
        await Ensure(cp, Kinds.StatefulSets, VClusterManifests.Name, VClusterManifests.StatefulSet(cp, options, inputs, system.IsOpenShift), cancellation);
        await kubeconfig.CompleteAsync(cp, Key, InClusterKey, InClusterUrl(cp), cancellation);
        return new SecretReference(cp.Namespace, HostingCluster.VClusterSecret, Key, InClusterKey);
    }

    public async Task<string?> CheckAsync(ControlPlane cp, CancellationToken cancellation) =>
        Workload.NotReady(await hosting.Client.FindAsync(Kinds.StatefulSets.In(cp.Namespace).Named(VClusterManifests.Name), cancellation), "StatefulSet", VClusterManifests.Name)
        ?? await probe.CheckAsync(cp, HostingCluster.VClusterSecret, InClusterKey, cancellation, client => UpdateClusterInfoAsync(cp, client, cancellation));

    public DateTimeOffset? RenewAt(ControlPlane cp) => null;

    /// <summary>All of it is in the namespace.</summary>
    public Task DeleteAsync(ControlPlane cp, CancellationToken cancellation) => Task.CompletedTask;

    private static string InClusterUrl(ControlPlane cp) => $"https://{VClusterManifests.Name}.{cp.Namespace}";

    private Task<JsonObject> Ensure(ControlPlane cp, ResourceRef kind, string name, JsonObject desired, CancellationToken cancellation) =>
        objects.EnsureAsync(cp, kind.In(cp.Namespace).Named(name), desired, cancellation);

    private static JsonObject BindingOf(ControlPlane cp)
    {
        var binding = VClusterManifests.RoleBinding();
        binding["subjects"]![0]!["namespace"] = cp.Namespace;
        return binding;
    }

    /// <summary>
    /// Agents that join from other clusters find the API by ConfigMap kube-public/cluster-info: through the node port, or the Route. KubeFlex has a Job for
    /// it. Nothing waits for it, so a failure only means that the next pass tries again.
    /// </summary>
    private async Task UpdateClusterInfoAsync(ControlPlane cp, KubeClient client, CancellationToken cancellation)
    {
        try
        {
            var system = SystemConfig.Read(hosting);
            var service = await hosting.Client.FindAsync(Resources.Services.In(cp.Namespace).Named(NodePort), cancellation);
            var address = await exposer.AddressAsync(cp, VClusterManifests.Name, Task.CompletedTask, cancellation);
            var server = address.IsRoute ? address.Url
                : service?["spec"]?["ports"]?[0]?["nodePort"] is { } port ? string.Create(CultureInfo.InvariantCulture, $"https://{system.HostContainer}:{port}") : null;
            if (server is null || await kubeconfig.AuthoritiesAsync(cp, Key, cancellation) is not { } authorities) return;
            await ClusterInfo.EnsureAsync(client, server, authorities, cancellation);
        }
        catch (Exception e) when (e is KubeApiException or HttpRequestException or ReconcileFailure)
        {
            // It serves all the same.
        }
    }
}
