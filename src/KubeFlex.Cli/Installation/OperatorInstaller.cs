using System.Text.Json.Nodes;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Installation;

/// <summary>Installs or upgrades KubeFlex on a cluster by server-side apply: run again, it changes what differs and nothing else.</summary>
internal sealed class OperatorInstaller(CliSession session, KubeConnection cluster)
{
    private readonly ClusterDocuments target = new(session, cluster);

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
                    var resource = Resources.CustomResourceDefinitions.Named(ClusterDocuments.NameOf(definition));
                    step.Update($"Applying {last = $"definition {resource.Name}"}");
                    await cluster.Client.ApplyAsync(resource, definition, force: true, token);
                    await ObjectWait.UntilAsync(cluster.Client, resource, IsEstablished, session.Host.Time, token);
                }
                foreach (var document in documents.Rest)
                {
                    step.Update($"Applying {last = ClusterDocuments.Describe(document)}");
                    await target.ApplyAsync(document, InstallDocuments.Namespace, token);
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
            await target.WaitForDeploymentAsync(InstallDocuments.Namespace, InstallDocuments.Operator, timeout, new CliException($"the operator {What} is not available after {timeout.TotalSeconds:0} s",
                ExitCodes.Timeout, $"It stays installed. See: kubectl --context {cluster.Context} -n {InstallDocuments.Namespace} get pods,events"), cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw new CliException("interrupted", ExitCodes.Interrupted, $"The operator is installed and goes on starting. See: kubectl --context {cluster.Context} -n {InstallDocuments.Namespace} get pods");
        }
        session.Talk.Done("The operator runs");
    }

    private static bool IsEstablished(JsonObject? definition) => (definition?["status"]?["conditions"] as JsonArray ?? [])
        .Any(c => ControlPlaneView.Text(c?["type"]) == "Established" && ControlPlaneView.Text(c?["status"]) == "True");

    private async Task EnsurePasswordAsync(CancellationToken cancellation)
    {
        var secret = Resources.Secrets.In(InstallDocuments.Namespace).Named(InstallDocuments.Database);
        if (await cluster.Client.FindAsync(secret, cancellation) is not null) return;
        await cluster.Client.CreateAsync(secret, InstallDocuments.DatabasePassword(), cancellation);
    }
}
