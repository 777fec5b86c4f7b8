using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace KubeFlex.Server.Processes;

/// <summary>What .NET does not offer.</summary>
[UnsupportedOSPlatform("windows")]
internal static partial class Unix
{
    public const int SigTerm = 15;
    public const int SigKill = 9;

    private const int DieWithParent = 1;

    /// <summary>A session of its own: Ctrl-C at a terminal is for the server, which stops its children in order.</summary>
    public static void LeaveTerminal() => _ = SetSid();

    /// <summary>prctl(2), PR_SET_PDEATHSIG: the kernel kills this process when the thread that started it ends. It outlives execve.</summary>
    [SupportedOSPlatform("linux")]
    public static bool DieWithStarter() => PrCtl(DieWithParent, SigKill, 0, 0, 0) == 0;

    public static int Parent() => GetPpid();

    /// <summary>Replaces this process. Returns only when that fails: why.</summary>
    public static string Become(string file, IReadOnlyList<string> arguments)
    {
        _ = Execv(file, [file, .. arguments, null]);
        return Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
    }

    /// <summary>Sends a signal; a negative id means a process group. What is gone already is no failure.</summary>
    public static void Signal(int pid, int signal) => _ = Kill(pid, signal);

    [LibraryImport("libc", EntryPoint = "setsid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetSid();

    [LibraryImport("libc", EntryPoint = "getppid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GetPpid();

    [LibraryImport("libc", EntryPoint = "prctl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int PrCtl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Execv(string path, string?[] argv);
}
