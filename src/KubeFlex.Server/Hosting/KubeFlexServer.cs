using System.Net;
using System.Net.Sockets;
using KubeFlex.ApiServer;
using KubeFlex.Controllers;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Operator;
using KubeFlex.Runtime.Client;
using KubeFlex.Server.Admin;
using KubeFlex.Server.Backup;
using KubeFlex.Server.Configuration;
using KubeFlex.Server.ControlPlanes;
using KubeFlex.Server.Data;
using KubeFlex.Server.Identity;
using KubeFlex.Server.Metrics;
using KubeFlex.Server.Processes;
using KubeFlex.Server.Routing;
using KubeFlex.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Server.Hosting;

/// <summary>
/// The composition root. Read <see cref="RunAsync"/> from top to bottom: data directory, port, certificates, store, hosting control plane,
/// web server, then the loops (controllers, operator) until the process is asked to stop.
/// </summary>
internal sealed partial class KubeFlexServer(ServerOptions options, TimeProvider time) : IDisposable
{
    private const string HostingName = "host";
    private static readonly UserInfo OperatorUser = new("system:kubeflex", ["system:masters", "system:authenticated"]);

    private readonly CancellationTokenSource stopping = new();
    private int exitCode = ExitCode.Ok;

    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        using var directory = DataDirectory.Open(options.DataDirectory);
        var socket = Bind(options.Listen);
        var bound = (IPEndPoint)socket.LocalEndPoint!;
        // What takes long at a start are keys, the database and the web server, and none needs another: they come up side by side.
        var warnings = new DatastoreWarnings();
        var dedicated = DedicatedDatastores.For(options.Datastore, directory);
        var opening = OpenDatastoreAsync(directory, options.Datastore, warnings, cancellation);
        var identifying = Task.Run(() => ServerIdentity.LoadOrCreate(directory, bound.Address, options.Domain, time), cancellation);
        using var metrics = new ServerMetrics(time);
        await using var app = BuildApp(socket, bound, metrics, out var gate);
        var logs = app.Services.GetRequiredService<ILoggerFactory>();
        var logger = logs.CreateLogger("KubeFlex.Server");
        warnings.Open(logs.CreateLogger("KubeFlex.Storage"));
        var api = new SharedApi(ApiCatalog.Load(), time, logs);
        await using var datastore = await opening;
        using var identity = await identifying;
        var certifying = Task.Run(() => identity.Certificate, cancellation);
        using var controllers = new ControllerManager(time, logs);

        await using var host = new ControlPlaneHost(api, controllers, options.Domain, identity.CaPem);
        var admin = new AdminApi();
        await using var processes = new ProcessHost(directory, datastore, dedicated, warnings, bound.Address, new BinaryAssets(options.BinaryAssets, options.BinaryAssetsSource),
            new StoreAccess(Logging, () => new FileInfo(directory.Database) is { Exists: true } file ? file.Length : 0, time, logs), time, logs.CreateLogger("KubeFlex.Server.Processes"));
        admin.Add(LogsRoute.For(processes));
        var hostingStore = await datastore.OpenStoreAsync(HostingName, cancellation);
        await using var hosting = await RunningControlPlane.StartAsync(HostingName, hostingStore, null,
            identity.HostingRecord, api, controllers, bound, cancellation, admin.TryHandleAsync);
        using var client = RunningControlPlane.ClientFor(hosting.Api, OperatorUser, "kubeflex");
        var places = new Places(hostingStore, datastore, dedicated, new DatastorePool(warnings.Options));
        host.Attach(client, places, bound);
        await host.RecoverAsync(logger, cancellation);
        metrics.Observe(directory, host);
        admin.Add(new AdminRoute("GET", "/metrics", call => call.TextAsync(metrics.Write(), PrometheusText.ContentType)));
        admin.Add(new BackupRoutes(new ServerBackup(directory, datastore, hostingStore, places, time), new Restore(host, hostingStore, places),
            new Migration(host, hostingStore, places, time)).All);
        var router = new ControlPlaneRouter(host, hosting, options.Domain);
        gate.Open(router, new TlsSelection(identity, host, router));

        await certifying;
        await app.StartAsync(cancellation);
        var operatorHost = new OperatorHost(client, host, new OperatorOptions
        {
            InstallCrds = false,
            Meter = metrics.Meter,
            Processes = processes,
            HostingEndpoint = new HostingEndpoint(host.ServerUrl, identity.CaPem, null, identity.IssueAdmin),
        }, time, logs);
        // Announced once control planes can be created: whoever waits for server.json must not find the kind missing.
        await operatorHost.InstallCrdsAsync(cancellation);
        await processes.ResumeAsync(async (name, token) => (string?)(await client.FindAsync(Resources.ControlPlanes.Named(name), token))?["spec"]?["runtime"] == "Process", cancellation);
        identity.WriteAdminKubeconfig(directory, host.ServerUrl);
        directory.WriteServerFile(host.ServerUrl);
        await Console.Out.WriteLineAsync($"KubeFlex serves {host.ServerUrl} from {directory.Path}");

        var lifetime = app.Services.GetRequiredService<IHostApplicationLifetime>();
        using var stop = lifetime.ApplicationStopping.Register(stopping.Cancel);
        Task[] loops =
        [
            SuperviseAsync("controllers", controllers.RunAsync(4, c => !c.Stopped, stopping.Token), lifetime, logger),
            SuperviseAsync("operator", operatorHost.RunAsync(stopping.Token), lifetime, logger),
        ];
        await WaitAsync(lifetime, cancellation);

