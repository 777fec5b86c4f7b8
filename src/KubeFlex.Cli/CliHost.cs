namespace KubeFlex.Cli;

/// <summary>Everything the commands know of the process they run in; tests pass their own.</summary>
/// <param name="Out">Data.</param>
/// <param name="Error">Talk.</param>
/// <param name="In">Answers to questions.</param>
/// <param name="IsTerminal">Talk goes to a terminal that understands cursor movement.</param>
/// <param name="CanAsk">A person can answer questions.</param>
/// <param name="Variable">Environment variables.</param>
/// <param name="Home">Home directory.</param>
/// <param name="BaseDirectory">Where this program lies; the server is looked for beside it.</param>
/// <param name="Time">Clock.</param>
internal sealed record CliHost(TextWriter Out, TextWriter Error, TextReader In, bool IsTerminal, bool CanAsk,
    Func<string, string?> Variable, string Home, string BaseDirectory, TimeProvider Time)
{
    /// <summary>Width of the terminal, 0 when not known. It may change at any time.</summary>
    public Func<int> Columns { get; init; } = () => 0;

    public static CliHost ForProcess() => new(
        Console.Out, Console.Error, Console.In,
        IsTerminal: !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is { Length: > 0 } and not "dumb",
        CanAsk: !Console.IsInputRedirected && !Console.IsErrorRedirected,
        Environment.GetEnvironmentVariable, HomeDirectory(), AppContext.BaseDirectory, TimeProvider.System) { Columns = TerminalWidth };

    private static int TerminalWidth()
    {
        try
        {
            return Console.WindowWidth;
        }
        catch (Exception e) when (e is IOException or PlatformNotSupportedException)
        {
            return 0;
        }
    }

    // kubectl goes by $HOME, also where the account database says otherwise.
    private static string HomeDirectory() => Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home
        ? home : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
}
