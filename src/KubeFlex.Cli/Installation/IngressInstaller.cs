using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Installation;

/// <summary>Puts the ingress controller into a kind cluster and waits until it works; run again, it goes on from where it is.</summary>
internal sealed class IngressInstaller(CliSession session, KubeConnection cluster)
{
    // What kubectl takes when neither the document nor the context names one.
    private const string StandardNamespace = "default";

    /// <summary>Applies and waits; <paramref name="again"/> is the command that goes on after a failure.</summary>
    public async Task InstallAsync(IngressManifest manifest, string again, TimeSpan timeout, CancellationToken cancellation)
    {
        var (ns, name) = (Tenancy.ControlPlaneView.Text(manifest.Controller["metadata"]?["namespace"]) is { Length: > 0 } named ? named : StandardNamespace, ClusterDocuments.NameOf(manifest.Controller));
        var undone = $"The ingress controller is not complete, and KubeFlex itself is not installed yet. Go on with: {again}";
        var documents = new ClusterDocuments(session, cluster);
        var last = "nothing";
        using var step = session.Talk.Begin("Applying the ingress controller");
        try
        {
            await Deadline.WithinAsync(timeout, session.Host.Time, async token =>
            {
                foreach (var document in manifest.Documents)
                {
                    step.Update($"Applying {last = ClusterDocuments.Describe(document)}");
                    await documents.ApplyAsync(document, StandardNamespace, token);
                }
                return true;
            }, () => new CliException($"the ingress controller did not get further than {last} within {timeout.TotalSeconds:0} s", ExitCodes.Timeout, undone), cancellation);
            step.Update($"Waiting for the ingress controller ({ns}/{name})");
            await documents.WaitForDeploymentAsync(ns, name, timeout, new CliException($"the ingress controller {ns}/{name} is not available after {timeout.TotalSeconds:0} s", ExitCodes.Timeout,
                $"See: kubectl --context {cluster.Context} -n {ns} get pods,events{Environment.NewLine}{undone}"), cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw new CliException("interrupted", ExitCodes.Interrupted, undone);
        }
        catch (Runtime.Client.KubeApiException e)
        {
            throw new CliException($"{last} of the ingress controller was refused by context \"{cluster.Context}\": {e.Message}", ExitCodes.Failed, undone);
        }
        session.Talk.Done($"The ingress controller runs ({ns}/{name})");
    }
}
