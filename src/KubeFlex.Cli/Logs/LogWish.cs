namespace KubeFlex.Cli.Logs;

/// <summary>What of the logs is wanted.</summary>
/// <param name="Component">One program or pod, or null for all.</param>
/// <param name="Tail">Lines from the end of each; 0 for all.</param>
/// <param name="Follow">Whether to go on with what comes.</param>
internal sealed record LogWish(string? Component, int Tail, bool Follow);
