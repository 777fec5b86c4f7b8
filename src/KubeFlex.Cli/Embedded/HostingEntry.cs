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
            var context = ControlPlaneEntries.MergeAsIs(config, admin.Object);
            KubeflexExtension.SetHostingContext(config, context, session.Host.Time);
            if (makeCurrent) config.CurrentContext = context;
            return context;
        }, cancellation);
    }
}
