using KubeFlex.Etcd;
using KubeFlex.Server.Configuration;
using KubeFlex.Server.Metrics;
using KubeFlex.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Server.StorageOnly;

/// <summary>
/// <c>storage serve --stores by-certificate</c>: the stores of many control planes, each for its own client. Several may share a database: the one that owns the
/// store <see cref="Seat"/> serves, the others do not even listen, so that whatever leads clients to one that is ready leads them to that one. One that loses
/// the seat ends, with all its connections: a client would else stay with a server that has nothing for it.
/// </summary>
internal sealed partial class StorageService(StorageServerOptions options, EtcdEndpoint endpoint, StorageState state, ServerMetrics metrics, ILoggerFactory logs)
{
    /// <summary>No client's store has a colon in its name.</summary>
    private const string Seat = "kubeflex:storage-service";

    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(2);

    private readonly ILogger logger = logs.CreateLogger("KubeFlex.Storage");
    private readonly TaskCompletionSource lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private StoreDirectory? stores;

    /// <summary>Runs until cancelled, or until another server has taken over: then the exit code asks whoever supervises it to start it again.</summary>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        try
        {
            await using var datastore = await OpenAsync(stop);
            await SeatAsync(datastore, stop);
            stores = new StoreDirectory(datastore);
            await stores.LoadAsync(stop);
            return await ServeAsync(datastore, stores, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped before its turn came.
            return ExitCode.Ok;
        }
    }

    private async Task<int> ServeAsync(Datastore datastore, StoreDirectory directory, CancellationToken stop)
    {
        var urls = new List<string>();
        var size = new DatastoreSize(datastore, TimeProvider.System);
        metrics.Meter.CreateObservableGauge("kubeflex_storage_datastore_bytes", size.Read, description: "Bytes of the database.");
        metrics.Meter.CreateObservableGauge("kubeflex_storage_stores", () => (long)directory.Count, description: "Stores that this server serves.");
        var clients = new StoreClients(directory);
        var administration = new StoreAdministration(directory, clients, logger);
        using var face = new EtcdFace(clients, new() { ClientUrls = urls, DatabaseSize = size.Read }, TimeProvider.System, logs);
        await using var listener = await StorageServer.ListenAsync(options, endpoint, face, Answer, metrics, stop);
        urls.Add(listener.Url);
        state.Waits = null;
        await StorageServer.TellAsync(options, listener);

        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = stop.Register(stopped.SetResult);
        var taken = await Task.WhenAny(stopped.Task, lost.Task) == lost.Task;
        // Before connections end, so that nobody is led here any more.
        state.Waits = "it ends";
        if (taken) TakenOver(logger);
        return taken ? ExitCode.Failure : ExitCode.Ok;

        Task Answer(HttpContext http) => http.Request.Path.StartsWithSegments(StoreAdministration.Path) ? administration.HandleAsync(http) : face.HandleAsync(http);
    }

    /// <summary>Opens the database, waiting for one that is not there yet: on a cluster it may well start after us.</summary>
    private async Task<Datastore> OpenAsync(CancellationToken stop)
    {
        var said = "";
        while (true)
        {
            try
            {
                return await Datastore.OpenAsync(options.Datastore, new() { Warn = (what, why) => StorageServer.Warned(logger, why, what), Membership = new() { Lost = Lost } }, stop);
            }
            catch (StorageException e) when (e.Failure == StorageFailure.Unavailable && options.Datastore.File is null)
            {
                state.Waits = "the database cannot be used yet";
                if (e.Message != said) Waiting(logger, said = e.Message);
                await Task.Delay(AskAgain, stop);
            }
        }
    }

    private async Task SeatAsync(Datastore datastore, CancellationToken stop)
    {
        var waited = false;
        using var timer = new PeriodicTimer(StorageServer.StandBy);
        while (true)
        {
            try
            {
                if (await StorageServer.TryOwnAsync(datastore, stop, Seat) is not { } other) break;
                if (!waited) StorageServer.StandsBy(logger, other);
                (waited, state.Waits) = (true, StorageServer.Elsewhere);
            }
            catch (StorageException e) when (options.Datastore.File is null)
            {
                if (state.Waits != "the database cannot be used") Waiting(logger, e.Message);
                state.Waits = "the database cannot be used";
            }
            await timer.WaitForNextTickAsync(stop);
        }
        if (waited) StorageServer.Serves(logger);
    }

    /// <summary>Called by the storage's own threads.</summary>
    private void Lost(Store store)
    {
        if (store.Name == Seat) lost.TrySetResult();
        else stores?.Lost(store);
    }

    [LoggerMessage(418, LogLevel.Warning, "{Why}; tried again until it works")]
    private static partial void Waiting(ILogger logger, string why);

    [LoggerMessage(419, LogLevel.Critical, "Another server has taken over, so this one ends; started again it stands by")]
    private static partial void TakenOver(ILogger logger);
}
