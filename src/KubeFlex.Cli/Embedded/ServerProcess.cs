using System.Collections;
using System.Diagnostics;

namespace KubeFlex.Cli.Embedded;

/// <summary>A server that we started in the background: it lives on when we end.</summary>
internal sealed class ServerProcess
{
    private readonly Process? windows;
    private readonly long logStart;
    private readonly string log;
    private int? exitCode;

    private ServerProcess(int pid, Process? windows, string log, long logStart) => (Pid, this.windows, this.log, this.logStart) = (pid, windows, log, logStart);

    public int Pid { get; }

    public static ServerProcess Start(ServerExecutable program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> variables, string log)
    {
        var start = File.Exists(log) ? new FileInfo(log).Length : 0;
        IReadOnlyList<string> all = [.. program.Prefix, .. arguments];
        if (!OperatingSystem.IsWindows())
        {
            var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? "");
            foreach (var (name, value) in variables) environment[name] = value;
            return new(Unix.SpawnDetached(program.File, all, environment, log), null, log, start);
        }
        var command = string.Join(' ', all.Prepend(program.File).Select(a => $"\"{a}\""));
        var shell = new ProcessStartInfo("cmd.exe", $"/c \"{command} >> \"{log}\" 2>&1 < NUL\"") { CreateNoWindow = true, UseShellExecute = false };
        foreach (var (name, value) in variables) shell.Environment[name] = value;
        var process = Process.Start(shell)!;
        return new(process.Id, process, log, start);
    }

    /// <summary>Its exit code once it has ended.</summary>
    public int? ExitCode
    {
        get
        {
            if (exitCode is null && !OperatingSystem.IsWindows()) exitCode = Unix.ExitCodeOf(Pid);
            else if (windows is { HasExited: true }) exitCode = windows.ExitCode;
            return exitCode;
        }
    }

    /// <summary>The last lines it wrote since we started it.</summary>
    public IReadOnlyList<string> LastLines(int count)
    {
        try
        {
            using var stream = new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            stream.Seek(logStart, SeekOrigin.Begin);
            using var reader = new StreamReader(stream);
            return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).TakeLast(count)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    public static bool IsAlive(int pid)
    {
        if (!OperatingSystem.IsWindows()) return Unix.IsAlive(pid);
        try
        {
            using var process = Process.GetProcessById(pid);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <summary>Asks the process to end in order (SIGTERM). False when it is not ours to ask.</summary>
    public static bool Terminate(int pid)
    {
        if (!OperatingSystem.IsWindows()) return Unix.Terminate(pid);
        using var process = Process.GetProcessById(pid);
        process.Kill();
        return true;
    }
}
