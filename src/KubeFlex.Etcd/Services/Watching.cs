using KubeFlex.Etcd.Protocol;
using KubeFlex.Storage;

namespace KubeFlex.Etcd.Services;

/// <summary>One watch of a stream: its request, its watcher in the storage, and the loop that carries changes from there to the client.</summary>
internal sealed class Watching(long id, WatchCreateRequest request, WatchQuery query, StoreWatcher watcher) : IAsyncDisposable
{
    private readonly CancellationTokenSource ended = new();
    private StoreWatcher watcher = watcher;

    public long Id { get; } = id;

    public bool ProgressNotify => request.ProgressNotify;

    public bool Fragment => request.Fragment;

    /// <summary>First revision that the client has not got; 0 while nothing has come.</summary>
    public long Next { get; set; } = request.StartRevision;

    /// <summary>What is still to come.</summary>
    public WatchQuery Rest => query with { StartRevision = Next };

    /// <summary>It has got something since the last round of progress notifications.</summary>
    public bool Active { get; set; }

    public Task Pump { get; set; } = Task.CompletedTask;

    public CancellationToken Ended => ended.Token;

    public StoreWatcher Watcher
    {
        get => Volatile.Read(ref watcher);
        set => Volatile.Write(ref watcher, value);
    }

    /// <summary>The event for the client, or null when its filters leave it out.</summary>
    public Event? Message(StoreEvent change)
    {
        var delete = change.Kind == EventKind.Delete;
        if (request.Filters.Contains(delete ? WatchCreateRequest.Types.FilterType.Nodelete : WatchCreateRequest.Types.FilterType.Noput)) return null;
        var message = new Event { Type = delete ? Event.Types.EventType.Delete : Event.Types.EventType.Put };
        // A deletion has its key and its revision, and nothing else.
        message.Kv = delete ? new() { Key = Wire.Bytes(change.Current.Key), ModRevision = change.Revision } : change.Current.Message();
        if (request.PrevKv && change.Previous is { } previous) message.PrevKv = previous.Message();
        return message;
    }

    /// <summary>Stops the loop and the watcher.</summary>
    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        await Pump;
        await Watcher.DisposeAsync();
        ended.Dispose();
    }
}
