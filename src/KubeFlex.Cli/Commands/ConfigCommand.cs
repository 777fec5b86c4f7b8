using System.CommandLine;

namespace KubeFlex.Cli.Commands;

/// <summary>What KubeFlex keeps in the kubeconfig.</summary>
internal sealed class ConfigCommand : Command
{
    public ConfigCommand(CliApp app) : base("config", "See and change what KubeFlex keeps in the kubeconfig.")
    {
        Add(new ConfigSetHostingCommand(app));
        Add(new ConfigDiagnoseCommand(app));
    }
}
