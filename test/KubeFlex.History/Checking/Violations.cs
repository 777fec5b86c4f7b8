namespace KubeFlex.History.Checking;

/// <summary>What can be wrong with a history.</summary>
public enum Wrong
{
    /// <summary>The store's own order of changes has a hole, goes back, or tells a key twice in one revision.</summary>
    RevisionOrder,
    /// <summary>A change's create revision, mod revision or version does not follow from the changes before it.</summary>
    Content,
    /// <summary>An acknowledged write is not there.</summary>
    LostWrite,
    /// <summary>Only a part of a transaction is there, or more than it asked for.</summary>
    HalfWrite,
    /// <summary>A change that nobody asked for.</summary>
    PhantomWrite,
    /// <summary>A change of a request that was refused.</summary>
    RefusedWrite,
    /// <summary>One request happened twice, or one revision belongs to two requests.</summary>
    DoubleWrite,
    /// <summary>A transaction took the wrong branch, or its steps answered wrongly.</summary>
    WrongBranch,
    /// <summary>A read does not show the state of its revision.</summary>
    WrongRead,
    /// <summary>Something that began after another had ended is ordered before it: a stale read, a revision that went back.</summary>
    RealTime,
    /// <summary>Said to be compacted though nobody compacted it.</summary>
    NotCompacted,
    /// <summary>A watch left a change out.</summary>
    WatchMissed,
    /// <summary>A watch told a change twice.</summary>
    WatchRepeated,
    /// <summary>A watch told changes out of order, or one of keys that are not its own.</summary>
    WatchOrder,
    /// <summary>A watch told a change with another content or another previous content.</summary>
    WatchContent,
    /// <summary>A progress notification claimed what had not been delivered.</summary>
    WatchProgress,
    /// <summary>A lease ended too early, or took only some of its keys.</summary>
    Lease,
    /// <summary>No order of one key's requests explains what clients saw.</summary>
    NotLinearizable,
}

/// <summary>Something wrong, in words.</summary>
public sealed record Violation(Wrong Kind, string Text)
{
    public override string ToString() => $"{Kind}: {Text}";
}

/// <summary>Collects violations; a broken history has thousands, and the first ones tell.</summary>
public sealed class Report
{
    private const int Most = 100;

    private readonly List<Violation> violations = [];

    public IReadOnlyList<Violation> Violations => violations;

    /// <summary>All of them, those not kept included.</summary>
    public int Count { get; private set; }

    public void Add(Wrong kind, string text)
    {
        Count++;
        // Of each kind some, so that many of one do not hide another.
        if (violations.Count(violation => violation.Kind == kind) < Most) violations.Add(new(kind, text));
    }

    public override string ToString() => Count == 0 ? "no violations" : $"{Count} violations\n{string.Join('\n', violations.Take(20))}";
}
