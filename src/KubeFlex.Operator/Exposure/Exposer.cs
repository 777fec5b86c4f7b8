using System.Text.Json.Nodes;
using KubeFlex.Machinery.Objects;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Objects;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Exposure;

/// <summary>How a control plane is reached from outside the hosting cluster.</summary>
/// <param name="Host">Its host name there.</param>
/// <param name="Url">Its URL there.</param>
/// <param name="IsRoute">Through an OpenShift Route, whose host OpenShift chose.</param>
internal sealed record ExternalAddress(string Host, string Url, bool IsRoute);

/// <summary>Leads TLS connections for a control plane's host name, as they are, to its Service: by Ingress, Route or TLSRoute, all named after the control plane.</summary>
internal sealed class Exposer(HostingCluster hosting, ManagedObjects objects, PodsOptions options)
{
    private static readonly GroupVersionKind Route = new("route.openshift.io", "v1", "Route");

    // Newest first: the kind moved from the experimental channel to the standard one.
    private static readonly string[] TlsRouteVersions = ["v1", "v1alpha3", "v1alpha2"];

    // OpenShift gives the host when it admits the route, which may take a moment.
    private static readonly TimeSpan RouteWait = TimeSpan.FromSeconds(3);

    /// <summary>The address, without waiting for anything unless it is a Route's, which must be made to be known.</summary>
    public async ValueTask<ExternalAddress> AddressAsync(ControlPlane cp, string service, Task foundation, CancellationToken cancellation)
    {
        var config = SystemConfig.Read(hosting);
        if (Kind(config) != ExposureKind.Route) return new ExternalAddress(config.HostOf(cp), config.ExternalUrl(config.HostOf(cp)), false);
        await foundation;
        var route = await objects.EnsureAsync(cp, await RouteOfAsync(cp, cancellation), ExposureManifests.Route(service), cancellation);
        var host = (string?)route["spec"]?["host"];
        return string.IsNullOrEmpty(host)
            ? throw new ReconcileFailure($"Route \"{cp.Name}\" in namespace \"{cp.Namespace}\": OpenShift has not given it a host yet", retryAfter: RouteWait)
            : new ExternalAddress(host, $"https://{host}", true);
    }

    /// <summary>Makes or mends the way in.</summary>
    public async Task EnsureAsync(ControlPlane cp, string service, CancellationToken cancellation)
    {
        var config = SystemConfig.Read(hosting);
        var kind = Kind(config);
        if (kind == ExposureKind.Auto) kind = await FindTlsRouteAsync(cp, cancellation) is null ? ExposureKind.Ingress : ExposureKind.TlsRoute;
        switch (kind)
        {
            case ExposureKind.Route:
                await objects.EnsureAsync(cp, await RouteOfAsync(cp, cancellation), ExposureManifests.Route(service), cancellation);
                break;
            case ExposureKind.TlsRoute:
                var gateway = options.Gateway ?? throw new ReconcileFailure("the operator shall use TLSRoutes, but was not told of a Gateway to attach them to", permanent: true);
                var at = await FindTlsRouteAsync(cp, cancellation) ?? throw new ReconcileFailure("the operator shall use TLSRoutes, but the hosting cluster does not serve that kind; install the Gateway API's definitions");
                await objects.EnsureAsync(cp, at, ExposureManifests.TlsRoute(at.Version, gateway, config.HostOf(cp), service), cancellation);
                break;
            default:
                await objects.EnsureAsync(cp, IngressOf(cp), ExposureManifests.Ingress(options.IngressClass, config.HostOf(cp), service), cancellation);
                break;
        }
        // The former way in when the setting changed; known from the cache, so that it costs no request.
        if (kind != ExposureKind.Ingress && hosting.HasDependent(IngressOf(cp))) await objects.RemoveAsync(cp, IngressOf(cp), cancellation);
    }

    private ExposureKind Kind(SystemConfig config) => options.Exposure != ExposureKind.Auto ? options.Exposure
        : config.IsOpenShift ? ExposureKind.Route
        : options.Gateway is null ? ExposureKind.Ingress : ExposureKind.Auto;

    private static ResourceRef IngressOf(ControlPlane cp) => Kinds.Ingresses.In(cp.Namespace).Named(cp.Name);

    private async Task<ResourceRef> RouteOfAsync(ControlPlane cp, CancellationToken cancellation) =>
        (await hosting.Discovery.FindAsync(Route, cancellation))?.Collection.In(cp.Namespace).Named(cp.Name)
        ?? throw new ReconcileFailure($"ConfigMap \"{Names.SystemConfig}\" says that this is OpenShift, but the hosting cluster does not serve Routes; correct its key \"isOpenShift\"");

    private async Task<ResourceRef?> FindTlsRouteAsync(ControlPlane cp, CancellationToken cancellation)
    {
        foreach (var version in TlsRouteVersions)
        {
            if (await hosting.Discovery.FindAsync(new GroupVersionKind("gateway.networking.k8s.io", version, "TLSRoute"), cancellation) is { } found)
                return found.Collection.In(cp.Namespace).Named(cp.Name);
        }
        return null;
    }
}
