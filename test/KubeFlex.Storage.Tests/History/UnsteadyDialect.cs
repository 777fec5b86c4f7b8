using KubeFlex.Storage.Dialects;

namespace KubeFlex.Storage.Tests.History;

/// <summary>A database whose disk is slow now and then, or full; or (to test the judge) one that forgets.</summary>
internal sealed class UnsteadyDialect(IDialect inner, Random random) : IDialect
{
    private readonly SemaphoreSlim never = new(0);

    /// <summary>Milliseconds that a slow write takes at most.</summary>
    public int Slowest { get; init; } = 30;

    /// <summary>Writes in a thousand that fail; a store can always be opened.</summary>
    public int Failing { get; init; }

    /// <summary>Writes in a thousand that are reported durable and are not.</summary>
    public int Forgotten { get; set; }

    public bool Local => inner.Local;

    public IReadOnlyList<string> Stores() => inner.Stores();

    public IReadOnlyList<long> Dropped() => inner.Dropped();

    public void Load(long store, Action<KeyValue> row) => inner.Load(store, row);

    public void Write(WriteBatch batch)
    {
        if (random.Next(4) == 0) never.Wait(random.Next(Slowest));
        if (random.Next(1_000) < Failing && batch.Claims.Count == 0) throw new StorageException(StorageFailure.Unavailable, "no space left");
        if (random.Next(1_000) < Forgotten && batch.Claims.Count == 0) return;
        inner.Write(batch);
    }

    public void Interrupt() => inner.Interrupt();

    public long Size() => inner.Size();

    public void Dispose()
    {
        never.Dispose();
        inner.Dispose();
    }
}
