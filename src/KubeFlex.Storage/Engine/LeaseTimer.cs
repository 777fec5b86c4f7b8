namespace KubeFlex.Storage.Engine;

/// <summary>The datastore's one timer for leases: armed for the earliest end among all stores, not armed without leases.</summary>
internal sealed class LeaseTimer : IDisposable
{
    // Many ends close to each other make one round; etcd looks every half second.
    private const long Shortest = 50;
    private const long Longest = 24 * 3600 * 1000;

    private readonly Lock gate = new();
    private readonly TimeProvider time;
    private readonly Func<IReadOnlyList<Store>> stores;
    private readonly long start;
    private readonly ITimer timer;
    private long due = long.MaxValue;

    public LeaseTimer(TimeProvider time, Func<IReadOnlyList<Store>> stores)
    {
        (this.time, this.stores, start) = (time, stores, time.GetTimestamp());
        timer = time.CreateTimer(_ => Round(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Milliseconds since the datastore was opened: a clock that nobody sets back.</summary>
    public long Now => (long)time.GetElapsedTime(start).TotalMilliseconds;

    /// <summary>Sees to it that a round comes at a deadline or soon after it.</summary>
    public void Arm(long deadline)
    {
        lock (gate)
        {
            if (deadline >= due) return;
            due = deadline;
            timer.Change(TimeSpan.FromMilliseconds(Math.Clamp(deadline - Now, Shortest, Longest)), Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose() => timer.Dispose();

    private void Round()
    {
        lock (gate) due = long.MaxValue;
        var next = long.MaxValue;
        foreach (var store in stores()) next = Math.Min(next, store.EndLeases(Now));
        Arm(next);
    }
}
