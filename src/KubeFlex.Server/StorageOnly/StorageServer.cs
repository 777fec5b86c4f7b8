using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KubeFlex.Etcd;
using KubeFlex.Server.Configuration;
using KubeFlex.Storage;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Server.StorageOnly;

/// <summary><c>kubeflex-server storage serve</c>: one datastore, one store named "default", etcd's API in front of it, until a signal ends it.</summary>
internal static partial class StorageServer
{
    private const string StoreName = "default";

    private static readonly TimeSpan StandBy = TimeSpan.FromMilliseconds(300);

    public static async Task<int> MainAsync(IReadOnlyList<string> args, CancellationToken cancellation)
    {
        if (args is ["--help" or "-h"])
        {
            Console.WriteLine(StorageServerOptions.Usage);
            return ExitCode.Ok;
        }
        var (options, errors) = StorageServerOptions.Parse(args, Environment.GetEnvironmentVariable);
        if (options is null)
        {
            foreach (var error in errors) Console.Error.WriteLine($"kubeflex-server: {error}");
            Console.Error.WriteLine(StorageServerOptions.Usage);
            return ExitCode.Usage;
        }
        try
        {
            await RunAsync(options, cancellation);
            return ExitCode.Ok;
        }
        catch (StartupException e)
        {
            Console.Error.WriteLine($"kubeflex-server: {e.Message}");
            return e.ExitCode;
        }
        catch (Exception e) when (e is StorageException or IOException or UnauthorizedAccessException or CryptographicException)
        {
            Console.Error.WriteLine($"kubeflex-server: {e.Message}");
            return e is IOException { InnerException: SocketException } or IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException }
                ? ExitCode.PortTaken : ExitCode.DataDirectory;
        }
    }

    private static async Task RunAsync(StorageServerOptions options, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        var endpoint = Endpoint(options);

        using var logs = LoggerFactory.Create(Logging);
        var logger = logs.CreateLogger("KubeFlex.Storage");
        // Several servers may share a PostgreSQL: one has the store, the others stand by.
        await using var datastore = await Datastore.OpenAsync(options.Datastore, new() { Warn = (what, why) => Warned(logger, why, what), Membership = new() }, stop.Token);
        var other = await TryOwnAsync(datastore, stop.Token);
        if (other is not null) StandsBy(logger, other);
        // A file has no second server.
        var standing = options.Datastore.File is null ? StandAsync(datastore, waits: other is not null, logger, stop.Token) : Task.CompletedTask;
        var port = options.Listen is IPEndPoint { Port: > 0 } given ? given.Port : 0;
        var urls = new List<string>();
        var size = new DatastoreSize(datastore, TimeProvider.System);
        using var face = new EtcdFace(new NamedStoreResolver(datastore, StoreName), new()
        {
            ClientUrls = urls,
            DatabaseSize = size.Read,
        }, TimeProvider.System, logs);
        // What a killed predecessor left; a running one holds the database, and we would not be here.
        if (options.Listen is UnixDomainSocketEndPoint socket) RemoveSocket(socket.ToString());
        await using var listener = await EtcdListener.StartAsync(face, endpoint, Logging, stop.Token);
        urls.Add(listener.Url);
        if (options.PortFile is { } portFile) WritePort(portFile, port > 0 ? port : new Uri(listener.Url).Port);
        await Console.Out.WriteLineAsync($"KubeFlex storage serves {listener.Url} from {options.Datastore}");

        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (stop.Token.Register(stopped.SetResult)) await stopped.Task;
        await standing;

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }

    /// <summary>Sockets have no bytes: whoever names a file of his own by mistake keeps it.</summary>
    private static void RemoveSocket(string path)
    {
        if (new FileInfo(path) is { Exists: true, Length: > 0 }) throw new StartupException(ExitCode.Usage, $"--listen-etcd: {path} is a file and no socket; name another path");
        File.Delete(path);
    }

    /// <summary>Opens the store; what is said when another server has it.</summary>
    private static async Task<string?> TryOwnAsync(Datastore datastore, CancellationToken cancellation)
    {
        try
        {
            await datastore.OpenStoreAsync(StoreName, cancellation);
            return null;
        }
        catch (StorageException e) when (e.Failure == StorageFailure.NotOwner)
        {
            return e.Message;
        }
    }

    /// <summary>
    /// Takes the store as soon as nobody else has it, and again when it was lost, also when no client asks: leases end only where it is open. Until then
    /// clients hear that the leader has changed.
    /// </summary>
    private static async Task StandAsync(Datastore datastore, bool waits, ILogger logger, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(StandBy);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation))
            {
                try
                {
                    var other = await TryOwnAsync(datastore, cancellation);
                    if (other is not null && !waits) StandsBy(logger, other);
                    if (other is null && waits) Serves(logger);
                    waits = other is not null;
                }
                catch (StorageException)
                {
                    // The database is away: clients hear of it.
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private static EtcdEndpoint Endpoint(StorageServerOptions options)
    {
        if (options.CertificateFile is null) return new(options.Listen);
        try
        {
            using var pem = X509Certificate2.CreateFromPemFile(options.CertificateFile, options.KeyFile);
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(options.ClientCaFile!);
            if (authorities.Count == 0) throw new StartupException(ExitCode.Usage, $"{options.ClientCaFile} holds no certificate");
            // Some platforms' TLS takes only keys that come this way.
            return new(options.Listen, X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null), authorities);
        }
        catch (CryptographicException e)
        {
            throw new StartupException(ExitCode.Usage, $"{options.CertificateFile}, {options.KeyFile} or {options.ClientCaFile} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>At once, so that whoever waits for the file never reads half a number.</summary>
    private static void WritePort(string path, int port)
    {
        var next = path + ".new";
        File.WriteAllText(next, $"{port}\n");
        File.Move(next, path, overwrite: true);
    }

    private static void Logging(ILoggingBuilder logging) => logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning)
        // A start that fails is told in a sentence.
        .AddFilter("Microsoft.Extensions.Hosting", LogLevel.None)
        .AddSimpleConsole(o => (o.SingleLine, o.TimestampFormat, o.UseUtcTimestamp) = (true, "yyyy-MM-ddTHH:mm:ss.fffZ ", true));

    [LoggerMessage(411, LogLevel.Information, "{Why}; this one stands by and takes over when that one is gone")]
    private static partial void StandsBy(ILogger logger, string why);

    [LoggerMessage(412, LogLevel.Information, "The other server is gone; this one serves")]
    private static partial void Serves(ILogger logger);

    [LoggerMessage(410, LogLevel.Warning, "{What}")]
    private static partial void Warned(ILogger logger, Exception? error, string what);
}
