using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using KubeFlex.Etcd;
using KubeFlex.Server.Configuration;
using KubeFlex.Server.Metrics;
using KubeFlex.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Server.StorageOnly;

/// <summary>
/// <c>kubeflex-server storage serve</c>: one datastore and etcd's API in front of it, until a signal ends it. Here with one store named "default"; with a store
/// per client certificate it is <see cref="StorageService"/>.
/// </summary>
internal static partial class StorageServer
{
    private const string StoreName = "default";

    /// <summary>How often one that stands by looks whether it is its turn.</summary>
    public static readonly TimeSpan StandBy = TimeSpan.FromMilliseconds(300);

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
            return await RunAsync(options, cancellation);
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

    private static async Task<int> RunAsync(StorageServerOptions options, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var logs = LoggerFactory.Create(Logging);
        var logger = logs.CreateLogger("KubeFlex.Storage");
        var endpoint = Endpoint(options, logger);
        var state = new StorageState();
        using var metrics = new ServerMetrics(TimeProvider.System);
        metrics.Meter.CreateObservableGauge("kubeflex_storage_serves", () => state.Waits is null ? 1L : 0, description: "1 on the server that serves, 0 on one that stands by or starts.");
        await using var probes = options.Metrics is { } address ? await StorageProbes.StartAsync(address, state, metrics, Logging, stop.Token) : null;
        if (probes is not null) await Console.Out.WriteLineAsync($"health and metrics at {probes.Url}");
        if (options.ByCertificate) return await new StorageService(options, endpoint, state, metrics, logs).RunAsync(stop.Token);
        await ServeOneAsync(options, endpoint, state, metrics, logs, stop.Token);
        return ExitCode.Ok;

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }

    private static async Task ServeOneAsync(StorageServerOptions options, EtcdEndpoint endpoint, StorageState state, ServerMetrics metrics, ILoggerFactory logs, CancellationToken stop)
    {
        var logger = logs.CreateLogger("KubeFlex.Storage");
        // Several servers may share a PostgreSQL: one has the store, the others stand by.
        await using var datastore = await Datastore.OpenAsync(options.Datastore, new() { Warn = (what, why) => Warned(logger, why, what), Membership = new() }, stop);
        var other = await TryOwnAsync(datastore, stop);
        if (other is not null) StandsBy(logger, other);
        // A file has no second server.
        var standing = options.Datastore.File is null ? StandAsync(datastore, state, waits: other is not null, logger, stop) : Task.CompletedTask;
        var urls = new List<string>();
        var size = new DatastoreSize(datastore, TimeProvider.System);
        metrics.Meter.CreateObservableGauge("kubeflex_storage_datastore_bytes", size.Read, description: "Bytes of the database.");
        using var face = new EtcdFace(new NamedStoreResolver(datastore, StoreName), new() { ClientUrls = urls, DatabaseSize = size.Read }, TimeProvider.System, logs);
        await using var listener = await ListenAsync(options, endpoint, face, face.HandleAsync, metrics, stop);
        urls.Add(listener.Url);
        state.Waits = other is null ? null : Elsewhere;
        await TellAsync(options, listener);
        await UntilAsync(stop);
        await standing;
    }

    /// <summary>What the probe of one that stands by says.</summary>
    public const string Elsewhere = "another server serves, and this one stands by";

    /// <summary>Listens; what is asked is counted where somebody may look at it.</summary>
    public static Task<EtcdListener> ListenAsync(StorageServerOptions options, EtcdEndpoint endpoint, EtcdFace face, RequestDelegate others, ServerMetrics metrics, CancellationToken cancellation)
    {
        // What a killed predecessor left; a running one holds the database, and we would not be here.
        if (options.Listen is UnixDomainSocketEndPoint socket) RemoveSocket(socket.ToString());
        return EtcdListener.StartAsync(face, endpoint, Logging, cancellation, others, options.Metrics is null ? null : new Counted(metrics));
    }

    /// <summary>Says where it serves, in the port file and on standard output.</summary>
    public static async Task TellAsync(StorageServerOptions options, EtcdListener listener)
    {
        if (options.PortFile is { } portFile) WritePort(portFile, options.Listen is IPEndPoint { Port: > 0 } given ? given.Port : new Uri(listener.Url).Port);
        await Console.Out.WriteLineAsync($"KubeFlex storage serves {listener.Url} from {options.Datastore}");
    }

    private static async Task UntilAsync(CancellationToken stop)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (stop.Register(stopped.SetResult)) await stopped.Task;
    }

    /// <summary>Sockets have no bytes: whoever names a file of his own by mistake keeps it.</summary>
    private static void RemoveSocket(string path)
    {
        if (new FileInfo(path) is { Exists: true, Length: > 0 }) throw new StartupException(ExitCode.Usage, $"--listen-etcd: {path} is a file and no socket; name another path");
        File.Delete(path);
    }

    /// <summary>Opens the store; what is said when another server has it.</summary>
    public static async Task<string?> TryOwnAsync(Datastore datastore, CancellationToken cancellation, string store = StoreName)
    {
        try
        {
            await datastore.OpenStoreAsync(store, cancellation);
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
    private static async Task StandAsync(Datastore datastore, StorageState state, bool waits, ILogger logger, CancellationToken cancellation)
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
                    state.Waits = waits ? Elsewhere : null;
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

    private static EtcdEndpoint Endpoint(StorageServerOptions options, ILogger logger) => options.CertificateFile is null ? new(options.Listen)
        : new(options.Listen) { Tls = new ServingFiles(options.CertificateFile, options.KeyFile!, options.ClientCaFile!, logger).Current };

    /// <summary>At once, so that whoever waits for the file never reads half a number.</summary>
    private static void WritePort(string path, int port)
    {
        var next = path + ".new";
        File.WriteAllText(next, $"{port}\n");
        File.Move(next, path, overwrite: true);
    }

    public static void Logging(ILoggingBuilder logging) => logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning)
        // A start that fails is told in a sentence.
        .AddFilter("Microsoft.Extensions.Hosting", LogLevel.None)
        .AddSimpleConsole(o => (o.SingleLine, o.TimestampFormat, o.UseUtcTimestamp) = (true, "yyyy-MM-ddTHH:mm:ss.fffZ ", true));

    private sealed class Counted(ServerMetrics metrics) : IRequestObserver
    {
        public void Begin() => metrics.Begin();

        public void End(int status) => metrics.End(status);
    }

    [LoggerMessage(411, LogLevel.Information, "{Why}; this one stands by and takes over when that one is gone")]
    internal static partial void StandsBy(ILogger logger, string why);

    [LoggerMessage(412, LogLevel.Information, "The other server is gone; this one serves")]
    internal static partial void Serves(ILogger logger);

    [LoggerMessage(410, LogLevel.Warning, "{What}")]
    internal static partial void Warned(ILogger logger, Exception? error, string what);
}
