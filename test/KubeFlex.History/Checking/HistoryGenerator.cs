namespace KubeFlex.History.Checking;

/// <summary>
/// Makes valid histories: clients of an imaginary store, each with one request at a time that takes effect at one instant between its beginning and its
/// end. Some answers get lost, before or after the effect; watches break off and go on. What it makes must pass, and fail once something is planted.
/// </summary>
public sealed class HistoryGenerator(int seed, int steps = 600, int clients = 6, int keyCount = 8)
{
    private const int LeaseTtl = 40;

    private readonly Random random = new(seed);
    private readonly SortedDictionary<string, Entry> state = new(StringComparer.Ordinal);
    private readonly List<Call> calls = [];
    private readonly List<Change> log = [];
    private readonly Dictionary<long, SortedDictionary<string, Entry>> past = [];
    private long revision = 1;
    private long now;
    private long compacted;
    private long lease;
    private long leaseEnds;

    public RecordedHistory Make()
    {
        past[1] = [];
        var open = new (Request Request, long Invoked, Answer? Answer, bool Applied, bool Gone)?[clients];
        for (var i = 0; i < steps; i++)
        {
            now++;
            if (lease != 0 && now >= leaseEnds) EndLease();
            var client = random.Next(clients);
            if (open[client] is not { } pending) open[client] = (Ask(), now, null, false, false);
            else if (!pending.Applied && random.Next(20) == 0) Finish(client, Outcome.Unknown, null);
            else if (!pending.Applied)
            {
                var (answer, gone) = Apply(pending.Request);
                open[client] = pending with { Answer = answer, Applied = true, Gone = gone };
            }
            else if (random.Next(15) == 0) Finish(client, Outcome.Unknown, null);
            else Finish(client, pending.Gone ? Outcome.Compacted : Outcome.Done, pending.Answer);
        }
        for (var client = 0; client < clients; client++)
        {
            if (open[client] is not null) Finish(client, Outcome.Unknown, null);
        }
        return new(calls, [Watch("all", "k", "l", true), Watch("some", "k2", "k5", false), Watch("one", "k1", null, true), Watch("events", "e", "f", true)], Witness());

        void Finish(int client, Outcome outcome, Answer? answer)
        {
            var pending = open[client]!.Value;
            calls.Add(new(client, pending.Invoked, outcome == Outcome.Unknown ? long.MaxValue : now, pending.Request, outcome, answer));
            open[client] = null;
        }
    }

    private string Key() => $"k{random.Next(keyCount)}";

    private string Value() => $"v{calls.Count}-{now}-{random.Next(1_000_000)}";

    private Request Ask()
    {
        var key = Key();
        var entry = state.GetValueOrDefault(key);
        // What a client knows may be old.
        if (entry is not null && random.Next(4) == 0) entry = past[random.NextInt64(1, revision + 1)].GetValueOrDefault(key);
        switch (random.Next(14))
        {
            case 0 or 1:
                return new Transaction(new Put(key, Value()));
            case 2:
                return new Transaction(new Remove(key));
            case 3 or 4 or 5:
                return new Transaction([new(key, entry?.Mod ?? 0, entry?.Value)], [new Put(key, Value())], [new Get(key)]);
            case 6:
                return new Transaction([new(key, entry?.Mod ?? 0, entry?.Value)], [new Remove(key)], [new Get(key)]);
            case 7:
                var other = Key();
                return other == key ? new Read(key) : new Transaction(new Put(key, Value()), new Put(other, Value()));
            case 8 or 9:
                return new Read(key);
            case 10:
                return new Read("k", "l", 0, random.Next(3) == 0 ? 3 : 0, random.Next(4) == 0);
            case 11:
                return new Read("k", "l", random.NextInt64(Math.Max(1, compacted), revision + 1));
            case 12 when lease != 0:
                return new Transaction(new Put($"e{random.Next(3)}", Value(), lease));
            case 12:
                return new LeaseGrant(LeaseTtl);
            default:
                return random.Next(10) == 0 && revision > compacted + 20 ? new Compaction(revision - 10) : new AskRevision();
        }
    }

