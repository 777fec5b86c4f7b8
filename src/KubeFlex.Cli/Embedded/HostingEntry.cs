using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Embedded;

/// <summary>Brings the embedded hosting control plane into the user's kubeconfig.</summary>
internal static class HostingEntry
{
    /// <summary>Merges the server's admin kubeconfig, marks it as the hosting context and, if wanted, makes it current. Answers the context.</summary>
    public static async Task<string> InstallAsync(CliSession session, DataDirectory directory, bool makeCurrent, CancellationToken cancellation)
    {
        var read = ObjectReader.ReadYaml(await File.ReadAllBytesAsync(directory.AdminKubeconfig, cancellation));
        if (!read.TryGet(out var admin, out var error))
            throw new CliException($"{directory.AdminKubeconfig} is corrupt: {error.Message}", ExitCodes.ServerFailed, $"Stop the server and start it again: kflex stop{directory.Suffix}");
        return await session.Kubeconfigs.EditAsync(config =>
        {
            var before = Clusters(config);
            var context = ControlPlaneEntries.MergeAsIs(config, admin.Object);
            FollowMove(config, before, context);
            KubeflexExtension.SetHostingContext(config, context, session.Host.Time);
            if (makeCurrent) config.CurrentContext = context;
            return context;
        }, cancellation);
    }

    private static Dictionary<string, (string? Server, string? Authority)> Clusters(Kubeconfig config) => config.Names(KubeconfigSection.Clusters).ToDictionary(
        name => name, name => (Text(config, name, "server"), Text(config, name, "certificate-authority-data")));

    /// <summary>
    /// The server may listen elsewhere than the last time (its port was taken). It is the same one if its authority is; then the entries of
    /// its control planes move along, since each has the address in its URL.
    /// </summary>
    private static void FollowMove(Kubeconfig config, Dictionary<string, (string? Server, string? Authority)> before, string context)
    {
        var hosting = config.FindContext(context)?.Cluster!;
        if (!before.TryGetValue(hosting, out var old) || old.Authority is null || old.Authority != Text(config, hosting, "certificate-authority-data")) return;
        if (!Uri.TryCreate(old.Server, UriKind.Absolute, out var from) || !Uri.TryCreate(config.ServerOf(context), UriKind.Absolute, out var to) || from.Authority == to.Authority) return;
        foreach (var name in config.Names(KubeconfigSection.Contexts).Where(c => ControlPlaneEntries.IsManaged(config, c)))
        {
            if (config.FindContext(name)?.Cluster is { } cluster && Uri.TryCreate(config.ServerOf(name), UriKind.Absolute, out var url) && url.Authority == from.Authority)
                config.Find(KubeconfigSection.Clusters, cluster)!["server"] = to.GetLeftPart(UriPartial.Authority) + url.AbsolutePath.TrimEnd('/');
        }
    }

    private static string? Text(Kubeconfig config, string cluster, string key) =>
        config.Find(KubeconfigSection.Clusters, cluster)?[key] is JsonValue v && v.TryGetValue(out string? text) ? text : null;
}
