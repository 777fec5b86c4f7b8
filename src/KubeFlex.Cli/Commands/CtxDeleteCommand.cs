using System.CommandLine;
using KubeFlex.Cli.Completion;
using KubeFlex.Cli.Terminal;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Commands;

/// <summary>Removes a context and the entries KubeFlex made for it. The control plane itself stays.</summary>
internal sealed class CtxDeleteCommand : Verb
{
    private readonly NamesArgument<string> name = new("name", NameKind.Context) { Description = "Context to remove." };
    private readonly Option<bool> force = new("--force", "-f") { Description = "Do not ask, even when KubeFlex did not make the context." };

    public CtxDeleteCommand(CliApp app) : base(app, "delete", "Remove a context from the kubeconfig.")
    {
        Add(name);
        Add(force);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var context = parse.GetValue(name)!;
        var before = session.Kubeconfigs.Load();
        CtxCommand.CheckExists(before, context);
        if (!parse.GetValue(force) && !ControlPlaneEntries.IsManaged(before, context)) await AskAsync(session.Host, context, cancellation);
        var next = await session.Kubeconfigs.EditAsync(config =>
        {
            ControlPlaneEntries.Remove(config, context);
            var hosting = KubeflexExtension.HostingContext(config);
            if (hosting == context) KubeflexExtension.ForgetHostingContext(config, context);
            if (config.CurrentContext == context) config.CurrentContext = hosting is not null && config.FindContext(hosting) is not null ? hosting : null;
            return config.CurrentContext;
        }, cancellation);
        session.Talk.Done($"Context {context} is removed; the current context is {next ?? "unset"}");
        return ExitCodes.Ok;
    }

    private static async Task AskAsync(CliHost host, string context, CancellationToken cancellation)
    {
        if (!host.CanAsk) throw new CliException($"KubeFlex did not make context \"{context}\"", ExitCodes.Usage, "Remove it all the same with --force");
        if (!await Question.AskAsync(host, $"KubeFlex did not make context \"{context}\". Remove it?", standard: false, cancellation)) throw new CliException("nothing was removed", ExitCodes.Failed);
    }
}
