using KubeFlex.Storage.Engine;

namespace KubeFlex.Storage;

/// <summary>A running watch: holds no thread and no timer. One reader at a time.</summary>
public sealed class StoreWatcher : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly WatchHub hub;
    private readonly DatastoreOptions options;
    private List<StoreEvent>? staged;
    private List<StoreEvent>? buffer;
    private long buffered;
    private TaskCompletionSource? waiter;
    private Action? ready;
    private WatchEnd end;
    private long progress;
    private bool disposed;
    private bool inHand;
    private long settled;

    internal StoreWatcher(WatchHub hub, DatastoreOptions options, WatchQuery query)
    {
        (this.hub, this.options) = (hub, options);
        Range = new(query.Key, query.End);
        Next = query.StartRevision;
    }

    /// <summary>Why it ended, once <see cref="ReadAsync"/> has returned an empty list.</summary>
    public WatchEnd End
    {
        get
        {
            lock (gate) return buffer is null ? end : WatchEnd.None;
        }
    }

    /// <summary>After <see cref="WatchEnd.Compacted"/>: the oldest revision that can still be watched.</summary>
    public long CompactRevision { get; private set; }

    /// <summary>Everything up to this revision has been delivered: what a progress notification or bookmark may claim.</summary>
    public long Progress
    {
        get
        {
            // Read before the buffer: what the hub claims here was in the buffer, if it concerns this watch, before it claimed it.
            var delivered = hub.Delivered;
            lock (gate)
            {
                if (Joined && buffer is null && end == WatchEnd.None) progress = Math.Max(progress, delivered);
                return progress;
            }
        }
    }

    /// <summary>Revision of the store when the watch was registered: the next change is the first that a watch without start revision delivers.</summary>
    public long CreatedAt { get; internal set; }

    /// <summary>
    /// As <see cref="Progress"/>, but what <see cref="ReadAsync"/> returned counts only after <see cref="Settle"/>: what somebody beside the reader may
    /// claim to a client.
    /// </summary>
    public long Settled
    {
        get
        {
            var delivered = hub.Delivered;
            lock (gate)
            {
                if (Joined && buffer is null && !inHand && end == WatchEnd.None) settled = Math.Max(settled, Math.Max(progress, delivered));
                return settled;
            }
        }
    }

    /// <summary>The reader has passed on what it got last.</summary>
    public void Settle()
    {
        lock (gate) (inHand, settled) = (false, Math.Max(settled, progress));
    }

    /// <summary>What it watches.</summary>
    internal KeyRange Range { get; }

    /// <summary>First revision that it has not got; guarded by the hub.</summary>
    internal long Next { get; set; }

    /// <summary>It has caught up: the committer hands it what follows.</summary>
    internal bool Joined { get; set; }

    /// <summary>Disposed: must not join any more; guarded by the hub.</summary>
    internal bool Removed { get; set; }

    /// <summary>Waits for changes and returns all that are there, in order; never splits the changes of one revision. Empty when the watch has ended.</summary>
    public async ValueTask<IReadOnlyList<StoreEvent>> ReadAsync(CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            if (Take(out var waiting, wait: true) is { } changes) return changes;
            await waiting!.WaitAsync(cancellation);
        }
    }

    /// <summary>
    /// For who serves many watches with one loop: <paramref name="signal"/> is called whenever <see cref="TryTake"/> may have something, and once now. It runs
    /// on the committer's thread and must neither wait nor throw.
    /// </summary>
    public void OnReady(Action signal)
    {
        lock (gate) ready = signal;
        signal();
    }

    /// <summary>As <see cref="ReadAsync"/>, without waiting: false when nothing is there.</summary>
    public bool TryTake(out IReadOnlyList<StoreEvent> changes)
    {
        var taken = Take(out _, wait: false);
        changes = taken ?? [];
        return taken is not null;
    }

    /// <summary>Nothing is there to take, and what comes will be signalled.</summary>
    public bool CaughtUp
    {
        get
        {
            lock (gate) return Joined && buffer is null && end == WatchEnd.None;
        }
    }

    private List<StoreEvent>? Take(out Task? waiting, bool wait)
    {
        waiting = null;
        while (true)
        {
            lock (gate)
            {
                if (buffer is { } all)
                {
                    (buffer, buffered, inHand) = (null, 0, true);
                    progress = Math.Max(progress, all[^1].Revision);
                    return all;
                }
                if (end != WatchEnd.None) return [];
                if (Joined)
                {
                    if (wait) waiting = (waiter ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
                    return null;
                }
                // Before it joins, since from then on it looks idle.
                inHand = true;
            }
            var past = hub.CatchUp(this);
            lock (gate)
            {
                progress = Math.Max(progress, Math.Min(Next - 1, hub.Delivered));
                if (past.Count == 0) inHand = false;
            }
            if (past.Count > 0) return past;
        }
    }

    /// <summary>Ends the watch.</summary>
    public ValueTask DisposeAsync()
    {
        lock (gate)
        {
            if (disposed) return ValueTask.CompletedTask;
            disposed = true;
        }
        hub.Remove(this);
        Finish(WatchEnd.Closed);
        return ValueTask.CompletedTask;
    }

    /// <summary>The committer sets a change aside; true for the first of a batch. Under the hub's gate.</summary>
    internal bool Stage(StoreEvent change)
    {
        if (change.Revision < Next) return false;
        var first = staged is null;
        (staged ??= []).Add(change);
        return first;
    }

    /// <summary>The batch is complete: the reader may have it. False when the reader is too slow and the watch ends. Under the hub's gate.</summary>
    internal bool Release()
    {
        TaskCompletionSource? wake;
        Action? tell;
        lock (gate)
        {
            var batch = staged!;
            staged = null;
            Next = batch[^1].Revision + 1;
            if (buffer is not null && (buffer.Count >= options.WatchBufferEvents || buffered >= options.WatchBufferBytes))
            {
                // The reader still gets what was whole before; nothing can be waiting, since the buffer is not empty.
                end = WatchEnd.Slow;
                return false;
            }
            foreach (var change in batch) buffered += change.Current.Key.Length + change.Current.Value.Length;
            if (buffer is null) buffer = batch;
            else buffer.AddRange(batch);
            (wake, waiter, tell) = (waiter, null, ready);
        }
        wake?.TrySetResult();
        tell?.Invoke();
        return true;
    }

    /// <summary>Ends the watch for a reason; the first one stays.</summary>
    internal void Finish(WatchEnd reason, long compactRevision = 0)
    {
        TaskCompletionSource? wake;
        Action? tell;
        lock (gate)
        {
            if (end == WatchEnd.None) (end, CompactRevision) = (reason, compactRevision);
            (wake, waiter, tell) = (waiter, null, ready);
        }
        wake?.TrySetResult();
        tell?.Invoke();
    }
}
