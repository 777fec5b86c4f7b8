using KubeFlex.Operator.ControlPlanes;

namespace KubeFlex.Operator.Runtimes.InProcess;

/// <summary>
/// Control planes inside the server's process. There are no pods, so there is nothing for a Service or an Ingress to point at: the
/// server's own port is the address, in and out of the cluster.
/// </summary>
internal sealed class InProcessRuntime(IInProcessHost host) : IControlPlaneRuntime
{
    public string? Refusal(ControlPlane cp)
    {
        var field = cp.Version is not null ? "spec.version" : cp.Resources is not null ? "spec.resources" : cp.HasReplicas ? "spec.replicas" : null;
        return field is null ? null : $"{field}: runtime \"InProcess\" has no pods or binaries that it could apply to; leave it out, or ask for another spec.runtime";
    }

    public ValueTask<RuntimeEndpoints> EndpointsAsync(ControlPlane cp, Task foundation, CancellationToken cancellation)
    {
        var endpoint = host.Endpoint(cp.Name);
        return new ValueTask<RuntimeEndpoints>(new RuntimeEndpoints(endpoint.Url, endpoint.Url, endpoint.TlsServerName, endpoint.ServerCaPem,
            Uri.TryCreate(endpoint.Url, UriKind.Absolute, out var url) ? [endpoint.TlsServerName, url.IdnHost] : [endpoint.TlsServerName]));
    }

    public Task EnsureAsync(ControlPlane cp, CancellationToken cancellation) => host.EnsureAsync(cp.Name, cp.Backend, cancellation);

    public Task<string?> CheckAsync(ControlPlane cp, CancellationToken cancellation) => host.CheckAsync(cp.Name, cancellation);

    public Task DeleteAsync(ControlPlane cp, CancellationToken cancellation) => host.DeleteAsync(cp.Name, cancellation);
}
