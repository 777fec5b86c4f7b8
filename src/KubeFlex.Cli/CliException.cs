namespace KubeFlex.Cli;

/// <summary>A failure that the user is told about: what is wrong, what to do, and the exit code.</summary>
internal sealed class CliException(string message, int exitCode, string? wayOut = null) : Exception(message)
{
    public int ExitCode => exitCode;

    public string? WayOut => wayOut;
}
