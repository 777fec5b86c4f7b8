using System.CommandLine;
using KubeFlex.Cli.Completion;

namespace KubeFlex.Cli.Commands;

/// <summary>What the completion scripts ask: the words after kflex, the last of them the one at the cursor.</summary>
internal sealed class CompleteCommand : Command
{
    private readonly Argument<string[]> words = new("words") { Arity = ArgumentArity.ZeroOrMore };

    public CompleteCommand(CliApp app, Command root) : base("__complete", "Candidates for completion.")
    {
        Hidden = true;
        Add(words);
        SetAction(async (parse, cancellation) =>
        {
            var typed = parse.GetValue(words) ?? [];
            var place = CommandLinePlace.Find(root, typed);
            var session = new CliSession(app.Host, KubeconfigOf(app.Globals, root, typed), chatty: false, verbosity: 0);
            foreach (var (word, description) in await new Candidates(session).AtAsync(place, cancellation))
                await app.Host.Out.WriteLineAsync(description.Length > 0 ? $"{word}\t{description}" : word);
            return ExitCodes.Ok;
        });
    }

    // -k counts for what it would count for when the line is run.
    private static string? KubeconfigOf(GlobalOptions globals, Command root, string[] typed) =>
        typed.Length > 1 ? root.Parse(typed[..^1]).GetValue(globals.Kubeconfig) : null;
}