    private (Answer? Answer, bool Gone) Apply(Request request)
    {
        switch (request)
        {
            case Transaction transaction:
                return (Apply(transaction), false);
            case Read read when read.Revision > 0 && read.Revision < compacted:
                return (null, true);
            case Read read:
                var all = past[read.Revision > 0 ? read.Revision : revision].Where(pair => read.End is null ? pair.Key == read.Key
                    : string.CompareOrdinal(pair.Key, read.Key) >= 0 && string.CompareOrdinal(pair.Key, read.End) < 0).Select(pair => new Item(pair.Key, pair.Value)).ToList();
                var items = read.CountOnly ? [] : read.Limit > 0 ? all.Take((int)read.Limit).ToList() : all;
                return (new ReadAnswer(revision, items, all.Count, !read.CountOnly && items.Count < all.Count), false);
            case Compaction compaction:
                compacted = Math.Max(compacted, compaction.Revision);
                return (new(revision), false);
            case LeaseGrant:
                if (lease == 0) (lease, leaseEnds) = (now, now + LeaseTtl);
                return (new LeaseAnswer(revision, lease), false);
            default:
                return (new(revision), false);
        }
    }

    private TransactionAnswer Apply(Transaction transaction)
    {
        var succeeded = transaction.If.All(condition => condition.Holds(state.GetValueOrDefault(condition.Key)));
        var answers = new List<StepAnswer>();
        var changes = new List<Change>();
        foreach (var step in succeeded ? transaction.Then : transaction.Else)
        {
            var before = state.GetValueOrDefault(step.Key);
            switch (step)
            {
                case Put put:
                    // The lease may have ended meanwhile: then its keys stay.
                    changes.Add(new(revision + 1, step.Key, new(put.Value, before?.Create ?? revision + 1, revision + 1, (before?.Version ?? 0) + 1, put.Lease == lease ? put.Lease : 0), before, now));
                    answers.Add(new());
                    break;
                case Remove:
                    if (before is not null) changes.Add(new(revision + 1, step.Key, null, before, now));
                    answers.Add(new(Removed: before is null ? 0 : 1));
                    break;
                default:
                    answers.Add(new(before));
                    break;
            }
        }
        Follow(changes);
        return new(revision, succeeded, answers);
    }

    private void EndLease()
    {
        Follow([.. state.Where(pair => pair.Value.Lease == lease).Select(pair => new Change(revision + 1, pair.Key, null, pair.Value, now))]);
        lease = 0;
    }

    private void Follow(List<Change> changes)
    {
        if (changes.Count == 0) return;
        revision++;
        foreach (var change in changes)
        {
            if (change.Now is null) state.Remove(change.Key);
            else state[change.Key] = change.Now;
        }
        log.AddRange(changes);
        past[revision] = new(state, StringComparer.Ordinal);
    }

    private WatchLog Witness() => new("witness", "", "\uffff", true, [new(2, 0, 1, [.. log.Select(change => new Delivery(change.Revision, change))])]);

    private WatchLog Watch(string name, string key, string? end, bool previous)
    {
        var watch = new WatchLog(name, key, end, previous, []);
        var session = new WatchSession(2, 0, 0, []);
        watch.Sessions.Add(session);
        foreach (var together in log.Where(change => watch.Contains(change.Key)).GroupBy(change => change.Revision))
        {
            foreach (var change in together) session.Deliveries.Add(new(change.Revision, previous ? change : change with { Before = null }));
            // Progress never claims more than what is just before the next change.
            if (random.Next(5) == 0) session.Deliveries.Add(new(together.Key, null));
            if (random.Next(12) == 0) watch.Sessions.Add(session = new(together.Key + 1, together.First().Received, 0, []));
        }
        return watch;
    }
}
