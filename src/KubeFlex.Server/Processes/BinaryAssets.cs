using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace KubeFlex.Server.Processes;

/// <summary>The directory of stock binaries, as it was named to the server.</summary>
/// <param name="directory">The directory, or null when none was named.</param>
/// <param name="named">What named it: the flag or the variable.</param>
internal sealed partial class BinaryAssets(string? directory, string named)
{
    public const string ApiServer = "kube-apiserver", ControllerManager = "kube-controller-manager";
    public const string Flag = "--binary-assets-dir", Variable = "KUBEBUILDER_ASSETS";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ConcurrentDictionary<(string File, long Length, DateTime Written), string> versions = [];

    /// <summary>Full path of a program.</summary>
    public string Path(string program) => System.IO.Path.Combine(directory ?? "", program);

    /// <summary>Why control planes cannot run with what is there, naming what to change; null when they can. Looked at each time: files may come later.</summary>
    public async Task<string?> RefusalAsync(string? wanted, CancellationToken cancellation)
    {
        if (OperatingSystem.IsWindows()) return "spec.runtime: \"Process\" needs Linux or macOS: there is no kube-apiserver for Windows";
        if (directory is null)
            return $"spec.runtime: \"Process\" needs a directory with {ApiServer} and {ControllerManager}, and the server was told of none: start it with {Flag} DIRECTORY, or with {Variable} in its environment";
        var missing = new[] { ApiServer, ControllerManager }.Where(p => !File.Exists(Path(p))).ToList();
        if (missing.Count > 0)
            return $"spec.runtime: \"Process\" needs {ApiServer} and {ControllerManager}; looked for in {directory} ({named}), where {string.Join(" and ", missing)} {(missing.Count == 1 ? "is" : "are")} missing: "
                + $"put {(missing.Count == 1 ? "it" : "them")} there, or name another directory with {Flag} or {Variable} when the server is started";
        foreach (var program in new[] { ApiServer, ControllerManager })
        {
            var (version, trouble) = await VersionAsync(program, cancellation);
            if (trouble is not null) return $"spec.runtime: {trouble}";
            if (wanted is not null && version != wanted)
                return $"spec.version: \"{wanted}\" is asked for, and {Path(program)} is version {version}; set that, leave spec.version out, or start the server with {Flag} or {Variable} for binaries of {wanted}";
        }
        return null;
    }

    private async Task<(string? Version, string? Trouble)> VersionAsync(string program, CancellationToken cancellation)
    {
        var file = new FileInfo(Path(program));
        var key = (file.FullName, file.Length, file.LastWriteTimeUtc);
        if (versions.TryGetValue(key, out var known)) return (known, null);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Patience);
        try
        {
            using var process = Process.Start(new ProcessStartInfo(file.FullName, ["--version"]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true })!;
            process.StandardInput.Close();
            try
            {
                var (said, complained) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
                await process.WaitForExitAsync(limit.Token);
                if (process.ExitCode == 0 && Answer().Match(await said) is { Success: true } match) return (versions[key] = match.Groups[1].Value, null);
                var text = $"{await said} {await complained}".Trim();
                return (null, $"{file.FullName} --version answers with exit code {process.ExitCode} and \"{(text.Length > 200 ? text[..200] : text)}\", not with a Kubernetes version: is it the stock program?");
            }
            finally
            {
                if (!process.HasExited) process.Kill();
            }
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return (null, $"{file.FullName} cannot be run: {e.Message}. Is it a program for this machine, with its executable bit set?");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return (null, $"{file.FullName} --version does not answer within {Patience.TotalSeconds:0} seconds");
        }
    }

    [GeneratedRegex(@"Kubernetes v([0-9]+\.[0-9]+\.[0-9]+\S*)", RegexOptions.CultureInvariant)]
    private static partial Regex Answer();
}
