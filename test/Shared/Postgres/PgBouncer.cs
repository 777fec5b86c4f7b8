using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace KubeFlex.TestShared.Postgres;

/// <summary>A real PgBouncer in transaction mode before a server of the tests.</summary>
public sealed class PgBouncer : IAsyncDisposable
{
    private readonly DirectoryInfo directory;
    private readonly Process process;

    private PgBouncer(DirectoryInfo directory, Process process, int port) => (this.directory, this.process, Port) = (directory, process, port);

    /// <summary>On 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>As kubeflex, through the pooler.</summary>
    public string Url(string database) => string.Create(CultureInfo.InvariantCulture, $"postgres://kubeflex:{PostgresServer.EscapedPassword}@127.0.0.1:{Port}/{database}");

    /// <summary>Starts one; null when it is not installed.</summary>
    public static async Task<PgBouncer?> StartAsync(PostgresServer server)
    {
        string[] places = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"];
        if (places.FirstOrDefault(File.Exists) is not { } program) return null;
        var directory = Directory.CreateTempSubdirectory("kubeflex-pgbouncer-");
        File.SetUnixFileMode(directory.FullName, (UnixFileMode)Convert.ToInt32("755", 8));
        var port = FreePort();
        await File.WriteAllTextAsync(Path.Combine(directory.FullName, "users.txt"), $"\"kubeflex\" \"{PostgresServer.Password}\"\n");
        var settings = Path.Combine(directory.FullName, "pgbouncer.ini");
        await File.WriteAllTextAsync(settings, string.Create(CultureInfo.InvariantCulture, $"""
            [databases]
            * = host=127.0.0.1 port={server.Port}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = scram-sha-256
            auth_file = {directory.FullName}/users.txt
            pool_mode = transaction
            default_pool_size = 3
            server_login_retry = 1
            """));
        var asRoot = Environment.IsPrivilegedProcess;
        var start = new ProcessStartInfo(asRoot ? "setpriv" : program, asRoot ? ["--reuid=postgres", "--regid=postgres", "--clear-groups", "--", program, settings] : [settings])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        var process = Process.Start(start)!;
        // Its log must not fill the pipe.
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var bouncer = new PgBouncer(directory, process, port);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, port, patience.Token);
                return bouncer;
            }
            catch (SocketException) when (!process.HasExited)
            {
                await Task.Delay(20, patience.Token);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        directory.Delete(true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
