using KubeFlex.ApiServer;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Json;
using KubeFlex.Machinery.Objects;
using KubeFlex.Server.ControlPlanes;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace KubeFlex.Server.Routing;

/// <summary>
/// Which control plane does a request mean? The path prefix <c>/controlplanes/&lt;name&gt;</c> decides, else the TLS server name, else the
/// Host header; everything else is the hosting control plane's. Who may enter is each control plane's own business.
/// </summary>
internal sealed class ControlPlaneRouter(ControlPlaneHost host, RunningControlPlane hosting, string domain)
{
    private const string Prefix = "/controlplanes/";
    private readonly string suffix = "." + domain;

    public Task HandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "/";
        if (path.StartsWith(Prefix, StringComparison.Ordinal))
        {
            var end = path.IndexOf('/', Prefix.Length);
            var name = end < 0 ? path[Prefix.Length..] : path[Prefix.Length..end];
            context.Request.PathBase = path[..(Prefix.Length + name.Length)];
            context.Request.Path = end < 0 ? "/" : path[end..];
            return HandleAsync(context, name);
        }
        return NameOf(context.Features.Get<ITlsHandshakeFeature>()?.HostName) is { } byTls ? HandleAsync(context, byTls)
            : NameOf(context.Request.Host.Host) is { } byHost ? HandleAsync(context, byHost)
            : hosting.Api.HandleAsync(context);
    }

    /// <summary>The control plane that a host name means, or null.</summary>
    public string? NameOf(string? host) =>
        host is not null && host.Length > suffix.Length && host.EndsWith(suffix, StringComparison.OrdinalIgnoreCase)
        && host.IndexOf('.', StringComparison.Ordinal) == host.Length - suffix.Length ? host[..^suffix.Length].ToLowerInvariant() : null;

    private async Task HandleAsync(HttpContext context, string name)
    {
        if (await host.TryHandleAsync(name, context)) return;
        var error = ApiError.NotFound(new GroupResource("tenancy.kflex.kubestellar.org", "controlplanes"), name);
        context.Response.StatusCode = error.Code;
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(KubeJson.ToUtf8(error.ToStatus()), context.RequestAborted);
    }
}
