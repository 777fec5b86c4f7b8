using System.Text.Json.Nodes;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Machinery.Objects;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Discovery;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Installation;

/// <summary>Applies documents of any kind to a cluster, in their order, and waits for what they start.</summary>
internal sealed class ClusterDocuments(CliSession session, KubeConnection cluster)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly ResourceRef Deployments = new("apps", "v1", "deployments");
    private static readonly ResourceRef Pods = new("", "v1", "pods");
    private readonly ApiDiscovery discovery = new(cluster.Client);

    /// <summary>Server-side apply; what names no namespace goes to <paramref name="standardNamespace"/>.</summary>
    public async Task ApplyAsync(JsonObject document, string standardNamespace, CancellationToken cancellation) =>
        await cluster.Client.ApplyAsync(await ResourceAsync(document, standardNamespace, cancellation), document, force: true, cancellation);

    /// <summary>Waits until a Deployment is available; when the time is over, says what its pods wait for.</summary>
    public async Task WaitForDeploymentAsync(string ns, string name, TimeSpan timeout, CliException tooLate, CancellationToken cancellation)
    {
        try
        {
            await Deadline.WithinAsync(timeout, session.Host.Time,
                token => ObjectWait.UntilAsync(cluster.Client, Deployments.In(ns).Named(name), IsAvailable, session.Host.Time, token), () => tooLate, cancellation);
        }
        catch (CliException e) when (e == tooLate)
        {
            foreach (var reason in await PodTroubleAsync(ns, cancellation)) session.Talk.Warn(reason);
            throw;
        }
    }

    public static string Describe(JsonObject document) => $"{ControlPlaneView.Text(document["kind"])} {NameOf(document)}";

    public static string NameOf(JsonObject document) => ControlPlaneView.Text(document["metadata"]?["name"]);

    public static bool IsAvailable(JsonObject? deployment) => deployment is not null
        && Number(deployment["status"]?["observedGeneration"]) >= Number(deployment["metadata"]?["generation"])
        && Number(deployment["status"]?["availableReplicas"]) > 0 && Number(deployment["status"]?["unavailableReplicas"]) == 0;

    private async Task<ResourceRef> ResourceAsync(JsonObject document, string standardNamespace, CancellationToken cancellation)
    {
        var (version, kind) = (ControlPlaneView.Text(document["apiVersion"]), ControlPlaneView.Text(document["kind"]));
        var at = version.IndexOf('/', StringComparison.Ordinal);
        var gvk = new GroupVersionKind(at < 0 ? "" : version[..at], version[(at + 1)..], kind);
        // Discovery follows a definition's establishment a moment later.
        for (var look = 0; look < 50; look++)
        {
            if (await discovery.FindAsync(gvk, cancellation) is { } mapping)
            {
                var resource = mapping.Collection.Named(NameOf(document));
                return mapping.Namespaced ? resource.In(ControlPlaneView.Text(document["metadata"]?["namespace"]) is { Length: > 0 } ns ? ns : standardNamespace) : resource;
            }
            await Task.Delay(Pause, session.Host.Time, cancellation);
        }
        throw new CliException($"the server of context \"{cluster.Context}\" does not serve {kind} of {version}", ExitCodes.NotFound, "KubeFlex needs Kubernetes 1.30 or newer.");
    }

    private async Task<List<string>> PodTroubleAsync(string ns, CancellationToken cancellation)
    {
        var list = await cluster.Client.ListAsync(Pods.In(ns), null, cancellation);
        return [.. (list["items"] as JsonArray ?? []).OfType<JsonObject>().SelectMany(p => (p["status"]?["containerStatuses"] as JsonArray ?? []).OfType<JsonObject>()
            .Select(c => (Pod: NameOf(p), Container: ControlPlaneView.Text(c["name"]), Waiting: c["state"]?["waiting"])))
            .Where(c => c.Waiting is not null).Select(c => $"{c.Pod}/{c.Container}: {ControlPlaneView.Text(c.Waiting!["reason"])} {ControlPlaneView.Text(c.Waiting["message"])}".TrimEnd())];
    }

    private static long Number(JsonNode? node) => node is null ? 0 : long.TryParse(node.ToJsonString(), out var value) ? value : 0;
}
