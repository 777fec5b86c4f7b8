namespace KubeFlex.Storage.Dialects.Sqlite;

/// <summary>Runs small steps on a thread of its own until none is left or one fails: databases block, and the pool's few threads belong to requests.</summary>
/// <param name="step">Answers whether there may be more to do.</param>
internal sealed class JournalMover(Func<bool> step) : IDisposable
{
    private readonly Lock gate = new();
    private Task? running;
    private volatile bool stopping;

    /// <summary>Goes on, unless it does already.</summary>
    public void Start()
    {
        lock (gate)
        {
            if (running is { IsCompleted: false } || stopping) return;
            running = Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
    }

    /// <summary>Waits until all is done; throws what ended it before that.</summary>
    public void Wait() => running?.GetAwaiter().GetResult();

    /// <summary>Waits for the step in hand.</summary>
    public void Dispose()
    {
        lock (gate) stopping = true;
        try
        {
            running?.Wait();
        }
        catch (AggregateException)
        {
            // What it did not do is done after the next opening.
        }
    }

    private void Run()
    {
        while (!stopping && step()) { }
    }
}
