using KubeFlex.Cli.Certificates;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Diagnosis;

/// <summary>The user's kubeconfig: who may read it, and whether the credentials in it still count.</summary>
internal static class KubeconfigChecks
{
    public static IEnumerable<Finding> Look(CliSession session, Kubeconfig config)
    {
        var contexts = config.Names(KubeconfigSection.Contexts);
        yield return contexts.Count == 0 ? Finding.Warning("kubeconfig", $"{config.Location} has no contexts", "Begin with: kflex quickstart, or kflex init")
            : Finding.Ok("kubeconfig", $"{config.Location}: {contexts.Count} contexts, {contexts.Count(c => ControlPlaneEntries.IsManaged(config, c))} of them of control planes; the current one is {config.CurrentContext ?? "unset"}");
        foreach (var file in session.Kubeconfigs.Paths.Files.Where(IsOpen))
            yield return Finding.Warning("kubeconfig", $"{file} can be read by others on this machine, and holds credentials", $"chmod 600 {file}");
        foreach (var context in contexts)
        {
            if (config.ServerOf(context) is null)
                yield return Finding.Warning("kubeconfig", $"context {context} leads to no server", $"kflex ctx delete {context}");
            foreach (var finding in Credentials(session, config, context)) yield return finding;
        }
    }

    private static IEnumerable<Finding> Credentials(CliSession session, Kubeconfig config, string context)
    {
        if (config.FindContext(context)?.User is not { } name || config.Find(KubeconfigSection.Users, name) is not { } user) yield break;
        var now = session.Host.Time.GetUtcNow();
        foreach (var credential in CredentialReader.User("", "", user, null))
        {
            var renew = KubeflexExtension.ControlPlaneOf(config, context) is { } cp ? $"kflex ctx {cp} --overwrite-existing-context" : "Renew it the way it was made.";
            if (credential.State(now) == "expired") yield return Finding.Critical("credentials", $"the {credential.Kind} of context {context} expired at {CredentialView.Stamp(credential.Expires)}", renew);
            else if (credential.State(now) == "expiring") yield return Finding.Warning("credentials", $"the {credential.Kind} of context {context} expires at {CredentialView.Stamp(credential.Expires)}", renew);
        }
    }

    private static bool IsOpen(string file) => !OperatingSystem.IsWindows() && File.Exists(file)
        && (File.GetUnixFileMode(file) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) != 0;
}
