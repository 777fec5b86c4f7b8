using System.CommandLine;
using KubeFlex.Cli.Tenancy;

namespace KubeFlex.Cli.Commands;

/// <summary>Prints a control plane's own kubeconfig.</summary>
internal sealed class KubeconfigCommand : Verb
{
    private readonly Argument<string> name = new("name") { Description = "Name of the control plane." };
    private readonly Option<bool> inCluster = new("--in-cluster") { Description = "The one for pods of the hosting cluster." };

    public KubeconfigCommand(CliApp app) : base(app, "kubeconfig", "Print the kubeconfig of a control plane.")
    {
        Add(name);
        Add(inCluster);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        using var hosting = await new HostingResolver(session).ConnectAsync(cancellation);
        var access = new ControlPlaneAccess(session, hosting);
        var view = await access.GetAsync(parse.GetValue(name)!, cancellation);
        var text = await access.KubeconfigTextAsync(view, parse.GetValue(inCluster), cancellation);
        await session.Host.Out.WriteAsync(text.EndsWith('\n') ? text : text + "\n");
        return ExitCodes.Ok;
    }
}
