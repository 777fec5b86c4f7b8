namespace KubeFlex.Cli.Terminal;

/// <summary>Asks a person yes or no.</summary>
internal static class Question
{
    public static async Task<bool> AskAsync(CliHost host, string text, bool standard, CancellationToken cancellation)
    {
        await host.Error.WriteAsync($"{text} ({(standard ? "Y/n" : "y/N")}) ");
        var answer = (await host.In.ReadLineAsync(cancellation))?.Trim().ToLowerInvariant();
        return answer is "y" or "yes" || (standard && answer is "");
    }
}
