using System.Diagnostics;
using System.Net.Sockets;

namespace KubeFlex.Etcd.Tests.Support;

/// <summary>Debian's etcd, on unix sockets in a folder of its own: no port is taken.</summary>
internal sealed class RealEtcd : IAsyncDisposable
{
    private const string Client = "unix://client:1", Peer = "unix://peer:1";

    private static readonly string[] Arguments =
    [
        "--data-dir", "data", "--log-level", "error", "--listen-client-urls", Client, "--advertise-client-urls", Client,
        "--listen-peer-urls", Peer, "--initial-advertise-peer-urls", Peer, "--initial-cluster", "default=" + Peer,
    ];

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("kubeflex-real-etcd-");
    private readonly Process process;

    private RealEtcd(string program, IEnumerable<string> more)
    {
        process = Process.Start(new ProcessStartInfo(program, [.. Arguments, .. more]) { WorkingDirectory = directory.FullName, RedirectStandardError = true })!;
        // Nobody reads on: it must not wait for that.
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
    }

    /// <summary>Null when it is not installed.</summary>
    public static async Task<RealEtcd?> StartAsync(params IEnumerable<string> more)
    {
        if (Find() is not { } program) return null;
        var etcd = new RealEtcd(program, more);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                using var client = etcd.Connect();
                await client.GetAsync("ready").WaitAsync(patience.Token);
                return etcd;
            }
            catch (Exception e) when (e is HttpRequestException or StatusException)
            {
                if (etcd.process.HasExited) throw new InvalidOperationException($"etcd ended with {etcd.process.ExitCode}", e);
                await Task.Delay(20, patience.Token);
            }
        }
    }

    public RawClient Connect() => new("http://localhost", new UnixDomainSocketEndPoint(Path.Combine(directory.FullName, Client["unix://".Length..])));

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        directory.Delete(true);
    }

    /// <summary>On the PATH, or where tools/install-test-tools.sh puts it.</summary>
    private static string? Find()
    {
        var folders = Environment.GetEnvironmentVariable("PATH")?.Split(Path.PathSeparator).ToList() ?? [];
        for (var up = new DirectoryInfo(AppContext.BaseDirectory); up is not null; up = up.Parent) folders.Add(Path.Combine(up.FullName, ".tools"));
        return folders.Select(folder => Path.Combine(folder, "etcd")).FirstOrDefault(File.Exists);
    }
}
