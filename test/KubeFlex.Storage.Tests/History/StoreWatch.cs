using System.Text;
using KubeFlex.History.Checking;
using KubeFlex.History.Driving;

namespace KubeFlex.Storage.Tests.History;

/// <summary>A watch that goes on after its last revision whenever it ends: the store was closed, or the reader was slow.</summary>
internal sealed class StoreWatch(Recorder recorder, Func<Store> store, WatchLog log)
{
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(5);

    private long reached = 1;

    public WatchLog Log => log;

    public long Reached => Volatile.Read(ref reached);

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await WatchAsync(stop);
                await Task.Delay(Again, stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (StorageException)
            {
                // Closed just now; the next one is about to open.
                await Task.Delay(Again, CancellationToken.None);
            }
        }
    }

    private async Task WatchAsync(CancellationToken stop)
    {
        var session = new WatchSession(reached + 1, recorder.Now, 0, []);
        var key = log.Key.Length == 0 ? [0] : Encoding.UTF8.GetBytes(log.Key);
        await using var watcher = await store().WatchAsync(new(key, log.Key.Length == 0 ? [0] : Encoding.UTF8.GetBytes(log.End!), reached + 1), stop);
        log.Sessions.Add(session);
        while (true)
        {
            using var soon = CancellationTokenSource.CreateLinkedTokenSource(stop);
            soon.CancelAfter(20);
            try
            {
                var changes = await watcher.ReadAsync(soon.Token);
                if (changes.Count == 0) return;
                var now = recorder.Now;
                foreach (var change in changes) session.Deliveries.Add(new(change.Revision, new(change.Revision, StoreClient.S(change.Current.Key),
                    change.Kind == EventKind.Delete ? null : StoreClient.Entry(change.Current), change.Previous is null ? null : StoreClient.Entry(change.Previous), now)));
                Volatile.Write(ref reached, changes[^1].Revision);
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                // Quiet: what a bookmark would claim.
                var progress = watcher.Progress;
                if (progress <= reached) continue;
                session.Deliveries.Add(new(progress, null));
                Volatile.Write(ref reached, progress);
            }
        }
    }
}
