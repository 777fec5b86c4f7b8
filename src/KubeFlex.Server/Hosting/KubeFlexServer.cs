using System.Net;
using System.Net.Sockets;
using KubeFlex.ApiServer;
using KubeFlex.Controllers;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Server.Configuration;
using KubeFlex.Server.ControlPlanes;
using KubeFlex.Server.Data;
using KubeFlex.Server.Identity;
using KubeFlex.Server.Metrics;
using KubeFlex.Server.Routing;
using KubeFlex.Server.Sharing;
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
/// The composition root. Read <see cref="RunAsync"/> from top to bottom: data directory, port, certificates, store, hosting control plane (or the way to the server
/// that has it), web server, then the loops (controllers, operator) until the process is asked to stop.
/// </summary>
internal sealed partial class KubeFlexServer(ServerOptions options, TimeProvider time) : IDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private int exitCode = ExitCode.Ok;

    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        using var directory = DataDirectory.Open(options.DataDirectory);
        var socket = Bind(options.Listen);
        var bound = (IPEndPoint)socket.LocalEndPoint!;
        var url = options.AdvertiseUrl ?? $"https://{(IsWildcard(bound.Address) ? new IPEndPoint(IPAddress.Loopback, bound.Port) : bound)}";
        // What takes long at a start are keys, the database and the web server, and none needs another: they come up side by side.
        var lost = new LostStores();
        var warnings = new DatastoreWarnings(options.Shares ? new MembershipOptions { Url = url, Lost = lost.Tell } : null);
        var opening = OpenDatastoreAsync(directory, options.Datastore, warnings, cancellation);
        var identifying = Task.Run(() => IdentifyAsync(directory, bound, opening, cancellation), cancellation);
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
        metrics.Observe(directory, host);
        var parts = new ServerParts(options, directory, datastore, warnings, DedicatedDatastores.For(options.Datastore, directory), identity, bound, url, api, controllers, host,
            metrics, Logging, time, logs);
        await using IHostingRole role = options.Shares ? new SharedServer(parts, lost, stopping.Token) : await SoleServer.OpenAsync(parts, cancellation);
        gate.Open(role.Router, new TlsSelection(identity, host, role.Router, role.Certificates));

        await certifying;
        await app.StartAsync(cancellation);
        var lifetime = app.Services.GetRequiredService<IHostApplicationLifetime>();
        using var stop = lifetime.ApplicationStopping.Register(stopping.Cancel);
        using var asked = cancellation.Register(stopping.Cancel);
        List<Task> loops = [SuperviseAsync("controllers", controllers.RunAsync(4, c => !c.Stopped, stopping.Token), lifetime, logger)];
        try
        {
            // Announced once control planes can be created: whoever waits for server.json must not find the kind missing.
            foreach (var (name, loop) in await role.BeginAsync(stopping.Token)) loops.Add(SuperviseAsync(name, loop, lifetime, logger));
            identity.WriteAdminKubeconfig(directory, url);
            directory.WriteServerFile(url);
            await Console.Out.WriteLineAsync($"KubeFlex serves {url} from {directory.Path}");
            await WaitAsync(lifetime, cancellation);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Stopped before it was announced.
        }
        finally
        {
            await stopping.CancelAsync();
        }

        // Watches last until their control plane ends; only then can the web server finish its requests.
        await Task.WhenAll(loops);
        await host.DisposeAsync();
        await role.EndAsync();
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

    private async Task<ServerIdentity> IdentifyAsync(DataDirectory directory, IPEndPoint bound, Task<Datastore> opening, CancellationToken cancellation)
    {
        if (options.Shares) await SharedIdentity.SettleAsync(directory, await opening, options.Datastore!.ToString(), time, cancellation);
        return ServerIdentity.LoadOrCreate(directory, bound.Address, options.AdvertiseUrl is { } advertised ? new Uri(advertised).IdnHost : null, options.Domain, time);
    }

    private static bool IsWildcard(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

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
