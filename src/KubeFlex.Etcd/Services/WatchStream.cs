using System.Threading.Channels;
using KubeFlex.Etcd.Grpc;
using KubeFlex.Etcd.Protocol;
using KubeFlex.Storage;

namespace KubeFlex.Etcd.Services;

/// <summary>
/// One Watch call with its many watches. One loop does everything, so nothing here needs a lock: requests, watches that have something (their watchers
/// signal from the committer), and the ticks of progress notifications wait in one queue. What the loop finds there is written in one go and flushed
/// once: a put that a thousand watches see costs one wake-up and one send per connection.
/// <para>
/// A progress answer says "all watches of this stream have got everything up to r". Example: a reader has seen revision 9, the client asks, watch A has
/// got 9, watch B has the event of 8 in its buffer and so stands in the queue. An answer of 9 now would be a lie, so the request stays open; the loop
/// comes to B, writes 8, and then everything up to 9 has been sent: it answers.
/// </para>
/// </summary>
internal sealed class WatchStream(GrpcCall call, Store store, EtcdOptions options, TimeProvider time) : IAsyncDisposable
{
    /// <summary>etcd's watch id of answers that are nobody's.</summary>
    private const long NoWatch = -1;

    /// <summary>Bytes written before the client must take them.</summary>
    private const int Piece = 64 << 10;

    /// <summary>Steps before an open progress request is looked at again and everything is sent: a busy queue must not hold them up.</summary>
    private const int Steps = 1_000;

    private static readonly object Tick = new();

    private readonly Channel<object> queue = Channel.CreateUnbounded<object>(new() { SingleReader = true });
    private readonly SemaphoreSlim handled = new(0);
    private readonly CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(call.Cancellation);
    private readonly Dictionary<long, Watching> watches = [];
    private long nextId;
    private long progressWanted;
    private Task reading = Task.CompletedTask;
    private Task? ticking;

