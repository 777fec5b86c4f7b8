using System.CommandLine;
using KubeFlex.Cli.Completion;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Commands;

/// <summary>Stores which context is the hosting one.</summary>
internal sealed class ConfigSetHostingCommand : Verb
{
    private readonly NamesArgument<string> context = new("context", NameKind.Context) { Description = "Context of the hosting cluster." };

    public ConfigSetHostingCommand(CliApp app) : base(app, "set-hosting", "Store which context is the hosting one.") => Add(context);

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        await SetAsync(session, parse.GetValue(context)!, cancellation);
        return ExitCodes.Ok;
    }

    public static async Task SetAsync(CliSession session, string name, CancellationToken cancellation)
    {
        // A control plane may host others (KubeFlex can be installed in it), but most do not, and then no command would work any more.
        var before = session.Kubeconfigs.Load();
        if (ControlPlaneEntries.IsManaged(before, name) && !await new HostingResolver(session).ServesAsync(before, name, cancellation))
            throw new CliException($"context \"{name}\" leads to a control plane, which does not host others", ExitCodes.Usage, "Name the context of the cluster where KubeFlex runs.");
        await session.Kubeconfigs.EditAsync(config =>
        {
            CtxCommand.CheckExists(config, name);
            if (config.ServerOf(name) is null)
                throw new CliException($"context \"{name}\" points to no server", ExitCodes.BadKubeconfig, $"Its cluster is missing in {config.Location}, or has no server.");
            KubeflexExtension.SetHostingContext(config, name, session.Host.Time);
        }, cancellation);
        session.Talk.Done($"The hosting context is {name}");
    }
}
