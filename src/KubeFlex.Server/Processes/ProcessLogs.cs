using System.Collections.Concurrent;

namespace KubeFlex.Server.Processes;

/// <summary>The logs of a control plane's programs; they outlive its restarts.</summary>
internal sealed class ProcessLogs(ProcessPaths paths) : IDisposable
{
    public static readonly IReadOnlyList<string> Programs = [BinaryAssets.ApiServer, BinaryAssets.ControllerManager];

    private readonly ConcurrentDictionary<string, ProcessLog> logs = new(StringComparer.Ordinal);

    public ProcessLog Of(string program) => logs.GetOrAdd(program, p => new ProcessLog(paths.Log(p)));

    public void Dispose()
    {
        foreach (var log in logs.Values) log.Dispose();
    }
}
