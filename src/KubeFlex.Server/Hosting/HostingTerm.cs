using System.Diagnostics.Metrics;
using System.Net;
using KubeFlex.ApiServer;
using KubeFlex.ApiServer.Fairness;
using KubeFlex.Controllers;
using KubeFlex.Machinery.Objects;
using KubeFlex.Operator;
using KubeFlex.Operator.Runtimes;
using KubeFlex.Runtime.Client;
using KubeFlex.Server.Admin;
using KubeFlex.Server.Backup;
using KubeFlex.Server.Configuration;
using KubeFlex.Server.ControlPlanes;
using KubeFlex.Server.Data;
using KubeFlex.Server.Identity;
using KubeFlex.Server.InProcess;
using KubeFlex.Server.Metrics;
using KubeFlex.Server.Processes;
using KubeFlex.Storage;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Server.Hosting;

/// <summary>What a server is made of, whoever has the hosting control plane.</summary>
internal sealed record ServerParts(ServerOptions Options, DataDirectory Directory, Datastore Datastore, DatastoreWarnings Warnings, IDedicatedDatastores Dedicated, ServerIdentity Identity,
    IPEndPoint Bound, string Url, SharedApi Api, ControllerManager Controllers, ControlPlaneHost Host, ServerMetrics Metrics, Action<ILoggingBuilder> Logging, TimeProvider Time, ILoggerFactory Logs);

/// <summary>
/// The hosting control plane and what goes with it, as long as this server has its store: its API with the server's own routes, the operator, control planes of
/// child processes.
/// </summary>
internal sealed class HostingTerm : IAsyncDisposable
{
    /// <summary>Control planes that may wait for the operator before clients' creates do: enough that it never runs dry, few enough that nobody waits long.</summary>
    private static readonly int MostWaiting = 2 * Environment.ProcessorCount;

    private static readonly UserInfo OperatorUser = new("system:kubeflex", ["system:masters", "system:authenticated"]);

    private readonly ServerParts parts;
    private readonly ProcessHost processes;
    private readonly Meter meter = new("KubeFlex.Operator");
    private readonly PrometheusText metrics;
    private readonly OperatorHost operatorHost;

    private HostingTerm(ServerParts parts, Store store, RunningControlPlane hosting, Backlog backlog, ProcessHost processes, IInProcessHost controlPlanes)
    {
        (this.parts, Store, Hosting, this.processes) = (parts, store, hosting, processes);
        Requests = new(new InProcessHandler(hosting.Api.HandleAsync, OperatorUser));
        Client = RunningControlPlane.ClientFor(hosting.Api, OperatorUser, "kubeflex");
        metrics = new(meter);
        operatorHost = new OperatorHost(Client, controlPlanes, new OperatorOptions
        {
            InstallCrds = false,
            Meter = meter,
            Waiting = backlog.Report,
            Processes = processes,
            HostingEndpoint = new HostingEndpoint(parts.Url, parts.Identity.CaPem, null, parts.Identity.IssueAdmin),
        }, parts.Time, parts.Logs);
    }

    public Store Store { get; }

    public RunningControlPlane Hosting { get; }

    /// <summary>Acts as the operator, without leaving the process.</summary>
    public KubeClient Client { get; }

    /// <summary>The same for single requests.</summary>
    public HttpMessageInvoker Requests { get; }

    /// <summary>
    /// Opens the API. <paramref name="bring"/> has other servers hand over a control plane, or with null all of them, before something is done with its store.
    /// </summary>
    public static async Task<HostingTerm> BeginAsync(ServerParts parts, Store store, Places places, IInProcessHost controlPlanes, Func<string?, CancellationToken, Task> bring, CancellationToken cancellation)
    {
        var admin = new AdminApi();
        var processes = new ProcessHost(parts.Directory, parts.Datastore, parts.Dedicated, parts.Warnings, parts.Bound.Address, new BinaryAssets(parts.Options.BinaryAssets, parts.Options.BinaryAssetsSource),
            new StoreAccess(parts.Logging, () => new FileInfo(parts.Directory.Database) is { Exists: true } file ? file.Length : 0, parts.Time, parts.Logs), parts.Time,
            parts.Logs.CreateLogger("KubeFlex.Server.Processes"));
        try
        {
            var backlog = new Backlog(new GroupResource(Resources.ControlPlanes.Group, Resources.ControlPlanes.Resource), MostWaiting);
            var hosting = await RunningControlPlane.StartAsync(store.Name, store, null, parts.Identity.HostingRecord, parts.Api, parts.Controllers, parts.Bound, cancellation, admin.TryHandleAsync, backlog);
            var term = new HostingTerm(parts, store, hosting, backlog, processes, controlPlanes);
            admin.Add(LogsRoute.For(processes));
            admin.Add(new AdminRoute("GET", "/metrics", call => call.TextAsync(parts.Metrics.Write() + term.metrics.Write(), PrometheusText.ContentType)));
            admin.Add(new BackupRoutes(new ServerBackup(parts.Directory, parts.Datastore, store, places, parts.Time), new Restore(parts.Host, store, places),
                new Migration(parts.Host, store, places, parts.Time), bring).All);
            return term;
        }
        catch
        {
            await processes.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes the kinds known, and starts child processes again; then control planes can be created.</summary>
    public async Task PrepareAsync(CancellationToken cancellation)
    {
        await operatorHost.InstallCrdsAsync(cancellation);
        await processes.ResumeAsync(async (name, token) => (string?)(await Client.FindAsync(Resources.ControlPlanes.Named(name), token))?["spec"]?["runtime"] == "Process", cancellation);
    }

    /// <summary>The operator works, until cancelled.</summary>
    public Task OperateAsync(CancellationToken cancellation) => operatorHost.RunAsync(cancellation);

    public async ValueTask DisposeAsync()
    {
        await processes.DisposeAsync();
        await Hosting.DisposeAsync();
        Client.Dispose();
        Requests.Dispose();
        metrics.Dispose();
        meter.Dispose();
    }
}
