using KubeFlex.ApiServer;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Json;
using KubeFlex.Machinery.Objects;
using KubeFlex.Server.ControlPlanes;
using KubeFlex.Server.Sharing;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace KubeFlex.Server.Routing;

/// <summary>
/// Which control plane does a request mean? The path prefix <c>/controlplanes/&lt;name&gt;</c> decides, else the TLS server name, else the
/// Host header; everything else is the hosting control plane's. Who may enter is each control plane's own business.
/// </summary>
internal sealed class ControlPlaneRouter
{
    private const string Prefix = "/controlplanes/";
    private readonly ControlPlaneHost host;
    private readonly RunningControlPlane? hosting;
    private readonly SharedRouter? shared;
    private readonly string suffix;

    /// <summary>Everything is served here.</summary>
    public ControlPlaneRouter(ControlPlaneHost host, RunningControlPlane hosting, string domain) => (this.host, this.hosting, suffix) = (host, hosting, "." + domain);

    /// <summary>Several servers share the control planes.</summary>
    public ControlPlaneRouter(ControlPlaneHost host, SharedRouter shared, string domain) => (this.host, this.shared, suffix) = (host, shared, "." + domain);

    public Task HandleAsync(HttpContext context)
    {
        if (shared is not null)
        {
            // A peer says which one it is: its TLS name and Host are this server's.
            var peer = shared.Accept(context);
            var named = peer is null ? ByPath(context) ?? ByName(context) : peer.ControlPlane is "" or PeerHeaders.Hosting ? null : peer.ControlPlane;
            if (peer is not null && named is not null) ByPath(context);
            return shared.HandleAsync(context, named);
        }
        return (ByPath(context) ?? ByName(context)) is { } name ? HandleAsync(context, name) : hosting!.Api.HandleAsync(context);
    }

    /// <summary>The control plane that a host name means, or null.</summary>
    public string? NameOf(string? host) =>
        host is not null && host.Length > suffix.Length && host.EndsWith(suffix, StringComparison.OrdinalIgnoreCase)
        && host.IndexOf('.', StringComparison.Ordinal) == host.Length - suffix.Length ? host[..^suffix.Length].ToLowerInvariant() : null;

    private static string? ByPath(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "/";
        if (!path.StartsWith(Prefix, StringComparison.Ordinal)) return null;
        var end = path.IndexOf('/', Prefix.Length);
        var name = end < 0 ? path[Prefix.Length..] : path[Prefix.Length..end];
        context.Request.PathBase = path[..(Prefix.Length + name.Length)];
        context.Request.Path = end < 0 ? "/" : path[end..];
        return name;
    }

    private string? ByName(HttpContext context) => NameOf(context.Features.Get<ITlsHandshakeFeature>()?.HostName) ?? NameOf(context.Request.Host.Host);

    private async Task HandleAsync(HttpContext context, string name)
    {
        if (await host.TryHandleAsync(name, context)) return;
        var error = ApiError.NotFound(new GroupResource("tenancy.kflex.kubestellar.org", "controlplanes"), name);
        context.Response.StatusCode = error.Code;
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(KubeJson.ToUtf8(error.ToStatus()), context.RequestAborted);
    }
}
