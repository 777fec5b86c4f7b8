using KubeFlex.Runtime.Client;
using KubeFlex.Server.Backup;
using KubeFlex.Server.Hosting;
using KubeFlex.Server.Routing;
using KubeFlex.Storage;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Server.Sharing;

/// <summary>
/// One of several servers on a PostgreSQL database. Each control plane is served by the one that has its store; the others hand requests on. Who has the
/// hosting control plane's store is operator to all; the parts meet here, and each tells its share of the story.
/// </summary>
internal sealed class SharedServer : IHostingRole
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    private readonly ServerParts parts;
    private readonly PeerIdentity identity;
    private readonly Peers peers;
    private readonly HostingSeat seat;
    private readonly KubeClient hosting;
    private readonly SharedControlPlanes controlPlanes;
    private readonly Places places;
    private readonly ILogger logger;

    /// <param name="parts">What it is made of.</param>
    /// <param name="lost">Tells of stores that others have taken over.</param>
    /// <param name="stopping">Ends the requests that are with other servers.</param>
    public SharedServer(ServerParts parts, LostStores lost, CancellationToken stopping)
    {
        this.parts = parts;
        logger = parts.Logs.CreateLogger("KubeFlex.Server.Sharing");
        identity = new(parts.Identity.Authority, parts.Time);
        peers = new(parts.Datastore, identity, parts.Time, logger);
        var owners = new Owners(parts.Datastore, parts.Time);
        seat = new(parts.Datastore, OpenAsync, RunAsync, parts.Time, logger);
        hosting = new(new HttpClient(new HostingHandler(seat, peers, owners, identity.OperatorCertificate)) { BaseAddress = new Uri("https://hosting/"), Timeout = Timeout.InfiniteTimeSpan });
        controlPlanes = new(parts.Host, peers, owners, parts.Time);
        var records = new SharedPlaceRecords(seat, peers, owners);
        places = new(records, parts.Datastore, parts.Dedicated, new DatastorePool(parts.Warnings.Options));
        parts.Host.Attach(hosting, places, parts.Bound, parts.Url);
        var router = new SharedRouter(parts.Host, seat, identity, owners, new Forwarder(peers, stopping), new PeerTasks(parts.Host, parts.Datastore, records, parts.Time), parts.Time);
        Router = new(parts.Host, router, parts.Options.Domain);
        Certificates = new TenantCertificates(parts.Host, parts.Time);
        lost.Attach(store =>
        {
            seat.Lost(store);
            _ = Task.Run(() => parts.Host.DropAsync(store));
        });
    }

    public ControlPlaneRouter Router { get; }

    public TenantCertificates? Certificates { get; }

    public async Task<IReadOnlyList<(string Name, Task Loop)>> BeginAsync(CancellationToken cancellation)
    {
        IReadOnlyList<(string, Task Loop)> loops = [("members", peers.RunAsync(cancellation)), ("hosting", seat.RunAsync(cancellation))];
        while (!await IsReadyAsync(cancellation))
        {
            // One that died says why.
            if (loops.FirstOrDefault(loop => loop.Loop.IsFaulted) is { Loop: { } dead }) await dead;
            await Task.Delay(LookAgain, parts.Time, cancellation);
        }
        return loops;
    }

    // With the loop the hosting control plane has ended, if it was here.
    public ValueTask EndAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        hosting.Dispose();
        peers.Dispose();
        identity.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Somebody runs the hosting control plane, and it knows what control planes are.</summary>
    private async Task<bool> IsReadyAsync(CancellationToken cancellation)
    {
        try
        {
            await hosting.ListAsync(Resources.ControlPlanes, "limit=1", cancellation);
            return true;
        }
        catch (Exception e) when (e is KubeApiException or HttpRequestException or IOException)
        {
            return false;
        }
    }

    private Task<HostingTerm> OpenAsync(Store store, CancellationToken cancellation) =>
        HostingTerm.BeginAsync(parts, store, places, controlPlanes, async (name, stop) =>
        {
            try
            {
                await controlPlanes.BringAsync(name, store, stop);
            }
            catch (Exception e) when (e is KubeApiException or HttpRequestException)
            {
                throw new BackupFailure(Refusal.NotNow($"the server that has the control plane could not hand it over, try again: {e.Message}"), e);
            }
        }, cancellation);

    private async Task RunAsync(HostingTerm term, CancellationToken cancellation)
    {
        await parts.Host.RecoverAsync(logger, cancellation);
        await term.PrepareAsync(cancellation);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task[] work = [term.OperateAsync(stop.Token), new Caretaker(term.Client, parts.Datastore, peers, logger, parts.Time).RunAsync(stop.Token)];
        await Task.WhenAny(work);
        await stop.CancelAsync();
        await Task.WhenAll(work);
    }
}
