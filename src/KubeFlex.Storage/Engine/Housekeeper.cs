namespace KubeFlex.Storage.Engine;

/// <summary>The datastore's one timer: forgets old history and puts quiet stores to sleep. Not armed while every store sleeps.</summary>
internal sealed class Housekeeper : IDisposable
{
    private readonly DatastoreOptions options;
    private readonly Func<IReadOnlyList<Store>> stores;
    private readonly TimeSpan pause;
    private readonly ITimer timer;
    private int armed;

    public Housekeeper(DatastoreOptions options, Func<IReadOnlyList<Store>> stores)
    {
        (this.options, this.stores) = (options, stores);
        pause = options.HistoryAge / 10;
        if (options.HibernateAfter > TimeSpan.Zero && options.HibernateAfter / 4 < pause) pause = options.HibernateAfter / 4;
        if (pause < TimeSpan.FromSeconds(1)) pause = TimeSpan.FromSeconds(1);
        timer = options.Time.CreateTimer(_ => Round(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Wake()
    {
        if (Volatile.Read(ref armed) == 0 && Interlocked.Exchange(ref armed, 1) == 0) timer.Change(pause, Timeout.InfiniteTimeSpan);
    }

    public void Dispose() => timer.Dispose();

    private void Round()
    {
        Volatile.Write(ref armed, 0);
        var now = options.Time.GetTimestamp();
        var more = false;
        foreach (var store in stores()) more |= store.KeepHouse(now);
        if (more) Wake();
    }
}
