using KubeFlex.Etcd.Grpc;
using KubeFlex.Etcd.Protocol;
using KubeFlex.Storage;

namespace KubeFlex.Etcd.Services;

/// <summary>
/// One Watch call with its many watches. The call's own task reads requests; each watch has a loop that waits for its watcher and sends; one lock lets
/// one of them send at a time.
/// <para>
/// A progress answer says "all watches of this stream have got everything up to r". Example: the revision is 9, watch A has got 9, watch B's loop holds
/// the event of 8 and waits for the lock. An answer of 9 now would be a lie, so the request stays open; B sends 8, calls its watcher settled, sees the
/// open request, and everything up to 9 has been sent: it answers.
/// </para>
/// </summary>
internal sealed class WatchStream(GrpcCall call, Store store, EtcdOptions options, TimeProvider time) : IAsyncDisposable
{
    /// <summary>etcd's watch id of answers that are nobody's.</summary>
    private const long NoWatch = -1;

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(10);

    private readonly SemaphoreSlim sending = new(1);
    private readonly CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(call.Cancellation);

    // Changed with the lock held; read by its holders and by the reading task, which alone changes it but for removals by loops.
    private readonly Dictionary<long, Watching> watches = [];
    private long nextId;
    private long progressWanted;
    private Task notifying = Task.CompletedTask;
    private Task looking = Task.CompletedTask;
    private Exception? failure;

