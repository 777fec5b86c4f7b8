using System.CommandLine;
using KubeFlex.Cli.Completion;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Commands;

/// <summary>Switches between the hosting context and the control planes'.</summary>
internal sealed class CtxCommand : Verb
{
    private readonly NamesArgument<string?> name = new("name", NameKind.Destination) { Description = "Control plane to switch to; without it, the hosting cluster.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<bool> overwrite = new("--overwrite-existing-context", "-o") { Description = "Fetch the control plane's kubeconfig also when the context exists." };
    private readonly Option<bool> setHosting = new("--set-current-for-hosting", "-c") { Description = "Store the current context as the hosting one." };

    public CtxCommand(CliApp app) : base(app, "ctx", "Switch to the hosting context or to a control plane.")
    {
        Add(name);
        Add(overwrite);
        Add(setHosting);
        Add(new CtxGetCommand(app));
        Add(new CtxListCommand(app));
        Add(new CtxRenameCommand(app));
        Add(new CtxDeleteCommand(app));
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        if (parse.GetValue(setHosting))
        {
            var current = session.Kubeconfigs.Load().CurrentContext ?? throw new CliException("there is no current context to store as the hosting one", ExitCodes.NotFound, "Choose one: kubectl config use-context NAME");
            await ConfigSetHostingCommand.SetAsync(session, current, cancellation);
        }
        var context = parse.GetValue(name) is { Length: > 0 } wanted ? await ToControlPlaneAsync(session, wanted, parse.GetValue(overwrite), cancellation) : await ToHostingAsync(session, cancellation);
        session.Talk.Done($"The current context is {context}");
        return ExitCodes.Ok;
    }

    public static void CheckExists(Kubeconfig config, string context)
    {
        if (config.FindContext(context) is not null) return;
        var names = config.Names(KubeconfigSection.Contexts);
        throw new CliException($"there is no context \"{context}\" in {config.Location}", ExitCodes.NotFound, names.Count == 0 ? null : $"There are: {string.Join(", ", names)}");
    }

    private static async Task<string> ToHostingAsync(CliSession session, CancellationToken cancellation)
    {
        var context = await new HostingResolver(session).ResolveAsync(session.Kubeconfigs.Load(), cancellation);
        return await UseAsync(session, context, cancellation);
    }

    private static async Task<string> ToControlPlaneAsync(CliSession session, string name, bool overwrite, CancellationToken cancellation)
    {
        if (!overwrite && session.Kubeconfigs.Load().FindContext(name) is not null) return await UseAsync(session, name, cancellation);
        using var hosting = await new HostingResolver(session).ConnectAsync(cancellation);
        var access = new ControlPlaneAccess(session, hosting);
        return await access.SwitchToAsync(await access.GetAsync(name, cancellation), cancellation);
    }

    private static Task<string> UseAsync(CliSession session, string context, CancellationToken cancellation) =>
        session.Kubeconfigs.EditAsync(config => config.CurrentContext = context, cancellation);
}
