namespace KubeFlex.Storage;

/// <summary>How a datastore behaves.</summary>
public sealed record DatastoreOptions
{
    /// <summary>Clock, for tests.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>History younger than this is kept: upstream's API server compacts every five minutes, and clients' continue tokens count on it.</summary>
    public TimeSpan HistoryAge { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>So many last revisions are kept whatever their age, so that a quiet store's watchers can come back after a long time.</summary>
    public int HistoryRevisions { get; init; } = 1_000;

    /// <summary>Past so many changes their age no longer protects them: history lives in memory.</summary>
    public int HistoryLimit { get; init; } = 200_000;

    /// <summary>Past so many bytes of keys and values the age of history no longer protects it.</summary>
    public long HistoryBytes { get; init; } = 256L << 20;

    /// <summary>A store without watchers that nobody asked for so long drops its index and reads it back on the next request; zero for never.</summary>
    public TimeSpan HibernateAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Changes that wait for a slow watcher before it is ended; one batch of a commit may come on top.</summary>
    public int WatchBufferEvents { get; init; } = 10_000;

    /// <summary>Bytes of keys and values that wait for a slow watcher before it is ended. They are shared with the index while it keeps them.</summary>
    public long WatchBufferBytes { get; init; } = 64L << 20;

    /// <summary>Operations and comparisons of one transaction, nested ones included; etcd's default is 128, our own callers may write larger ones.</summary>
    public int TransactionOperations { get; init; } = 10_000;

    /// <summary>Bytes of one transaction. Larger than an API request may be (3 MiB), since stored objects carry managed fields.</summary>
    public int TransactionBytes { get; init; } = 16 << 20;

    /// <summary>Bytes of transactions that wait for the committer before new ones are refused: a bound on memory when the disk stalls.</summary>
    public long QueuedBytes { get; init; } = 256L << 20;

    /// <summary>
    /// Bytes of one store's live keys and values, and 150 for each key, which are in memory while it is in use; past them only what makes it smaller is taken. etcd's default quota.
    /// </summary>
    public long StoreBytes { get; init; } = 2L << 30;

    /// <summary>Watches of one store.</summary>
    public int Watches { get; init; } = 100_000;

    /// <summary>Leases of one store.</summary>
    public int Leases { get; init; } = 100_000;

    /// <summary>Told of failures that have no caller to answer: background removal of rows, a listener that throws.</summary>
    public Action<string, Exception?>? Warn { get; init; }

    /// <summary>
    /// With it, this server is one of several on a database (PostgreSQL): it takes only stores whose owner is gone, and serves them as long as it can
    /// prove that they are its own. Without it, opening a store takes it from whoever has it.
    /// </summary>
    public MembershipOptions? Membership { get; init; }

    internal void Validate()
    {
        List<string> wrong = [];
        if (HistoryAge < TimeSpan.Zero) wrong.Add($"{nameof(HistoryAge)} must not be negative");
        if (HistoryRevisions < 0) wrong.Add($"{nameof(HistoryRevisions)} must not be negative");
        if (HistoryLimit < 1) wrong.Add($"{nameof(HistoryLimit)} must be positive");
        if (HistoryBytes < 1) wrong.Add($"{nameof(HistoryBytes)} must be positive");
        if (HibernateAfter < TimeSpan.Zero) wrong.Add($"{nameof(HibernateAfter)} must not be negative");
        if (WatchBufferEvents < 1) wrong.Add($"{nameof(WatchBufferEvents)} must be positive");
        if (WatchBufferBytes < 1) wrong.Add($"{nameof(WatchBufferBytes)} must be positive");
        if (TransactionOperations < 1) wrong.Add($"{nameof(TransactionOperations)} must be positive");
        if (TransactionBytes < 1) wrong.Add($"{nameof(TransactionBytes)} must be positive");
        if (StoreBytes < 1) wrong.Add($"{nameof(StoreBytes)} must be positive");
        if (Watches < 1) wrong.Add($"{nameof(Watches)} must be positive");
        if (Leases < 0) wrong.Add($"{nameof(Leases)} must not be negative");
        if (QueuedBytes < TransactionBytes) wrong.Add($"{nameof(QueuedBytes)} must not be smaller than {nameof(TransactionBytes)}");
        if (Membership is { } membership && membership.Lease < TimeSpan.FromSeconds(1)) wrong.Add($"{nameof(Membership)}.{nameof(membership.Lease)} must be at least a second");
        if (wrong.Count > 0) throw new ArgumentException("datastore options: " + string.Join("; ", wrong));
    }
}
