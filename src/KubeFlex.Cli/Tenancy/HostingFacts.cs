using System.Text.Json.Nodes;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Cli.Tenancy;

/// <summary>What kind of cluster a server is.</summary>
internal static class HostingFacts
{
    /// <summary>The answer of <c>/version</c>; empty when the server has none.</summary>
    public static async Task<JsonObject> VersionAsync(KubeClient client, CancellationToken cancellation)
    {
        try
        {
            return await client.GetDocumentAsync("version", cancellation);
        }
        catch (KubeApiException e) when (e.Code is 403 or 404)
        {
            return [];
        }
    }

    /// <summary>A control plane of our own server, such as the embedded hosting one: its operator is built in, and it sees what this machine sees.</summary>
    public static bool IsOurs(JsonObject version) => ControlPlaneView.Text(version["compiler"]) == "dotnet";

    /// <summary>OpenShift has projects.</summary>
    public static async Task<bool> IsOpenShiftAsync(KubeClient client, CancellationToken cancellation)
    {
        try
        {
            var list = await client.GetDocumentAsync("apis/project.openshift.io/v1", cancellation);
            return (list["resources"] as JsonArray ?? []).Any(r => ControlPlaneView.Text(r?["name"]) == "projects");
        }
        catch (KubeApiException e) when (e.Code is 403 or 404)
        {
            return false;
        }
    }
}
