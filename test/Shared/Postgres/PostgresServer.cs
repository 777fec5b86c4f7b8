using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KubeFlex.TestShared.Postgres;

/// <summary>
/// A PostgreSQL server of the test run's own: a cluster in a temporary directory, a free loopback port and a unix socket, syncing to disk as in
/// earnest. As root it runs under the user postgres, since it refuses root. Database users <c>kubeflex</c> (may create databases, no superuser) and the superuser postgres; on
/// loopback everybody needs a password, on the socket nobody.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    /// <summary>Password of both users.</summary>
    public const string Password = "p@ss word/%";

    /// <summary>That, in a URL.</summary>
    public const string EscapedPassword = "p%40ss%20word%2F%25";

    private static readonly string[] Places = ["/usr/lib/postgresql/18/bin", "/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/15/bin"];

    private readonly string bin;
    private readonly DirectoryInfo directory;
    private int databases;

    private PostgresServer(string bin, DirectoryInfo directory) => (this.bin, this.directory, Port) = (bin, directory, FreePort());

    /// <summary>On 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Where its socket is, readable by everybody.</summary>
    public string SocketDirectory => directory.FullName;

    /// <summary>Its configuration and data.</summary>
    public string DataDirectory => Path.Combine(directory.FullName, "data");

    /// <summary>Where PostgreSQL's programs are, or null when it is not installed.</summary>
    public static string? Locate()
    {
        string[] path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return Places.Concat(path).FirstOrDefault(place => File.Exists(Path.Combine(place, "initdb")) && File.Exists(Path.Combine(place, "pg_ctl")));
    }

    /// <summary>Makes and starts one; null when PostgreSQL is not installed.</summary>
    public static async Task<PostgresServer?> StartAsync()
    {
        if (Locate() is not { } bin) return null;
        var directory = Directory.CreateTempSubdirectory("kubeflex-pg-");
        // The user postgres must get in, and tests reach the socket.
        File.SetUnixFileMode(directory.FullName, (UnixFileMode)Convert.ToInt32("755", 8));
        var server = new PostgresServer(bin, directory);
        if (Environment.IsPrivilegedProcess) await RunAsync("chown", ["postgres", directory.FullName]);
        var password = Path.Combine(directory.FullName, "password");
        await File.WriteAllTextAsync(password, Password);
        await server.AsPostgresAsync("initdb", "-D", server.DataDirectory, "-U", "postgres", "-A", "scram-sha-256", "--pwfile", password, "-E", "UTF8", "--no-locale", "--no-sync");
        await server.MakeCertificatesAsync();
        await File.WriteAllTextAsync(Path.Combine(server.DataDirectory, "pg_hba.conf"), "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n");
        await File.AppendAllTextAsync(Path.Combine(server.DataDirectory, "postgresql.conf"), string.Create(CultureInfo.InvariantCulture, $"""

            port = {server.Port}
            listen_addresses = '127.0.0.1'
            unix_socket_directories = '{server.SocketDirectory}'
            fsync = on
            ssl = on
            ssl_cert_file = '{server.SocketDirectory}/server.crt'
            ssl_key_file = '{server.SocketDirectory}/server.key'
            shared_buffers = 64MB
            max_connections = 60
            """));
        try
        {
            await server.StartAgainAsync();
            await server.SqlAsync("postgres", $"create role kubeflex login createdb password '{Password}'");
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>URL of a new, empty database of user kubeflex, by way of loopback.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"db{Interlocked.Increment(ref databases)}");
        await SqlAsync("postgres", $"create database {name} owner kubeflex");
        return Url(name);
    }

    /// <summary>By way of loopback, as kubeflex.</summary>
    public string Url(string database) => string.Create(CultureInfo.InvariantCulture, $"postgres://kubeflex:{EscapedPassword}@127.0.0.1:{Port}/{database}");

    /// <summary>Runs SQL as superuser; answers psql's bare output.</summary>
    public async Task<string> SqlAsync(string database, string sql) =>
        (await AsPostgresAsync("psql", "-h", SocketDirectory, "-p", Port.ToString(CultureInfo.InvariantCulture), "-U", "postgres", "-d", database, "-v", "ON_ERROR_STOP=1", "-qAt", "-c", sql)).Trim();

    /// <summary>Ends it; <paramref name="mode"/> as pg_ctl's: immediate is a crash, fast cuts connections.</summary>
    public Task StopAsync(string mode) => AsPostgresAsync("pg_ctl", "stop", "-D", DataDirectory, "-m", mode, "-w", "-t", "60");

    /// <summary>Starts it after <see cref="StopAsync"/>, on the same port.</summary>
    public Task StartAgainAsync() => AsPostgresAsync("pg_ctl", "start", "-D", DataDirectory, "-l", Path.Combine(DataDirectory, "server.log"), "-w", "-t", "60");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await StopAsync("immediate");
        }
        catch (InvalidOperationException)
        {
            // It did not run.
        }
        directory.Delete(true);
    }

    /// <summary>The authority of its certificate, which is for localhost alone.</summary>
    public string CaFile => Path.Combine(directory.FullName, "ca.crt");

    private async Task MakeCertificatesAsync()
    {
        var (from, to) = (DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.UnixEpoch.AddYears(100));
        using var caKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var ca = new CertificateRequest("CN=test authority", caKey, HashAlgorithmName.SHA256);
        ca.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var authority = ca.CreateSelfSigned(from, to);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(authority, from, to, [1]);
        await File.WriteAllTextAsync(CaFile, authority.ExportCertificatePem());
        await File.WriteAllTextAsync(Path.Combine(directory.FullName, "server.crt"), certificate.ExportCertificatePem());
        var keyFile = Path.Combine(directory.FullName, "server.key");
        await File.WriteAllTextAsync(keyFile, key.ExportPkcs8PrivateKeyPem());
        File.SetUnixFileMode(keyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        if (Environment.IsPrivilegedProcess) await RunAsync("chown", ["postgres", keyFile]);
    }

    /// <summary>Runs one of PostgreSQL's programs, or another, under the user that runs the server.</summary>
    public Task<string> AsPostgresAsync(string program, params string[] arguments)
    {
        var file = Path.Combine(bin, program) is var own && File.Exists(own) ? own : program;
        return Environment.IsPrivilegedProcess ? RunAsync("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", "--", file, .. arguments]) : RunAsync(file, arguments);
    }

    private static async Task<string> RunAsync(string file, string[] arguments)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = "/" };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{file} does not start");
        process.StandardInput.Close();
        // A server that pg_ctl starts keeps what it inherits: its output ends long after pg_ctl, so nobody reads to the end.
        var output = new System.Text.StringBuilder();
        var errors = new System.Text.StringBuilder();
        var (outDone, errDone) = (new TaskCompletionSource(), new TaskCompletionSource());
        process.OutputDataReceived += (_, line) => Take(output, line.Data, outDone);
        process.ErrorDataReceived += (_, line) => Take(errors, line.Data, errDone);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!process.HasExited) await Task.Delay(10, patience.Token);
        if (!file.EndsWith("pg_ctl", StringComparison.Ordinal) && !arguments.Any(argument => argument.EndsWith("pg_ctl", StringComparison.Ordinal))) await Task.WhenAll(outDone.Task, errDone.Task).WaitAsync(patience.Token);
        lock (errors) lock (output) return process.ExitCode == 0 ? output.ToString() : throw new InvalidOperationException($"{file} {string.Join(' ', arguments)} ended with {process.ExitCode}: {errors}{output}");
    }

    private static void Take(System.Text.StringBuilder to, string? line, TaskCompletionSource done)
    {
        if (line is null) done.TrySetResult();
        else lock (to) to.AppendLine(line);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