    public async Task RunAsync()
    {
        try
        {
            while (await call.ReadAsync(WatchRequest.Parser) is { } request)
            {
                switch (request.RequestUnionCase)
                {
                    case WatchRequest.RequestUnionOneofCase.CreateRequest:
                        await CreateAsync(request.CreateRequest);
                        break;
                    case WatchRequest.RequestUnionOneofCase.CancelRequest:
                        await CancelAsync(request.CancelRequest.WatchId);
                        break;
                    case WatchRequest.RequestUnionOneofCase.ProgressRequest:
                        await ProgressAsync();
                        break;
                }
            }
        }
        catch (OperationCanceledException) when (failure is not null)
        {
            // A loop failed and broke the read off: what follows tells why.
        }
        if (failure is not null) throw failure;
    }

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        Watching[] all;
        lock (watches)
        {
            all = [.. watches.Values];
            watches.Clear();
        }
        foreach (var watch in all) await watch.DisposeAsync();
        await Task.WhenAll(notifying, looking);
        ended.Dispose();
        sending.Dispose();
    }

    private async Task CreateAsync(WatchCreateRequest request)
    {
        // etcd: no key means from the first one on.
        var key = request.Key.Length == 0 ? [0] : request.Key.Array();
        var end = request.RangeEnd.End();
        var id = request.WatchId;
        string? refused = null;
        lock (watches)
        {
            if (id == 0)
            {
                while (watches.ContainsKey(nextId)) nextId++;
                id = nextId++;
            }
            else if (watches.ContainsKey(id)) refused = "mvcc: duplicate watch ID provided on the WatchStream";
            if (watches.Count >= options.WatchesPerStream) refused = $"etcdserver: too many watches on one stream: at most {options.WatchesPerStream}";
        }
        if (end is not null and not [0] && key.AsSpan().SequenceCompareTo(end) >= 0) refused = "mvcc: watcher range is empty";
        if (refused is not null)
        {
            await SendAsync(new() { Header = Member.Header(store.Revision), WatchId = NoWatch, Created = true, Canceled = true, CancelReason = refused });
            return;
        }
        var query = new WatchQuery(key, end, Math.Max(0, request.StartRevision));
        var watcher = await store.WatchAsync(query, ended.Token);
        var watch = new Watching(id, request, query, watcher);
        if (watch.Next == 0) watch.Next = watcher.CreatedAt + 1;
        await LockedAsync(async () =>
        {
            lock (watches) watches.Add(id, watch);
            await call.WriteAsync(new WatchResponse { Header = Member.Header(watcher.CreatedAt), WatchId = id, Created = true });
        });
        watch.Pump = Task.Run(() => PumpAsync(watch));
        if (watch.ProgressNotify && notifying.IsCompleted) notifying = Task.Run(NotifyAsync);
    }

    private async Task CancelAsync(long id)
    {
        Watching? watch;
        lock (watches) watches.Remove(id, out watch);
        if (watch is null) return;
        await watch.DisposeAsync();
        await SendAsync(new() { Header = Member.Header(store.Revision), WatchId = id, Canceled = true });
    }

    private async Task PumpAsync(Watching watch)
    {
        try
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(ended.Token, watch.Ended);
            while (true)
            {
                var changes = await watch.Watcher.ReadAsync(stop.Token);
                if (changes.Count > 0) await PassOnAsync(watch, changes);
                else if (!await GoesOnAsync(watch, stop.Token)) return;
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested || watch.Ended.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            // One broken watch breaks the stream: the client then starts all of them again.
            Interlocked.CompareExchange(ref failure, e, null);
            call.CancelRead();
        }
    }

    private async Task PassOnAsync(Watching watch, IReadOnlyList<StoreEvent> changes) => await LockedAsync(async () =>
    {
        foreach (var response in WatchBatches.Of(watch, changes, options.RequestBytes)) await call.WriteAsync(response);
        watch.Next = changes[^1].Revision + 1;
        watch.Watcher.Settle();
        if (progressWanted > 0) await TryProgressAsync();
    });

    /// <summary>The watcher has ended: goes on with another one, or tells the client.</summary>
    private async Task<bool> GoesOnAsync(Watching watch, CancellationToken cancellation)
    {
        switch (watch.Watcher.End)
        {
            case WatchEnd.Slow:
                // etcd never ends a slow watch but lets it catch up from the history, at the client's pace.
                var old = watch.Watcher;
                watch.Watcher = await store.WatchAsync(watch.Rest, cancellation);
                await old.DisposeAsync();
                return true;
            case WatchEnd.Compacted:
                var compacted = watch.Watcher.CompactRevision;
                await LockedAsync(async () =>
                {
                    lock (watches)
                    {
                        if (!watches.Remove(watch.Id)) return;
                    }
                    await call.WriteAsync(new WatchResponse
                    {
                        Header = Member.Header(store.Revision), WatchId = watch.Id, Canceled = true, CompactRevision = compacted,
                    });
                });
                await watch.Watcher.DisposeAsync();
                return false;
            default:
                throw new StorageException(StorageFailure.Closed, "the store is closed");
        }
    }

    private async Task ProgressAsync()
    {
        await LockedAsync(async () =>
        {
            progressWanted = Math.Max(progressWanted, store.Revision);
            await TryProgressAsync();
        });
        // A watch that catches up without finding anything for its client has no reason to send.
        if (Volatile.Read(ref progressWanted) > 0 && looking.IsCompleted) looking = Task.Run(LookAsync);
    }

    private async Task LookAsync()
    {
        try
        {
            while (Volatile.Read(ref progressWanted) > 0)
            {
                await Task.Delay(LookAgain, time, ended.Token);
                await LockedAsync(async () =>
                {
                    if (progressWanted > 0) await TryProgressAsync();
                });
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
        }
    }

    /// <summary>Answers the open progress request if every watch is far enough. With the lock held.</summary>
    private async Task TryProgressAsync()
    {
        var revision = store.Revision;
        lock (watches)
        {
            foreach (var watch in watches.Values) revision = Math.Min(revision, watch.Watcher.Settled);
        }
        if (revision < progressWanted) return;
        progressWanted = 0;
        await call.WriteAsync(new WatchResponse { Header = Member.Header(revision), WatchId = NoWatch });
    }

    /// <summary>Tells quiet watches the revision, all of one stream with one timer.</summary>
    private async Task NotifyAsync()
    {
        try
        {
            using var timer = new PeriodicTimer(options.ProgressInterval, time);
            while (await timer.WaitForNextTickAsync(ended.Token)) await LockedAsync(NotifyRoundAsync);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
        }
    }

    private async Task NotifyRoundAsync()
    {
        Watching[] all;
        lock (watches) all = [.. watches.Values];
        foreach (var watch in all)
        {
            if (!watch.ProgressNotify) continue;
            if (watch.Active)
            {
                watch.Active = false;
                continue;
            }
            var revision = watch.Watcher.Settled;
            if (revision > 0 && revision >= watch.Next - 1) await call.WriteAsync(new WatchResponse { Header = Member.Header(revision), WatchId = watch.Id });
        }
    }

    private Task SendAsync(WatchResponse response) => LockedAsync(async () => await call.WriteAsync(response));

    private async Task LockedAsync(Func<Task> send)
    {
        await sending.WaitAsync(ended.Token);
        try
        {
            await send();
        }
        finally
        {
            sending.Release();
        }
    }
}
