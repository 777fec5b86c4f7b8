using KubeFlex.Cli.Embedded;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Logs;

/// <summary>Finds where a control plane's logs are.</summary>
internal static class LogSources
{
    public static async Task<ILogSource> FindAsync(CliSession session, KubeConnection hosting, ControlPlaneView view, string? component, DataDirectory directory, CancellationToken cancellation)
    {
        if (view.Type is "host" or "external")
            throw new CliException($"control plane {view.Name} is of type {view.Type}: KubeFlex does not run it and has no logs of it", ExitCodes.NotFound, $"What the operator has to say about it: kflex describe {view.Name}");
        if (view.Runtime == "Process") return new ProgramLogs(session, hosting.Client, view);

        var pods = await PodLogs.FindAsync(hosting.Client, view, component, cancellation);
        if (pods.Count > 0) return new PodLogs(session, hosting.Client, view, pods);
        if (!HostingFacts.IsOurs(await HostingFacts.VersionAsync(hosting.Client, cancellation)) || view.Runtime == "Pods" || view.Type != "k8s")
            throw new CliException($"control plane {view.Name} has no {(component is { } c ? $"pods of {c}" : "pods")} in namespace {view.Namespace}", ExitCodes.NotFound, view.IsReady ? null : $"It is not Ready: {view.Waiting}");
        return new ServerLog(session, view, directory, hosting.Server);
    }
}