        // Watches last until their control plane ends; only then can the web server finish its requests.
        await stopping.CancelAsync();
        await Task.WhenAll(loops);
        await processes.DisposeAsync();
        await host.DisposeAsync();
        await hosting.DisposeAsync();
        await app.StopAsync(CancellationToken.None);
        directory.RemoveServerFile();
        return exitCode;
    }

    public void Dispose() => stopping.Dispose();

    private static async Task WaitAsync(IHostApplicationLifetime lifetime, CancellationToken cancellation)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var a = lifetime.ApplicationStopping.Register(ended.SetResult);
        using var b = cancellation.Register(() => ended.TrySetResult());
        await ended.Task;
    }

    // A loop that dies takes the process with it, and the exit code says so: half a server would only look alive.
    private async Task SuperviseAsync(string name, Task loop, IHostApplicationLifetime lifetime, ILogger logger)
    {
        try
        {
            await loop;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            LoopDied(logger, e, name);
            exitCode = ExitCode.Failure;
            lifetime.StopApplication();
        }
    }

    private static Socket Bind(IPEndPoint endpoint)
    {
        try
        {
            return SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new StartupException(ExitCode.PortTaken, $"{endpoint} is in use by another program: choose another port with --listen, for example --listen {endpoint.Address}:0 for a free one", e);
        }
        catch (SocketException e)
        {
            throw new StartupException(ExitCode.Usage, $"cannot listen on {endpoint}: {e.Message}. Choose an address of this machine with --listen", e);
        }
    }

    private static async Task<Datastore> OpenDatastoreAsync(DataDirectory directory, DatastoreUrl? url, DatastoreWarnings warnings, CancellationToken cancellation)
    {
        try
        {
            // A server started again without the flag would otherwise begin anew, with nothing in it, and look as if everything were lost.
            if (url is null && File.Exists(directory.DatastoreFile))
            {
                throw new StartupException(ExitCode.Usage, $"this server's objects are in {(await File.ReadAllTextAsync(directory.DatastoreFile, cancellation)).Trim()}: "
                    + $"name it with --datastore or KUBEFLEX_DATASTORE (to begin anew in {directory.Path}: --datastore sqlite:{directory.Database})");
            }
            var datastore = await Datastore.OpenAsync(url ?? DatastoreUrl.Sqlite(directory.Database), warnings.Options, cancellation);
            if (url is null || url.File == directory.Database) File.Delete(directory.DatastoreFile);
            else DataDirectory.WriteAtomically(directory.DatastoreFile, System.Text.Encoding.UTF8.GetBytes($"{url}\n"));
            return datastore;
        }
        catch (StorageException e)
        {
            throw new StartupException(ExitCode.DataDirectory, e.Message, e);
        }
    }

    private static void Logging(ILoggingBuilder logging) => logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning)
        .AddSimpleConsole(o => (o.SingleLine, o.TimestampFormat, o.UseUtcTimestamp) = (true, "yyyy-MM-ddTHH:mm:ss.fffZ ", true));

    private static WebApplication BuildApp(Socket socket, IPEndPoint bound, ServerMetrics metrics, out RequestGate gate)
    {
        var requests = gate = new RequestGate(metrics);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "KubeFlex.Server" });
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(5));
        Logging(builder.Logging);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.WebHost.UseSockets(o => o.CreateBoundListenSocket = _ => socket);
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.AddServerHeader = false;
            // Bodies are bounded where they are read, so that the answer is a Status; watches may be silent for long.
            k.Limits.MaxRequestBodySize = null;
            k.Limits.MinResponseDataRate = null;
            k.Limits.MaxRequestLineSize = 64 * 1024;
            k.Limits.MaxRequestHeadersTotalSize = 256 * 1024;
            k.Limits.Http2.MaxStreamsPerConnection = 1000;
            k.Limits.Http2.MaxRequestHeaderFieldSize = 64 * 1024;
            k.Listen(bound, l => l.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = c => requests.SelectAsync(c),
                HandshakeTimeout = TimeSpan.FromSeconds(10),
            }));
        });
        var app = builder.Build();
        app.Run(requests.HandleAsync);
        return app;
    }

    [LoggerMessage(100, LogLevel.Critical, "The {Loop} loop ended; the server stops")]
    private static partial void LoopDied(ILogger logger, Exception error, string loop);

    // The web server is built before what it serves, because logging comes from it; nothing arrives before it is started.
    private sealed class RequestGate(ServerMetrics metrics)
    {
        private ControlPlaneRouter? router;
        private TlsSelection? tls;

        public void Open(ControlPlaneRouter to, TlsSelection selection) => (router, tls) = (to, selection);

        public async Task HandleAsync(Microsoft.AspNetCore.Http.HttpContext context)
        {
            metrics.Begin();
            try
            {
                await router!.HandleAsync(context);
            }
            finally
            {
                metrics.End(context.Response.StatusCode);
            }
        }

        public ValueTask<System.Net.Security.SslServerAuthenticationOptions> SelectAsync(TlsHandshakeCallbackContext context) => tls!.SelectAsync(context);
    }
}
