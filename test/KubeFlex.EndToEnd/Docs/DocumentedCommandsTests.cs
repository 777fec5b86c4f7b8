using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Docs;

/// <summary>What README.md and docs/cli.md tell people to type first works as it stands, in this order, in a home of its own.</summary>
public sealed class DocumentedCommandsTests
{
    [Theory]
    [InlineData("README.md", "## Try it", 7)]
    [InlineData("docs/cli.md", "## Five minutes", 7)]
    public async Task First_steps_work_as_written(string document, string heading, int least)
    {
        var home = Directory.CreateTempSubdirectory("kubeflex-docs-").FullName;
        var environment = new Dictionary<string, string?>
        {
            ["HOME"] = home,
            ["KUBEFLEX_HOME"] = null,
            ["KUBECONFIG"] = null,
            ["KUBEFLEX_SERVER"] = Repository.Server,
        };
        var commands = Commands(await File.ReadAllTextAsync(Path.Combine(Repository.Root, document)), heading);
        Assert.True(commands.Count >= least, $"{document}, {heading}: only {commands.Count} commands were found");
        try
        {
            foreach (var line in commands)
            {
                var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                var program = words[0] switch { "./kflex" => Repository.Cli, "kubectl" => Tools.Kubectl, var other => throw new InvalidOperationException($"{document}: \"{other}\" is no program that this test knows") };
                (await Command.RunAsync(program, words[1..], environment)).Ok();
            }
        }
        finally
        {
            await Command.RunAsync(Repository.Cli, ["stop"], environment);
            Directory.Delete(home, recursive: true);
        }
    }

    /// <summary>The lines of the fenced blocks between a heading and the next one, without what stands behind a #.</summary>
    private static List<string> Commands(string markdown, string heading)
    {
        var commands = new List<string>();
        bool here = false, fenced = false;
        foreach (var line in markdown.Split('\n'))
        {
            if (line.StartsWith("```", StringComparison.Ordinal)) fenced = !fenced;
            else if (!fenced && line.StartsWith("## ", StringComparison.Ordinal)) here = line == heading;
            else if (here && fenced && line.Split('#')[0].Trim() is { Length: > 0 } command) commands.Add(command);
        }
        return commands;
    }
}
