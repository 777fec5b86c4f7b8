namespace KubeFlex.Cli.Logs;

/// <summary>What is wanted of the logs.</summary>
/// <param name="Component">Only this program of the control plane, or null for all.</param>
/// <param name="Tail">Lines from the end of each log; 0 for all.</param>
/// <param name="Follow">Go on with what is written from now on, until interrupted or until there is nothing left to follow.</param>
internal sealed record LogRequest(string? Component, int Tail, bool Follow);

/// <summary>Where the logs of one control plane come from; one class for each way of running it.</summary>
internal interface ILogSource
{
    /// <summary>Writes the lines to standard output and answers the exit code. An interrupt while following ends with <see cref="OperationCanceledException"/>.</summary>
    Task<int> WriteAsync(LogRequest request, CancellationToken cancellation);
}
