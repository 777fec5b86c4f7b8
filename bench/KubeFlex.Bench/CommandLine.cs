using System.Diagnostics;

namespace KubeFlex.Bench;

/// <summary>Programs timed from their start to their end.</summary>
internal static class CommandLine
{
    /// <summary>kubectl from .tools/ or PATH; null without.</summary>
    public static string? Kubectl => ((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator) is var path ? path.Select(d => Path.Combine(d, "kubectl")) : [])
        .Prepend(Path.Combine(Peer.Root, ".tools", "kubectl")).FirstOrDefault(File.Exists);

    public static async Task<double> TimeAsync(string program, string kubeconfig, params string[] args)
    {
        var start = new ProcessStartInfo(program, args) { RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["KUBECONFIG"] = kubeconfig, ["HOME"] = Path.GetDirectoryName(kubeconfig) } };
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        var said = (Out: process.StandardOutput.ReadToEndAsync(), Error: process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        var took = clock.Elapsed.TotalMilliseconds;
        await said.Out;
        return process.ExitCode == 0 ? took : throw new InvalidOperationException($"{Path.GetFileName(program)} {string.Join(' ', args)} ended with {process.ExitCode}: {await said.Error}");
    }
}
