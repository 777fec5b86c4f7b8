using System.Diagnostics;

namespace KubeFlex.Cli.Embedded;

/// <summary>The server's program: a file to run, and the arguments that come before its own.</summary>
internal sealed record ServerExecutable(string File, IReadOnlyList<string> Prefix)
{
    private const string Name = "kubeflex-server";

    /// <summary><c>$KUBEFLEX_SERVER</c>, else beside this program, else in the build layout next door.</summary>
    public static ServerExecutable Locate(CliHost host)
    {
        if (host.Variable("KUBEFLEX_SERVER") is { Length: > 0 } chosen)
            return Of(chosen, host) ?? throw new CliException($"KUBEFLEX_SERVER names {chosen}, which is not there", ExitCodes.ServerFailed, "Correct or unset it.");
        var here = host.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
        string[] places = [here, Path.Combine(here, "..", "..", "KubeFlex.Server", Path.GetFileName(here))];
        return places.SelectMany(place => new[] { Path.Combine(place, Name), Path.Combine(place, Name + ".exe"), Path.Combine(place, Name + ".dll") })
            .Select(file => Of(file, host)).FirstOrDefault(found => found is not null)
            ?? throw new CliException($"the server's program {Name} is not beside kflex ({here})", ExitCodes.ServerFailed, "Run ./kflex, which builds both, or set KUBEFLEX_SERVER.");
    }

    /// <summary>This process becomes the server, where the system knows how; elsewhere it waits for it. Answers the exit code.</summary>
    public async Task<int> BecomeAsync(IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        arguments = [.. Prefix, .. arguments];
        if (!OperatingSystem.IsWindows())
        {
            var error = Unix.Become(File, arguments);
            throw new CliException($"cannot run {File}: error {error}", ExitCodes.ServerFailed);
        }
        using var process = Process.Start(new ProcessStartInfo(File, arguments) { UseShellExecute = false })!;
        await process.WaitForExitAsync(cancellation);
        return process.ExitCode;
    }

    private static ServerExecutable? Of(string file, CliHost host) => !System.IO.File.Exists(file) ? null
        : file.EndsWith(".dll", StringComparison.Ordinal) ? new(Dotnet(host), [Path.GetFullPath(file)]) : new(Path.GetFullPath(file), []);

    private static string Dotnet(CliHost host)
    {
        var name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        var places = new[] { host.Variable("DOTNET_ROOT") ?? "" }.Concat((host.Variable("PATH") ?? "").Split(Path.PathSeparator));
        return places.Where(p => p.Length > 0).Select(p => Path.Combine(p, name)).FirstOrDefault(System.IO.File.Exists)
            ?? throw new CliException("dotnet is not on PATH", ExitCodes.ServerFailed, "Install the .NET 10 SDK: https://dotnet.microsoft.com/download/dotnet/10.0");
    }
}
