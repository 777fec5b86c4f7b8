using System.Diagnostics;
using System.Globalization;
using KubeFlex.Server.Data;

namespace KubeFlex.Server.Processes;

/// <summary>
/// Remembers a child beyond our own end, so that the next server finds it should it have survived. A process id alone may be somebody else's by then: the
/// moment of its start tells them apart.
/// </summary>
internal static class PidFile
{
    public static void Write(string file, int pid)
    {
        if (Identity(pid) is { } identity) DataDirectory.WriteAtomically(file, System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{pid} {identity}\n")));
    }

    /// <summary>Kills the process of the file if it still is that process, and removes the file. The process id if there was one to kill.</summary>
    public static int? Sweep(string file)
    {
        var survivor = File.ReadAllText(file).Split(' ', 2, StringSplitOptions.TrimEntries) is [var number, var identity]
            && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && Identity(pid) == identity ? pid : (int?)null;
        if (survivor is { } alive && !OperatingSystem.IsWindows())
        {
            Unix.Signal(-alive, Unix.SigKill);
            Unix.Signal(alive, Unix.SigKill);
        }
        File.Delete(file);
        return survivor;
    }

    private static string? Identity(int pid)
    {
        try
        {
            if (OperatingSystem.IsLinux())
            {
                // proc(5): field 22 is the start in ticks since boot. The name, field 2, may hold anything: count from its parenthesis.
                var stat = File.ReadAllText($"/proc/{pid}/stat");
                var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                return fields[0] is "Z" or "X" ? null : $"{fields[19]}@{File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim()}";
            }
            using var process = Process.GetProcessById(pid);
            return process.StartTime.ToUniversalTime().ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception or IndexOutOfRangeException)
        {
            // Gone, or not ours to look at.
            return null;
        }
    }
}
