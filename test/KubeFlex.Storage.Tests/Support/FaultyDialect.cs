using KubeFlex.Storage.Dialects;

namespace KubeFlex.Storage.Tests.Support;

/// <summary>A database that waits and fails on demand.</summary>
internal sealed class FaultyDialect(IDialect inner) : IDialect
{
    private readonly SemaphoreSlim held = new(0);
    private volatile bool holding;
    private int writing;

    /// <summary>The next write, and only that one, fails with this.</summary>
    public Exception? Failure { get; set; }

    /// <summary>These parts of every batch fail, and the rest does not.</summary>
    public Predicate<StoreWrites> Refused { get; set; } = _ => false;

    /// <summary>Transactions per commit so far.</summary>
    public List<int> Batches { get; } = [];

    /// <summary>A write has begun and waits.</summary>
    public TaskCompletionSource Waiting { get; private set; } = new();

    public void Hold() => (holding, Waiting) = (true, new(TaskCreationOptions.RunContinuationsAsynchronously));

    public void Release()
    {
        holding = false;
        held.Release();
    }

    public bool Local => inner.Local;

    public IReadOnlyList<string> Stores() => inner.Stores();

    public IReadOnlyList<long> Dropped() => inner.Dropped();

    public void Load(long store, Action<KeyValue> row) => inner.Load(store, row);

    /// <summary>Two writes at once: that must never be.</summary>
    public bool Overlapped { get; private set; }

    public void Write(WriteBatch batch)
    {
        Overlapped |= Interlocked.Increment(ref writing) > 1;
        try
        {
            WriteAlone(batch);
        }
        finally
        {
            Interlocked.Decrement(ref writing);
        }
    }

    private void WriteAlone(WriteBatch batch)
    {
        Batches.Add(batch.Stores.Sum(store => store.Changes.Count));
        if (holding)
        {
            Waiting.TrySetResult();
            held.Wait();
        }
        if (Failure is { } failure)
        {
            Failure = null;
            throw failure;
        }
        var refused = batch.Stores.FindAll(Refused);
        foreach (var store in refused) store.Failure = new(StorageFailure.Unavailable, "no room for it");
        batch.Stores.RemoveAll(Refused);
        inner.Write(batch);
        batch.Stores.AddRange(refused);
    }

    public void Interrupt() => inner.Interrupt();

    public long Size() => inner.Size();

    public void Dispose() => inner.Dispose();
}
