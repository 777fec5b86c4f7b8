using System.CommandLine;

namespace KubeFlex.Cli.Commands;

/// <summary>Certificates of control planes.</summary>
internal sealed class CertsCommand : Command
{
    public CertsCommand(CliApp app) : base("certs", "See and renew the certificates of control planes.")
    {
        Add(new CertsCheckCommand(app));
        Add(new CertsRotateCommand(app));
    }
}
