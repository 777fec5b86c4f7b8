using System.Reflection;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Installation;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Diagnosis;

/// <summary>The hosting cluster: whether it answers, is new enough, and has KubeFlex with an operator that runs.</summary>
internal sealed class HostingChecks(CliSession session, KubeConnection hosting)
{
    // Before 1.30 the rules in the definitions are not evaluated.
    private const int OldestMinor = 30;
    private static readonly ResourceRef Deployments = new("apps", "v1", "deployments");

    /// <summary>The checks in order; they end with the first that makes the others pointless.</summary>
    public async IAsyncEnumerable<Finding> LookAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var started = session.Host.Time.GetTimestamp();
        var version = await HostingFacts.VersionAsync(hosting.Client, cancellation);
        var git = ControlPlaneView.Text(version["gitVersion"]);
        yield return Finding.Ok("hosting server", $"{hosting.Server} of context {hosting.Context} answers in {session.Host.Time.GetElapsedTime(started).TotalMilliseconds:0} ms");
        yield return int.TryParse(ControlPlaneView.Text(version["minor"]).TrimEnd('+'), out var minor) && minor < OldestMinor
            ? Finding.Warning("versions", $"the hosting cluster is Kubernetes {git}", $"KubeFlex is meant for 1.{OldestMinor} and newer.")
            : Finding.Ok("versions", $"kflex v{Mine}, hosting cluster {(git.Length > 0 ? git : "of an unknown version")}");

        var definition = await hosting.Client.FindAsync(Resources.CustomResourceDefinitions.Named($"{Resources.ControlPlanes.Resource}.{Resources.ControlPlanes.Group}"), cancellation);
        yield return Definition(definition);
        if (definition is null) yield break;
        yield return HostingFacts.IsOurs(version) ? Finding.Ok("operator", "built into the KubeFlex server")
            : Operator(await hosting.Client.FindAsync(Deployments.In(InstallDocuments.Namespace).Named(InstallDocuments.Operator), cancellation));
    }

    private static string Mine => typeof(HostingChecks).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    private static Finding Definition(JsonObject? installed)
    {
        if (installed is null) return Finding.Critical("definitions", "the hosting cluster does not know control planes: KubeFlex is not installed there", HostingResolver.InitHint);
        var mine = InstallDocuments.Load(new(InstallSettings.StandardDomain, InstallSettings.StandardPort, "", false)).Definitions
            .FirstOrDefault(d => ControlPlaneView.Text(d["metadata"]?["name"]) == ControlPlaneView.Text(installed["metadata"]?["name"]));
        var missing = Fields(mine).Except(Fields(installed)).ToList();
        return missing.Count == 0 ? Finding.Ok("definitions", "installed, and they know every field that this kflex does")
            : Finding.Warning("definitions", $"those on the hosting cluster are older than this kflex: they lack spec.{string.Join(", spec.", missing)}", "Upgrade them: kflex init (or restart the embedded server: kflex stop, kflex init --embedded)");
    }

    private static IEnumerable<string> Fields(JsonObject? definition) => (definition?["spec"]?["versions"] as JsonArray)?.OfType<JsonObject>().FirstOrDefault()
        ?["schema"]?["openAPIV3Schema"]?["properties"]?["spec"]?["properties"] is JsonObject fields ? fields.Select(f => f.Key) : [];

    private static Finding Operator(JsonObject? deployment) => deployment is null
        ? Finding.Critical("operator", $"there is no deployment {InstallDocuments.Namespace}/{InstallDocuments.Operator}: nobody makes control planes", "Install it: kflex init")
        : ClusterDocuments.IsAvailable(deployment) ? Finding.Ok("operator", $"{InstallDocuments.Namespace}/{InstallDocuments.Operator} runs")
        : Finding.Critical("operator", $"{InstallDocuments.Namespace}/{InstallDocuments.Operator} is not available", $"See: kubectl -n {InstallDocuments.Namespace} get pods,events");
}
