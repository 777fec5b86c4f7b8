using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace KubeFlex.Server.Processes;

/// <summary>
/// <c>kubeflex-server supervise --parent PID -- PROGRAM ARGUMENTS</c>: runs a program that must not outlive the server, however that ends. On Linux it becomes
/// the program, after asking the kernel to kill it with its parent: no second process, and killing all kubeflex-server at once leaves nothing either. Elsewhere
/// (or with <c>--guard</c>) it stays beside the program and kills it when standard input, a pipe that the server holds, is closed.
/// </summary>
internal static class Supervise
{
    public const string Verb = "supervise";

    private const int Failure = 127;

    /// <summary>Whether this system needs the guard.</summary>
    public static bool NeedsGuard => !OperatingSystem.IsLinux();

    /// <summary>How to start a program under supervision of this process.</summary>
    public static ProcessStartInfo Start(string program, IEnumerable<string> arguments)
    {
        var self = Environment.ProcessPath ?? throw new InvalidOperationException("the path of this program is not known");
        // Run by the dotnet host, our code is its first argument.
        string[] prefix = Path.GetFileNameWithoutExtension(self) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];
        return new ProcessStartInfo(self, [.. prefix, Verb, "--parent", Environment.ProcessId.ToString(CultureInfo.InvariantCulture), .. NeedsGuard ? new[] { "--guard" } : [], "--", program, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
    }

    public static int Run(string[] args)
    {
        if (OperatingSystem.IsWindows() || args is not ["--parent", var parent, .. var rest] || !int.TryParse(parent, NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
            return Fail("supervise is called by the server only");
        Unix.LeaveTerminal();
        return rest switch
        {
            ["--", var program, .. var arguments] when OperatingSystem.IsLinux() => Become(pid, program, arguments),
            ["--guard", "--", var program, .. var arguments] => Guard(program, arguments),
            _ => Fail("supervise is called by the server only"),
        };
    }

    [System.Runtime.Versioning.SupportedOSPlatform("linux")]
    private static int Become(int parent, string program, IReadOnlyList<string> arguments)
    {
        if (!Unix.DieWithStarter()) return Fail("the kernel does not offer PR_SET_PDEATHSIG");
        // It may have died before we asked.
        return Unix.Parent() != parent ? Fail("the server has ended") : Fail($"cannot run {program}: {Unix.Become(program, arguments)}");
    }

    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private static int Guard(string program, IReadOnlyList<string> arguments)
    {
        using var pipe = Console.OpenStandardInput();
        Process child;
        try
        {
            child = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardInput = true })!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return Fail($"cannot run {program}: {e.Message}");
        }
        using (child)
        using (PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = true;
            Unix.Signal(child.Id, Unix.SigTerm);
        }))
        {
            var watcher = new Thread(() =>
            {
                var buffer = new byte[1];
                while (pipe.Read(buffer) > 0)
                {
                }
                // The whole group: us, the child, and what it may have started.
                Unix.Signal(-Environment.ProcessId, Unix.SigKill);
                Unix.Signal(child.Id, Unix.SigKill);
            })
            { IsBackground = true };
            watcher.Start();
            child.StandardInput.Close();
            child.WaitForExit();
            return child.ExitCode;
        }
    }

    private static int Fail(string why)
    {
        Console.Error.WriteLine($"kubeflex-server: {why}");
        return Failure;
    }
}
