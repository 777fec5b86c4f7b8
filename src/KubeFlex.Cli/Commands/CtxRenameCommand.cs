using System.CommandLine;
using KubeFlex.Cli.Completion;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Commands;

/// <summary>Renames a context, with the cluster and user that bear its name.</summary>
internal sealed class CtxRenameCommand : Verb
{
    private readonly NamesArgument<string> from = new("name", NameKind.Context) { Description = "Context to rename." };
    private readonly Argument<string> to = new("new-name") { Description = "Its new name." };
    private readonly Option<bool> switchTo = new("--switch", "-S") { Description = "Make it the current context." };

    public CtxRenameCommand(CliApp app) : base(app, "rename", "Rename a context.")
    {
        Add(from);
        Add(to);
        Add(switchTo);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var (old, name) = (parse.GetValue(from)!, parse.GetValue(to)!);
        if (name.Length == 0) throw new CliException("the new name is empty", ExitCodes.Usage);
        await session.Kubeconfigs.EditAsync(config =>
        {
            CtxCommand.CheckExists(config, old);
            if (config.FindContext(name) is not null) throw new CliException($"there is a context \"{name}\" already", ExitCodes.AlreadyExists, $"Remove it first: kflex ctx delete {name}");
            var wasCurrent = config.CurrentContext == old;
            var wasHosting = KubeflexExtension.HostingContext(config) == old;
            ControlPlaneEntries.Rename(config, old, name);
            if (wasCurrent || parse.GetValue(switchTo)) config.CurrentContext = name;
            if (wasHosting) KubeflexExtension.SetHostingContext(config, name, session.Host.Time);
        }, cancellation);
        session.Talk.Done($"Context {old} is now {name}");
        return ExitCodes.Ok;
    }
}
