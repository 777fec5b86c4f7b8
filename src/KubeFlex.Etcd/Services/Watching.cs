using KubeFlex.Etcd.Protocol;
using KubeFlex.Storage;
using Filter = KubeFlex.Etcd.Protocol.WatchCreateRequest.Types.FilterType;

namespace KubeFlex.Etcd.Services;

/// <summary>One watch of a stream: its request and its watcher in the storage. Touched by the stream's loop alone, but for <see cref="Signal"/>.</summary>
internal sealed class Watching(long id, WatchCreateRequest request, WatchQuery query, StoreWatcher watcher, Action<Watching> ready)
{
    private readonly bool puts = !request.Filters.Contains(Filter.Noput), deletes = !request.Filters.Contains(Filter.Nodelete);
    private int signalled;

    public long Id { get; } = id;

    public bool ProgressNotify { get; } = request.ProgressNotify;

    public bool Fragment { get; } = request.Fragment;

    public bool PreviousValues { get; } = request.PrevKv;

    /// <summary>First revision that the client has not got.</summary>
    public long Next { get; set; } = request.StartRevision > 0 ? request.StartRevision : watcher.CreatedAt + 1;

    /// <summary>It has got something since the last round of progress notifications.</summary>
    public bool Active { get; set; }

    public StoreWatcher Watcher { get; private set; } = watcher;

    /// <summary>What is still to come.</summary>
    public WatchQuery Rest => query with { StartRevision = Next };

    /// <summary>Whether the client wants it.</summary>
    public bool Wants(StoreEvent change) => change.Kind == EventKind.Delete ? deletes : puts;

    /// <summary>From now on the stream hears of what comes, and at once of what is there.</summary>
    public void Listen() => Watcher.OnReady(Signal);

    /// <summary>Goes on with another watcher.</summary>
    public void Continue(StoreWatcher next)
    {
        Watcher = next;
        Listen();
    }

    /// <summary>Puts it into the stream's queue, unless it waits there already.</summary>
    public void Signal()
    {
        if (Interlocked.Exchange(ref signalled, 1) == 0) ready(this);
    }

    /// <summary>The stream has come to it. Before looking: what arrives later signals again.</summary>
    public void Attend() => Volatile.Write(ref signalled, 0);
}
