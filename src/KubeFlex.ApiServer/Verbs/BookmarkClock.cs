namespace KubeFlex.ApiServer.Verbs;

/// <summary>One coarse timer for the bookmarks of all watches of the process; it runs only while somebody watches.</summary>
internal sealed class BookmarkClock(TimeProvider time)
{
    // Upstream sends a bookmark roughly every minute.
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private readonly HashSet<WatchStream> streams = [];
    private ITimer? timer;

    public void Add(WatchStream stream)
    {
        lock (gate)
        {
            streams.Add(stream);
            timer ??= time.CreateTimer(_ => Tick(), null, Period, Period);
        }
    }

    public void Remove(WatchStream stream)
    {
        lock (gate)
        {
            streams.Remove(stream);
            if (streams.Count > 0) return;
            timer?.Dispose();
            timer = null;
        }
    }

    private void Tick()
    {
        WatchStream[] all;
        lock (gate) all = [.. streams];
        foreach (var stream in all) _ = stream.TryBookmarkAsync();
    }
}
