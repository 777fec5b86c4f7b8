using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace KubeFlex.Cli.Embedded;

/// <summary>What .NET does not offer: becoming another program, and starting one that outlives us and our terminal.</summary>
[UnsupportedOSPlatform("windows")]
internal static partial class Unix
{
    private const int SigTerm = 15;
    private const int NoHang = 1;
    private const int ReadOnly = 0;
    private const int Eintr = 4;

    // Larger than posix_spawnattr_t and posix_spawn_file_actions_t of any libc we know (glibc: 336 and 80 bytes).
    private const int OpaqueSize = 1024;

    private static readonly short SetSid = (short)(OperatingSystem.IsMacOS() ? 0x400 : 0x80);
    private static readonly int AppendFlags = OperatingSystem.IsMacOS() ? 0x1 | 0x8 | 0x200 : 0x1 | 0x400 | 0x40;

    /// <summary>Replaces this process. Returns only when that fails: the error's number.</summary>
    public static int Become(string file, IReadOnlyList<string> arguments)
    {
        _ = Execv(file, [file, .. arguments, null]);
        return Marshal.GetLastPInvokeError();
    }

    /// <summary>Starts a program in a session of its own, without input, its output appended to a file. Answers its process id.</summary>
    public static unsafe int SpawnDetached(string file, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, string log)
    {
        var attributes = stackalloc byte[OpaqueSize];
        var actions = stackalloc byte[OpaqueSize];
        Check(AttributesInit(attributes), file);
        Check(ActionsInit(actions), file);
        try
        {
            Check(AttributesSetFlags(attributes, SetSid), file);
            Check(AddOpen(actions, 0, "/dev/null", ReadOnly, 0), file);
            Check(AddOpen(actions, 1, log, AppendFlags, 0b110_000_000), log);
            Check(AddDup2(actions, 1, 2), file);
            Check(Spawn(out var pid, file, actions, attributes, [file, .. arguments, null], [.. environment.Select(p => $"{p.Key}={p.Value}"), null]), file);
            return pid;
        }
        finally
        {
            _ = ActionsDestroy(actions);
            _ = AttributesDestroy(attributes);
        }
    }

    /// <summary>The exit code of our child if it has ended (128 + signal when killed), else null.</summary>
    public static int? ExitCodeOf(int pid)
    {
        int status, result;
        do result = WaitPid(pid, out status, NoHang);
        while (result < 0 && Marshal.GetLastPInvokeError() == Eintr);
        if (result != pid) return null;
        var signal = status & 0x7f;
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal;
    }

    public static bool Terminate(int pid) => Kill(pid, SigTerm) == 0;

    /// <summary>True while the process exists and is not merely waiting for its parent to notice its end.</summary>
    public static bool IsAlive(int pid)
    {
        // EPERM: it exists, and it is somebody else's.
        if (Kill(pid, 0) != 0) return Marshal.GetLastPInvokeError() == 1;
        try
        {
            // "PID (name) STATE ...": the name may hold anything, so count from the last parenthesis.
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or IndexOutOfRangeException)
        {
            return Kill(pid, 0) == 0;
        }
    }

    private static void Check(int error, string file)
    {
        if (error != 0) throw new CliException($"cannot start {file}: {Marshal.GetPInvokeErrorMessage(error)}", ExitCodes.ServerFailed);
    }

    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execv(string path, string?[] argv);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    private static partial int WaitPid(int pid, out int status, int options);

    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Spawn(out int pid, string path, byte* actions, byte* attributes, string?[] argv, string?[] envp);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static unsafe partial int AttributesInit(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    private static unsafe partial int AttributesDestroy(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static unsafe partial int AttributesSetFlags(byte* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static unsafe partial int ActionsInit(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static unsafe partial int ActionsDestroy(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int AddOpen(byte* actions, int fd, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static unsafe partial int AddDup2(byte* actions, int from, int to);
}
