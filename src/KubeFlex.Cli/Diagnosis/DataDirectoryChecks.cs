using KubeFlex.Cli.Embedded;

namespace KubeFlex.Cli.Diagnosis;

/// <summary>The directory of the embedded server, if this machine has one.</summary>
internal static class DataDirectoryChecks
{
    private const long LittleSpace = 512L << 20;
    private const long LargeLog = 1L << 30;

    public static IEnumerable<Finding> Look(DataDirectory directory)
    {
        const string Check = "data directory";
        if (!Directory.Exists(directory.Path))
        {
            yield return Finding.Ok(Check, $"{directory.Path} is not there: no server of this machine has run yet");
            yield break;
        }
        if (Trouble(directory.Path) is { } why) yield return Finding.Critical(Check, $"{directory.Path} cannot be written: {why}", "Correct its owner and mode, or choose another with --data-dir or KUBEFLEX_HOME.");
        if (IsOpen(directory.Path)) yield return Finding.Warning(Check, $"{directory.Path} can be read by others on this machine, and holds keys", $"chmod 700 {directory.Path}");
        var free = new DriveInfo(directory.Path).AvailableFreeSpace;
        if (free < LittleSpace) yield return Finding.Warning(Check, $"the disk of {directory.Path} has {free >> 20} MiB left", "Free some space: a full disk stops all writes.");
        if (new FileInfo(directory.Log) is { Exists: true, Length: > LargeLog } log) yield return Finding.Warning(Check, $"{log.FullName} has {log.Length >> 20} MiB", "Remove or compress it while the server is stopped.");
        yield return directory.ReadServer() is not { } server ? Finding.Ok(Check, $"{directory.Path}: no server runs on it")
            : ServerProcess.IsAlive(server.Pid) ? Finding.Ok(Check, $"{directory.Path}: process {server.Pid} serves it at {server.Url}")
            : Finding.Warning(Check, $"{directory.Path}: the server (process {server.Pid}) ended without saying so", $"Its data is safe. See {directory.Log}, and start it again: kflex init --embedded");
    }

    private static string? Trouble(string path)
    {
        try
        {
            var probe = Path.Combine(path, $".{Path.GetRandomFileName()}");
            File.WriteAllBytes(probe, [0]);
            File.Delete(probe);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    private static bool IsOpen(string path) => !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)) != 0;
}
