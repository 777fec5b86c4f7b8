namespace KubeFlex.Storage.Engine;

/// <summary>
/// A store's history and its watchers. A watcher that wants the past reads slices of the history at its own pace; once it has caught up it
/// joins the group of its range and the committer hands it what follows. The gate is held for slices and hand-over, never while anybody waits.
/// </summary>
internal sealed class WatchHub(CompactionMark compacted)
{
    /// <summary>Changes looked at in one go while catching up.</summary>
    private const int Slice = 2_000;

    private readonly Lock gate = new();
    private readonly List<WatchGroup> found = [];
    private Dictionary<KeyRange, WatchGroup>? groups;
    private RangeIndex? index;
    private History history = new();
    private bool closed;
    private long delivered;

    /// <summary>Up to this revision every joined watcher has in its buffer what concerns it.</summary>
    public long Delivered => Volatile.Read(ref delivered);

    /// <summary>As <see cref="Delivered"/>, and no smaller than any revision that a reader has seen: waits for a hand-over under way.</summary>
    public long Delivering()
    {
        lock (gate) return delivered;
    }

    /// <summary>Open watchers, joined or catching up.</summary>
    public int Watchers { get; private set; }

    /// <summary>Starts from what the log holds.</summary>
    public void Restore(History restored, long revision)
    {
        lock (gate)
        {
            history = restored;
            Volatile.Write(ref delivered, revision);
        }
    }

    /// <summary>Drops the history if nobody watches.</summary>
    public bool TryForget()
    {
        lock (gate)
        {
            if (Watchers > 0) return false;
            (history, groups, index) = (new(), null, null);
            return true;
        }
    }

    public (int Changes, long Bytes) Held()
    {
        lock (gate) return (history.Count, history.Bytes);
    }

    /// <summary>The newest revision of which at least so many changes follow and at most so many bytes: where a bounded history must begin.</summary>
    public long RevisionBefore(int changes, long bytes)
    {
        lock (gate)
        {
            var keep = Math.Min(changes, history.Count);
            var drop = history.Count - keep;
            var over = history.Bytes - bytes;
            for (var i = 0; i < history.Count - 1 && (i < drop || over > 0); i++)
            {
                over -= history[i].Key.Length + history[i].Value.Length;
                drop = Math.Max(drop, i + 1);
            }
            return drop == 0 || history.Count == 0 ? 0 : history[Math.Min(drop, history.Count - 1)].ModRevision;
        }
    }

    /// <summary>The oldest changes before a revision, for compaction to work on; they stay until <see cref="Publish"/> trims them.</summary>
    public List<KeyValue> Before(long revision, int most)
    {
        lock (gate)
        {
            var count = Math.Min(most, history.IndexOf(revision));
            var list = new List<KeyValue>(count);
            for (var i = 0; i < count; i++) list.Add(history[i]);
            return list;
        }
    }

    /// <summary>
    /// Takes durable changes over: <paramref name="show"/> makes them visible to readers, then watchers get them.
    /// Returns the changes as events when <paramref name="listened"/>.
    /// </summary>
    public List<StoreEvent>? Publish(List<KeyValue> changes, int trim, long revision, bool listened, Action show)
    {
        lock (gate)
        {
            foreach (var change in changes) history.Add(change);
            List<StoreEvent>? events = null;
            if (changes.Count > 0 && (listened || groups is not null))
            {
                events = new(changes.Count);
                foreach (var change in changes) events.Add(EventOf(change));
            }
            history.Trim(trim);
            show();
            if (events is not null && groups is not null) Deliver(events);
            Volatile.Write(ref delivered, revision);
            return listened ? events : null;
        }
    }

    /// <summary>Reads what <see cref="Publish"/> shows, all of one moment.</summary>
    public T Locked<T>(Func<T> read)
    {
        lock (gate) return read();
    }

    /// <summary>Registers a watcher; one that wants only the future joins at once.</summary>
    public void Add(StoreWatcher watcher)
    {
        lock (gate)
        {
            Watchers++;
            watcher.CreatedAt = delivered;
            if (closed) return;
            if (watcher.Next == 0) watcher.Next = delivered + 1;
            if (watcher.Next > delivered) Join(watcher);
        }
    }

    /// <summary>The next slice of history for a watcher that has not joined; it joins when it reaches the end.</summary>
    public List<StoreEvent> CatchUp(StoreWatcher watcher)
    {
        var events = new List<StoreEvent>();
        lock (gate)
        {
            if (closed || watcher.Removed)
            {
                watcher.Finish(WatchEnd.Closed);
                return events;
            }
            if (watcher.Next < compacted.Revision)
            {
                watcher.Finish(WatchEnd.Compacted, compacted.Revision);
                return events;
            }
            var at = history.IndexOf(watcher.Next);
            var stop = Math.Min(history.Count, at + Slice);
            while (stop > 0 && stop < history.Count && history[stop].ModRevision == history[stop - 1].ModRevision) stop++;
            for (; at < stop; at++)
            {
                if (watcher.Range.Contains(history[at].Key)) events.Add(EventOf(history[at]));
            }
            if (stop < history.Count) watcher.Next = history[stop].ModRevision;
            else
            {
                watcher.Next = Math.Max(watcher.Next, delivered + 1);
                Join(watcher);
            }
        }
        return events;
    }

    /// <summary>Forgets a watcher.</summary>
    public void Remove(StoreWatcher watcher)
    {
        lock (gate)
        {
            Watchers--;
            watcher.Removed = true;
            Leave(watcher);
        }
    }

    /// <summary>Ends all watches and refuses new ones.</summary>
    public void Close()
    {
        lock (gate)
        {
            closed = true;
            foreach (var watcher in groups?.Values.SelectMany(group => group.Watchers) ?? []) watcher.Finish(WatchEnd.Closed);
            (groups, index) = (null, null);
        }
    }

    private void Join(StoreWatcher watcher)
    {
        groups ??= [];
        if (!groups.TryGetValue(watcher.Range, out var group))
        {
            group = groups[watcher.Range] = new(watcher.Range);
            index = null;
        }
        group.Watchers.Add(watcher);
        watcher.Joined = true;
    }

    private void Leave(StoreWatcher watcher)
    {
        if (groups is null || !groups.TryGetValue(watcher.Range, out var group)) return;
        group.Watchers.Remove(watcher);
        if (group.Watchers.Count > 0) return;
        groups.Remove(watcher.Range);
        index = null;
        if (groups.Count == 0) groups = null;
    }

    private void Deliver(List<StoreEvent> events)
    {
        index ??= new(groups!.Values);
        List<StoreWatcher>? touched = null;
        foreach (var change in events)
        {
            found.Clear();
            index.Find(change.Current.Key, found);
            foreach (var group in found)
            {
                foreach (var watcher in group.Watchers)
                {
                    if (watcher.Stage(change)) (touched ??= []).Add(watcher);
                }
            }
        }
        if (touched is null) return;
        // Only whole batches become visible to readers, so that no reader sees half a revision.
        foreach (var watcher in touched)
        {
            if (!watcher.Release()) Leave(watcher);
        }
    }

    private static StoreEvent EventOf(KeyValue change) => change.Change ??=
        new(change.Deleted ? EventKind.Delete : EventKind.Put, change, change.Older is { Deleted: false } previous ? previous : null);
}
