using System.Text.Json.Nodes;
using KubeFlex.Runtime.Client;
using KubeFlex.Storage;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Server.Sharing;

/// <summary>
/// Sees to it that each control plane is open with a living server, so that its controllers run though nobody asks for it. Looks whenever servers
/// come or go; what is open somewhere stays there.
/// </summary>
internal sealed partial class Caretaker(KubeClient hosting, Datastore datastore, Peers peers, ILogger logger, TimeProvider time)
{
    private const int AtOnce = 8;
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(5);

    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            var changed = peers.Changed;
            try
            {
                if (await LookAsync(cancellation)) await changed.WaitAsync(cancellation);
                else await Task.Delay(Again, time, cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>False when some could not be opened.</summary>
    private async Task<bool> LookAsync(CancellationToken cancellation)
    {
        try
        {
            var owned = (await datastore.ListOwnedStoresAsync(cancellation)).ToHashSet(StringComparer.Ordinal);
            var all = await hosting.ListAsync(Resources.ControlPlanes, null, cancellation);
            var names = (all["items"] as JsonArray ?? []).OfType<JsonObject>().Where(RunsInProcess).Select(cp => (string)cp["metadata"]!["name"]!).Where(name => !owned.Contains(name));
            var complete = true;
            await Parallel.ForEachAsync(names, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation }, async (name, stop) =>
            {
                if (!await OpenAsync(name, stop)) complete = false;
            });
            return complete;
        }
        catch (Exception e) when (e is StorageException or KubeApiException or HttpRequestException)
        {
            NotSeen(logger, e.Message);
            return false;
        }
    }

    private async Task<bool> OpenAsync(string name, CancellationToken cancellation)
    {
        if (Rendezvous.Choose(peers.Members, name) is not { } server) return false;
        try
        {
            // This server too, by the same way: it is asked like any other.
            await peers.AskAsync(server, name, PeerTasks.Open, cancellation);
            return true;
        }
        catch (Exception e) when (e is KubeApiException or HttpRequestException)
        {
            NotOpened(logger, name, e.Message);
            return false;
        }
    }

    private static bool RunsInProcess(JsonObject cp) =>
        cp["metadata"]?["deletionTimestamp"] is null && (string?)cp["spec"]?["type"] is "k8s" or null && (string?)cp["spec"]?["runtime"] is "InProcess" or null;

    [LoggerMessage(176, LogLevel.Debug, "which control planes nobody has cannot be seen now: {Why}")]
    private static partial void NotSeen(ILogger logger, string why);

    [LoggerMessage(177, LogLevel.Warning, "Control plane {Name}, which no server had, could not be opened, will try again: {Why}")]
    private static partial void NotOpened(ILogger logger, string name, string why);
}
