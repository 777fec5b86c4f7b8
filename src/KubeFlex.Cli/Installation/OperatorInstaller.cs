using System.Text.Json.Nodes;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Machinery.Objects;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Discovery;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Installation;

/// <summary>Installs or upgrades KubeFlex on a cluster by server-side apply: run again, it changes what differs and nothing else.</summary>
internal sealed class OperatorInstaller(CliSession session, KubeConnection cluster)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly ResourceRef Deployments = new("apps", "v1", "deployments");
    private static readonly ResourceRef Pods = new("", "v1", "pods");

    /// <summary>The settings of an earlier installation, or null.</summary>
    public Task<JsonObject?> FindConfigAsync(CancellationToken cancellation) =>
        cluster.Client.FindAsync(Resources.ConfigMaps.In(InstallDocuments.Namespace).Named(InstallDocuments.Config), cancellation);

    public async Task InstallAsync(InstallDocuments documents, TimeSpan timeout, CancellationToken cancellation)
    {
        var last = "nothing";
        using var step = session.Talk.Begin("Applying the definitions");
        try
        {
            await Deadline.WithinAsync(timeout, session.Host.Time, async token =>
            {
                foreach (var definition in documents.Definitions)
                {
                    var resource = Resources.CustomResourceDefinitions.Named(NameOf(definition));
                    step.Update($"Applying {last = $"definition {resource.Name}"}");
                    await cluster.Client.ApplyAsync(resource, definition, force: true, token);
                    await ObjectWait.UntilAsync(cluster.Client, resource, IsEstablished, session.Host.Time, token);
                }
                var discovery = new ApiDiscovery(cluster.Client);
                foreach (var document in documents.Rest)
                {
                    step.Update($"Applying {last = $"{ControlPlaneView.Text(document["kind"])} {NameOf(document)}"}");
                    await cluster.Client.ApplyAsync(await ResourceAsync(discovery, document, token), document, force: true, token);
                    // Before the pods that need it, after the namespace.
                    if (InstallDocuments.IsA(document, "Namespace", InstallDocuments.Namespace) && documents.NeedsDatabasePassword) await EnsurePasswordAsync(token);
                }
                return true;
            }, () => new CliException($"the installation did not get further than {last} within {timeout.TotalSeconds:0} s", ExitCodes.Timeout, "Run it again: it goes on from where it is."), cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw new CliException("interrupted", ExitCodes.Interrupted, $"The last thing applied to context \"{cluster.Context}\" was {last}. Run kflex init again: it goes on from where it is.");
        }
        session.Talk.Done($"The definitions{(documents.HasOperator ? " and the operator" : "")} are applied to context {cluster.Context}");
    }

    /// <summary>Waits until the operator runs, saying what its pods wait for.</summary>
    public async Task WaitAsync(TimeSpan timeout, CancellationToken cancellation)
    {
        const string What = $"{InstallDocuments.Namespace}/{InstallDocuments.Operator}";
        using var step = session.Talk.Begin($"Waiting for the operator ({What})");
        try
        {
            await Deadline.WithinAsync(timeout, session.Host.Time, token => ObjectWait.UntilAsync(cluster.Client, Deployments.In(InstallDocuments.Namespace).Named(InstallDocuments.Operator),
                IsAvailable, session.Host.Time, token), () => new CliException($"the operator {What} is not available after {timeout.TotalSeconds:0} s", ExitCodes.Timeout,
                $"It stays installed. See: kubectl --context {cluster.Context} -n {InstallDocuments.Namespace} get pods,events"), cancellation);
        }
        catch (CliException e) when (e.ExitCode == ExitCodes.Timeout)
        {
            foreach (var reason in await PodTroubleAsync(cancellation)) session.Talk.Warn(reason);
            throw;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw new CliException("interrupted", ExitCodes.Interrupted, $"The operator is installed and goes on starting. See: kubectl --context {cluster.Context} -n {InstallDocuments.Namespace} get pods");
        }
        session.Talk.Done("The operator runs");
    }

    public static bool IsAvailable(JsonObject? deployment) => deployment is not null
        && Number(deployment["status"]?["observedGeneration"]) >= Number(deployment["metadata"]?["generation"])
        && Number(deployment["status"]?["availableReplicas"]) > 0 && Number(deployment["status"]?["unavailableReplicas"]) == 0;

    private static bool IsEstablished(JsonObject? definition) => (definition?["status"]?["conditions"] as JsonArray ?? [])
        .Any(c => ControlPlaneView.Text(c?["type"]) == "Established" && ControlPlaneView.Text(c?["status"]) == "True");

    private async Task EnsurePasswordAsync(CancellationToken cancellation)
    {
        var secret = Resources.Secrets.In(InstallDocuments.Namespace).Named(InstallDocuments.Database);
        if (await cluster.Client.FindAsync(secret, cancellation) is not null) return;
        await cluster.Client.CreateAsync(secret, InstallDocuments.DatabasePassword(), cancellation);
    }

    private async Task<ResourceRef> ResourceAsync(ApiDiscovery discovery, JsonObject document, CancellationToken cancellation)
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
                return mapping.Namespaced ? resource.In(ControlPlaneView.Text(document["metadata"]?["namespace"]) is { Length: > 0 } ns ? ns : InstallDocuments.Namespace) : resource;
            }
            await Task.Delay(Pause, session.Host.Time, cancellation);
        }
        throw new CliException($"the server of context \"{cluster.Context}\" does not serve {kind} of {version}", ExitCodes.NotFound, "KubeFlex needs Kubernetes 1.30 or newer.");
    }

    private async Task<List<string>> PodTroubleAsync(CancellationToken cancellation)
    {
        var list = await cluster.Client.ListAsync(Pods.In(InstallDocuments.Namespace), null, cancellation);
        return [.. (list["items"] as JsonArray ?? []).OfType<JsonObject>().SelectMany(p => (p["status"]?["containerStatuses"] as JsonArray ?? []).OfType<JsonObject>()
            .Select(c => (Pod: NameOf(p), Container: ControlPlaneView.Text(c["name"]), Waiting: c["state"]?["waiting"])))
            .Where(c => c.Waiting is not null).Select(c => $"{c.Pod}/{c.Container}: {ControlPlaneView.Text(c.Waiting!["reason"])} {ControlPlaneView.Text(c.Waiting["message"])}".TrimEnd())];
    }

    private static string NameOf(JsonObject document) => ControlPlaneView.Text(document["metadata"]?["name"]);

    private static long Number(JsonNode? node) => node is null ? 0 : long.TryParse(node.ToJsonString(), out var value) ? value : 0;
}
