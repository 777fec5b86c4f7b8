using KubeFlex.ApiServer.Registry;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Objects;
using Microsoft.AspNetCore.Http;

namespace KubeFlex.ApiServer.Requests;

/// <summary>One authenticated, authorized request for a resource: what every verb's handler gets.</summary>
internal sealed class ApiRequest
{
    public required HttpContext Http { get; init; }
    public required ControlPlane Plane { get; init; }
    public required RequestInfo Info { get; init; }
    public required UserInfo User { get; init; }
    public required ResourceEntry Entry { get; init; }
    public required SubresourceInfo? Subresource { get; init; }
    public required QueryOptions Options { get; init; }
    public required MediaType Accept { get; init; }

    public ResourceInfo Resource => Entry.Info;
    public GroupResource GroupResource => Entry.Info.GroupResource;
    public string Namespace => Entry.Info.Namespaced ? Info.Namespace : "";
    public string Name => Info.Name;
    public CancellationToken Cancellation => Http.RequestAborted;
    public string SubresourceName => Subresource?.Name ?? "";

    /// <summary>The writer's name for managed fields: asked for, or the first word of the user agent.</summary>
    public string FieldManager
    {
        get
        {
            if (Options.FieldManager.Length > 0) return Options.FieldManager;
            var agent = Http.Request.Headers.UserAgent.ToString();
            var slash = agent.IndexOf('/', StringComparison.Ordinal);
            if (slash >= 0) agent = agent[..slash];
            if (agent.Length > 128) agent = agent[..128];
            return agent.Length == 0 ? "unknown" : agent;
        }
    }

    /// <summary>Adds a <c>Warning</c> header (RFC 7234, code 299).</summary>
    public void Warn(string text) =>
        Http.Response.Headers.Append("Warning", $"299 - \"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).ReplaceLineEndings(" ")}\"");
}
