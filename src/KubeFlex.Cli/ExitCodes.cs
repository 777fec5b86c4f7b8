namespace KubeFlex.Cli;

/// <summary>What the exit code says. 0 only when what was asked is so.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int Usage = 2;
    public const int AlreadyExists = 3;
    public const int NotFound = 4;
    public const int Timeout = 5;
    public const int Unreachable = 6;
    public const int BadKubeconfig = 7;
    public const int ServerFailed = 8;

    /// <summary>The shell's convention for SIGINT.</summary>
    public const int Interrupted = 130;
}
