using System.CommandLine;
using KubeFlex.Cli.Terminal;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Commands;

/// <summary>Lists the contexts; an asterisk marks the current one.</summary>
internal sealed class CtxListCommand(CliApp app) : Verb(app, "list", "List the contexts and the control planes they belong to.")
{
    protected override Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var config = session.Kubeconfigs.Load();
        var names = config.Names(KubeconfigSection.Contexts);
        if (names.Count == 0) session.Talk.Say("No contexts found.");
        else
        {
            TextTable.Write(session.Host.Out, ["CONTEXT", "MANAGED BY KFLEX", "CONTROLPLANE"], names.Select(name => new[]
            {
                $"{(name == config.CurrentContext ? '*' : ' ')} {name}",
                ControlPlaneEntries.IsManaged(config, name) ? "yes" : "",
                KubeflexExtension.ControlPlaneOf(config, name) ?? (ControlPlaneEntries.IsManaged(config, name) ? name : ""),
            }));
        }
        return Task.FromResult(ExitCodes.Ok);
    }
}