    public async Task RunAsync()
    {
        reading = ReadRequestsAsync();
        while (await queue.Reader.WaitToReadAsync(ended.Token))
        {
            for (var i = 0; i < Steps && queue.Reader.TryRead(out var step); i++)
            {
                switch (step)
                {
                    case Watching watch:
                        await PassOnAsync(watch);
                        break;
                    case WatchRequest request:
                        await HandleAsync(request);
                        handled.Release();
                        break;
                    default:
                        NotifyRound();
                        break;
                }
                if (call.Body.Length >= Piece) await call.FlushAsync();
            }
            TryProgress();
            if (call.Body.Length > 0) await call.FlushAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        call.CancelRead();
        foreach (var watch in watches.Values) await watch.Watcher.DisposeAsync();
        await Task.WhenAll(reading, ticking ?? Task.CompletedTask);
        ended.Dispose();
        handled.Dispose();
    }

    private async Task ReadRequestsAsync()
    {
        try
        {
            while (await call.ReadAsync(WatchRequest.Parser) is { } request)
            {
                queue.Writer.TryWrite(request);
                // One at a time: requests that nobody comes to stay with the client.
                await handled.WaitAsync(ended.Token);
            }
            queue.Writer.TryComplete();
        }
        catch (Exception e)
        {
            queue.Writer.TryComplete(e);
        }
    }

    private async ValueTask HandleAsync(WatchRequest request)
    {
        switch (request.RequestUnionCase)
        {
            case WatchRequest.RequestUnionOneofCase.CreateRequest:
                await CreateAsync(request.CreateRequest);
                break;
            case WatchRequest.RequestUnionOneofCase.CancelRequest:
                if (!watches.Remove(request.CancelRequest.WatchId, out var watch)) break;
                await watch.Watcher.DisposeAsync();
                Write(new() { Header = Member.Header(store.Revision), WatchId = watch.Id, Canceled = true });
                break;
            case WatchRequest.RequestUnionOneofCase.ProgressRequest:
                progressWanted = store.WatchedRevision;
                break;
        }
    }

    private async ValueTask CreateAsync(WatchCreateRequest request)
    {
        // etcd: no key means from the first one on.
        var key = request.Key.Length == 0 ? [0] : request.Key.Array();
        var end = request.RangeEnd.End();
        var id = request.WatchId;
        string? refused = null;
        if (id != 0 && watches.ContainsKey(id)) refused = "mvcc: duplicate watch ID provided on the WatchStream";
        if (watches.Count >= options.WatchesPerStream) refused = $"etcdserver: too many watches on one stream: at most {options.WatchesPerStream}";
        if (end is not null and not [0] && key.AsSpan().SequenceCompareTo(end) >= 0) refused = "mvcc: watcher range is empty";
        if (refused is not null)
        {
            Write(new() { Header = Member.Header(store.Revision), WatchId = NoWatch, Created = true, Canceled = true, CancelReason = refused });
            return;
        }
        var query = new WatchQuery(key, end, Math.Max(0, request.StartRevision));
        StoreWatcher watcher;
        try
        {
            watcher = await store.WatchAsync(query, ended.Token);
        }
        catch (StorageException e) when (e.Failure == StorageFailure.LimitExceeded)
        {
            // The other watches of the stream go on.
            Write(new() { Header = Member.Header(store.Revision), WatchId = NoWatch, Created = true, Canceled = true, CancelReason = $"etcdserver: {e.Message}" });
            return;
        }
        // One that was refused has taken no number.
        if (id == 0)
        {
            while (watches.ContainsKey(nextId)) nextId++;
            id = nextId++;
        }
        var watch = new Watching(id, request, query, watcher, ready => queue.Writer.TryWrite(ready));
        watches.Add(id, watch);
        Write(new() { Header = Member.Header(watcher.CreatedAt), WatchId = id, Created = true });
        watch.Listen();
        if (watch.ProgressNotify) ticking ??= TickAsync();
    }

    private async ValueTask PassOnAsync(Watching watch)
    {
        watch.Attend();
        // Cancelled while it stood in the queue.
        if (!watches.TryGetValue(watch.Id, out var known) || known != watch) return;
        var watcher = watch.Watcher;
        if (!watcher.TryTake(out var changes)) return;
        if (changes.Count == 0)
        {
            await EndAsync(watch);
            return;
        }
        foreach (var batch in WatchBatches.Of(watch, changes, options.RequestBytes))
        {
            watch.Active = true;
            WatchAnswer.Write(call.Body, watch, changes, batch);
            if (call.Body.Length >= Piece) await call.FlushAsync();
        }
        watch.Next = changes[^1].Revision + 1;
        watcher.Settle();
        // One that is catching up comes again, behind the others.
        if (!watcher.CaughtUp) watch.Signal();
    }

    /// <summary>The watcher has ended: goes on with another one, or tells the client.</summary>
    private async ValueTask EndAsync(Watching watch)
    {
        var old = watch.Watcher;
        switch (old.End)
        {
            case WatchEnd.Slow:
                // etcd never ends a slow watch but lets it catch up from the history, at the client's pace.
                watch.Continue(await store.WatchAsync(watch.Rest, ended.Token));
                break;
            case WatchEnd.Compacted:
                watches.Remove(watch.Id);
                Write(new() { Header = Member.Header(store.Revision), WatchId = watch.Id, Canceled = true, CompactRevision = old.CompactRevision });
                break;
            default:
                throw new StorageException(StorageFailure.Closed, "the store is closed");
        }
        await old.DisposeAsync();
    }

    /// <summary>Answers the open progress request if every watch is far enough; one that is not has something to take, and so stands in the queue.</summary>
    private void TryProgress()
    {
        if (progressWanted == 0) return;
        var revision = store.WatchedRevision;
        foreach (var watch in watches.Values) revision = Math.Min(revision, watch.Watcher.Settled);
        if (revision < progressWanted) return;
        progressWanted = 0;
        Write(new() { Header = Member.Header(revision), WatchId = NoWatch });
    }

    private async Task TickAsync()
    {
        try
        {
            using var timer = new PeriodicTimer(options.ProgressInterval, time);
            while (await timer.WaitForNextTickAsync(ended.Token)) queue.Writer.TryWrite(Tick);
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>Tells quiet watches the revision, all of one stream with one timer.</summary>
    private void NotifyRound()
    {
        foreach (var watch in watches.Values)
        {
            if (!watch.ProgressNotify) continue;
            if (watch.Active)
            {
                watch.Active = false;
                continue;
            }
            var revision = watch.Watcher.Settled;
            if (revision > 0 && revision >= watch.Next - 1) Write(new() { Header = Member.Header(revision), WatchId = watch.Id });
        }
    }

    private void Write(WatchResponse response) => GrpcFrames.Write(call.Body, response);
}
