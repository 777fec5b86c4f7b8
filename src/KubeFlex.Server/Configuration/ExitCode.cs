namespace KubeFlex.Server.Configuration;

/// <summary>How the process ends; the CLI tells people what each means.</summary>
internal static class ExitCode
{
    public const int Ok = 0;
    public const int Failure = 1;
    public const int Usage = 2;
    public const int AlreadyRunning = 3;
    public const int DataDirectory = 4;
    public const int PortTaken = 98;
}

/// <summary>A reason not to start that a person can do something about.</summary>
internal sealed class StartupException(int exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;
}
