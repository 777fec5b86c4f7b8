using System.CommandLine;

namespace KubeFlex.Cli.Commands;

/// <summary>Prints the name of the current context.</summary>
internal sealed class CtxGetCommand(CliApp app) : Verb(app, "get", "Print the current context.")
{
    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var current = session.Kubeconfigs.Load().CurrentContext
            ?? throw new CliException("no current context is set", ExitCodes.NotFound, "Switch to one: kflex ctx, kflex ctx NAME or kubectl config use-context NAME");
        await session.Host.Out.WriteLineAsync(current);
        return ExitCodes.Ok;
    }
}
