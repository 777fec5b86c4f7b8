namespace KubeFlex.History.Checking;

/// <summary>A key's content at some revision.</summary>
public sealed record Entry(string Value, long Create, long Mod, long Version, long Lease = 0);

/// <summary>A key with its content, as ranges return it.</summary>
public sealed record Item(string Key, Entry Entry);

/// <summary>One step of a transaction. Values that are put are unique in a history: by them a write is known again.</summary>
public abstract record Step(string Key);

public sealed record Put(string Key, string Value, long Lease = 0) : Step(Key);

public sealed record Remove(string Key) : Step(Key);

public sealed record Get(string Key) : Step(Key);

/// <summary>The key's mod revision (or its version) must be this one; 0: it must be absent. <paramref name="Value"/> is what its client had read with it.</summary>
public sealed record Condition(string Key, long Number, string? Value, bool ByVersion = false)
{
    public bool Holds(Entry? entry) => Number == (entry is null ? 0 : ByVersion ? entry.Version : entry.Mod);
}

/// <summary>What a client asked for.</summary>
public abstract record Request;

public sealed record Transaction(IReadOnlyList<Condition> If, IReadOnlyList<Step> Then, IReadOnlyList<Step> Else) : Request
{
    public Transaction(params Step[] steps) : this([], steps, []) { }

    public bool Writes => Then.Any(step => step is not Get) || Else.Any(step => step is not Get);
}

/// <summary>A key (<paramref name="End"/> null) or a range of keys, at a revision or (0) the newest.</summary>
public sealed record Read(string Key, string? End = null, long Revision = 0, long Limit = 0, bool CountOnly = false) : Request;

/// <summary>Asks what the newest revision is: a progress request of a watch, for example.</summary>
public sealed record AskRevision : Request;

public sealed record Compaction(long Revision) : Request;

public sealed record LeaseGrant(long Ttl) : Request;

public sealed record LeaseRevoke(long Id) : Request;

/// <summary>How it ended.</summary>
public enum Outcome
{
    /// <summary>Answered.</summary>
    Done,
    /// <summary>Refused: it did not happen.</summary>
    Refused,
    /// <summary>Nobody knows whether it happened: the connection broke, or time was up.</summary>
    Unknown,
    /// <summary>Refused since the revision is compacted.</summary>
    Compacted,
}

/// <summary>An answer and the revision in its header.</summary>
public record Answer(long Revision);

/// <summary>One result per executed step: what a <see cref="Get"/> found, how many keys a <see cref="Remove"/> removed.</summary>
public sealed record TransactionAnswer(long Revision, bool Succeeded, IReadOnlyList<StepAnswer> Steps) : Answer(Revision);

public sealed record StepAnswer(Entry? Found = null, long Removed = 0);

public sealed record ReadAnswer(long Revision, IReadOnlyList<Item> Items, long Count, bool More) : Answer(Revision);

public sealed record LeaseAnswer(long Revision, long Id) : Answer(Revision);

/// <summary>A request with its times (of one clock); <see cref="long.MaxValue"/> for one that was never answered.</summary>
public sealed record Call(int Client, long Invoked, long Returned, Request Request, Outcome Outcome, Answer? Answer = null)
{
    public override string ToString() => $"client {Client} [{Invoked}, {(Returned == long.MaxValue ? "?" : $"{Returned}")}] {Words.Of(Request)} {Outcome}{(Answer is null ? "" : $" at {Answer.Revision}")}";
}

/// <summary>A change as a watch told it; <paramref name="Now"/> null: deleted.</summary>
public sealed record Change(long Revision, string Key, Entry? Now, Entry? Before, long Received = 0);

/// <summary>Something that came out of a watch: a change, or (null) the claim that everything up to <paramref name="Revision"/> has come.</summary>
public sealed record Delivery(long Revision, Change? Change);

/// <summary>One connection of a watch.</summary>
/// <param name="From">First revision that was asked for.</param>
/// <param name="Invoked">When it was asked for.</param>
/// <param name="Created">Revision of the answer to that, or 0.</param>
/// <param name="Deliveries">What came.</param>
/// <param name="AfterCompaction">The one before ended since its revision was compacted: it need not go on where that one stood.</param>
public sealed record WatchSession(long From, long Invoked, long Created, List<Delivery> Deliveries, bool AfterCompaction = false);

/// <summary>A watch with all its connections. <paramref name="End"/> null: one key. <paramref name="Previous"/>: it asked for previous values.</summary>
public sealed record WatchLog(string Name, string Key, string? End, bool Previous, List<WatchSession> Sessions)
{
    public bool Contains(string key) => End is null ? key == Key : string.CompareOrdinal(key, Key) >= 0 && string.CompareOrdinal(key, End) < 0;
}

/// <summary>
/// Everything that clients did and saw. <paramref name="Witness"/> is a watch of all keys from the first revision on: the order of writes that the
/// store claims, against which everything else is checked.
/// </summary>
/// <param name="KeptRevisions">So many last revisions must be readable unless a client compacted them.</param>
public sealed record RecordedHistory(IReadOnlyList<Call> Calls, IReadOnlyList<WatchLog> Watches, WatchLog Witness, long KeptRevisions = 1_000);

/// <summary>Requests in words, for reports.</summary>
internal static class Words
{
    public static string Of(Request request) => request switch
    {
        Transaction txn => $"txn if [{string.Join(", ", txn.If.Select(c => $"{c.Key}@{c.Number}"))}] then [{Of(txn.Then)}] else [{Of(txn.Else)}]",
        _ => request.ToString() ?? "",
    };

    public static string Of(IEnumerable<Step> steps) => string.Join(", ", steps.Select(step => step switch
    {
        Put put => $"put {put.Key}={put.Value}",
        Remove remove => $"remove {remove.Key}",
        _ => $"get {step.Key}",
    }));
}
