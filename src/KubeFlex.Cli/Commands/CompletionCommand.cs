using System.CommandLine;
using KubeFlex.Cli.Completion;

namespace KubeFlex.Cli.Commands;

/// <summary>Prints the script that teaches a shell to complete kflex's commands, options and names.</summary>
internal sealed class CompletionCommand : Verb
{
    private readonly Argument<string> shell = new("shell") { Description = $"{string.Join(", ", ShellScripts.Shells)}." };

    public CompletionCommand(CliApp app) : base(app, "completion", "Print the completion script of a shell.")
    {
        shell.AcceptOnlyFromAmong(ShellScripts.Shells);
        Add(shell);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        await session.Host.Out.WriteLineAsync(ShellScripts.For(parse.GetValue(shell)!));
        return ExitCodes.Ok;
    }
}
