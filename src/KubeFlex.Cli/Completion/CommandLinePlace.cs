using System.CommandLine;

namespace KubeFlex.Cli.Completion;

/// <summary>
/// Where in the command line the cursor stands. <c>kflex delete a --timeout 5s b|</c> is at the second value of delete's argument, with
/// the prefix <c>b</c>: options and their values do not count.
/// </summary>
/// <param name="Command">The innermost command.</param>
/// <param name="Path">From the root to it.</param>
/// <param name="Expects">The option or argument whose value is being typed; null when nothing more fits.</param>
/// <param name="Typed">What is typed of that value.</param>
/// <param name="Lead">What goes before the value in the same word, such as <c>--output=</c>.</param>
/// <param name="Given">Values of the argument that stand already.</param>
/// <param name="IsFirst">No value of an argument stands before: a subcommand may follow.</param>
internal sealed record CommandLinePlace(Command Command, IReadOnlyList<Command> Path, Symbol? Expects, string Typed, string Lead, IReadOnlyList<string> Given, bool IsFirst)
{
    public static CommandLinePlace Find(Command root, IReadOnlyList<string> words)
    {
        var (path, given, onlyValues) = (new List<Command> { root }, new List<string>(), false);
        Option? open = null;
        foreach (var word in words.Take(words.Count - 1))
        {
            if (open is not null) open = null;
            else if (onlyValues || word.Length == 0 || word[0] != '-') Take(path, given, word, onlyValues);
            else if (word == "--") onlyValues = true;
            else if (!word.Contains('=', StringComparison.Ordinal) && OptionOf(path, word) is { } option && TakesValue(option)) open = option;
        }

        var last = words.Count > 0 ? words[^1] : "";
        CommandLinePlace At(Symbol? expects, string typed, string lead) => new(path[^1], path, expects, typed, lead, given, given.Count == 0);
        if (open is not null) return At(open, last, "");
        if (!onlyValues && last.StartsWith('-'))
        {
            var at = last.IndexOf('=', StringComparison.Ordinal);
            return at > 0 && OptionOf(path, last[..at]) is { } inline ? At(inline, last[(at + 1)..], last[..(at + 1)]) : At(null, last, "");
        }
        return At(ArgumentAt(path[^1], given.Count), last, "");
    }

    /// <summary>Options that may be typed here.</summary>
    public IEnumerable<Option> Options => Path.SelectMany(c => c.Options.Where(o => !o.Hidden && (c == Command || o.Recursive)));

    private static void Take(List<Command> path, List<string> given, string word, bool onlyValues)
    {
        if (!onlyValues && given.Count == 0 && path[^1].Subcommands.FirstOrDefault(c => c.Name == word || c.Aliases.Contains(word)) is { } sub) path.Add(sub);
        else given.Add(word);
    }

    private static Option? OptionOf(List<Command> path, string word) =>
        path.SelectMany(c => c.Options.Where(o => c == path[^1] || o.Recursive)).FirstOrDefault(o => o.Name == word || o.Aliases.Contains(word));

    private static bool TakesValue(Option option) => option.Arity.MaximumNumberOfValues > 0 && option.ValueType != typeof(bool);

    private static Argument? ArgumentAt(Command command, int index)
    {
        foreach (var argument in command.Arguments)
        {
            if (index < argument.Arity.MaximumNumberOfValues) return argument;
            index -= argument.Arity.MaximumNumberOfValues;
        }
        return null;
    }
}
