namespace KubeFlex.History.Checking;

/// <summary>
/// Every revision belongs to exactly one write. First the acknowledged ones say which is theirs; what is left must be the work of requests of unknown
/// outcome, known again by the values that they put, or the end of a lease.
/// </summary>
internal sealed class WriteCheck(RecordedHistory history, Timeline timeline, Report report)
{
    private readonly Dictionary<long, Call> owners = [];

    /// <summary>Where requests of unknown outcome turned out to have happened.</summary>
    public Dictionary<Call, long> Resolved { get; } = new(ReferenceEqualityComparer.Instance);

    public void Run()
    {
        foreach (var call in history.Calls)
        {
            if (call is { Outcome: Outcome.Done, Request: Transaction transaction, Answer: TransactionAnswer answer }) Acknowledged(call, transaction, answer);
        }
        var values = history.Calls.Where(call => call.Request is Transaction)
            .SelectMany(call => Puts((Transaction)call.Request).Select(put => (put.Value, call))).ToLookup(pair => pair.Value, pair => pair.call);
        var removals = history.Calls.Where(call => call is { Outcome: Outcome.Unknown, Request: Transaction { Writes: true } transaction } && !Puts(transaction).Any()).ToList();
        foreach (var (revision, changes) in timeline.Changes.OrderBy(pair => pair.Key))
        {
            if (owners.ContainsKey(revision)) continue;
            if (changes.Find(change => change.Now is not null) is { } put) Unowned(revision, changes, values[put.Now!.Value].FirstOrDefault());
            else Removed(revision, changes, removals);
        }
    }

    private static IEnumerable<Put> Puts(Transaction transaction) => transaction.Then.Concat(transaction.Else).OfType<Put>();

    private void Acknowledged(Call call, Transaction transaction, TransactionAnswer answer)
    {
        if (answer.Revision > timeline.Last)
        {
            report.Add(Wrong.LostWrite, $"the store ends at revision {timeline.Last}: {call}");
            return;
        }
        // It ran on what was before its own revision; what changed nothing has none of its own.
        var steps = answer.Succeeded ? transaction.Then : transaction.Else;
        var own = answer.Steps.Zip(steps).Any(pair => pair.Second is Put || pair.First.Removed > 0);
        var before = own ? answer.Revision - 1 : answer.Revision;
        if (timeline.Holds(transaction, before) != answer.Succeeded) report.Add(Wrong.WrongBranch, $"the conditions held: {!answer.Succeeded}: {call}");
        foreach (var (result, step) in answer.Steps.Zip(steps))
        {
            var there = timeline.At(step.Key, before);
            if (step is Get && result.Found != there) report.Add(Wrong.WrongBranch, $"{step.Key} was {there}, answered {result.Found}: {call}");
            if (step is Remove && result.Removed != (there is null ? 0 : 1)) report.Add(Wrong.WrongBranch, $"{step.Key} was {there}, {result.Removed} deleted: {call}");
        }
        if (!own) return;
        if (!owners.TryAdd(answer.Revision, call)) report.Add(Wrong.DoubleWrite, $"revision {answer.Revision} belongs to {owners[answer.Revision]} and to {call}");
        var effect = timeline.Effect(transaction, before);
        if (timeline.Is(answer.Revision, effect)) return;
        var changes = timeline.Changes.GetValueOrDefault(answer.Revision) ?? [];
        var some = changes.Exists(change => effect.TryGetValue(change.Key, out var value) && value == change.Now?.Value);
        report.Add(some ? Wrong.HalfWrite : Wrong.LostWrite, $"revision {answer.Revision} holds [{Text(changes)}]: {call}");
    }

    private void Unowned(long revision, List<Change> changes, Call? call)
    {
        if (call is null) report.Add(Wrong.PhantomWrite, $"nobody asked for revision {revision}: {Text(changes)}");
        else if (call.Outcome == Outcome.Refused) report.Add(Wrong.RefusedWrite, $"revision {revision} holds [{Text(changes)}]: {call}");
        else if (call.Outcome == Outcome.Done) report.Add(Wrong.DoubleWrite, $"revision {revision} holds [{Text(changes)}] again: {call}");
        else if (!timeline.Is(revision, timeline.Effect((Transaction)call.Request, revision - 1))) report.Add(Wrong.HalfWrite, $"revision {revision} holds [{Text(changes)}]: {call}");
        else if (!Resolved.TryAdd(call, revision)) report.Add(Wrong.DoubleWrite, $"revisions {Resolved[call]} and {revision} are both of {call}");
    }

    private void Removed(long revision, List<Change> changes, List<Call> removals)
    {
        // One that has conditions fits in few places, so it goes first.
        var at = removals.Where(call => timeline.Is(revision, timeline.Effect((Transaction)call.Request, revision - 1)))
            .OrderByDescending(call => ((Transaction)call.Request).If.Count).ThenBy(call => call.Invoked).FirstOrDefault(call => changes[0].Received == 0 || call.Invoked < changes[0].Received);
        if (at is not null)
        {
            Resolved[at] = revision;
            removals.Remove(at);
            return;
        }
        var leases = changes.Select(change => timeline.At(change.Key, revision - 1)?.Lease ?? 0).Distinct().ToList();
        if (leases is [not 0]) LeaseEnd(revision, changes, leases[0]);
        else if (changes.Exists(change => history.Calls.Any(call => call is { Outcome: Outcome.Refused, Request: Transaction { If: [] } transaction } && transaction.Then is [Remove remove] && remove.Key == change.Key)))
            report.Add(Wrong.RefusedWrite, $"revision {revision} deletes [{Text(changes)}], which was refused");
        else report.Add(Wrong.PhantomWrite, $"nobody asked for revision {revision}: {Text(changes)}");
    }

    private void LeaseEnd(long revision, List<Change> changes, long lease)
    {
        var left = timeline.Range("", "\uffff", revision).FirstOrDefault(item => item.Entry.Lease == lease);
        if (left is not null) report.Add(Wrong.Lease, $"lease {lease} ended in revision {revision} and left {left.Key}");
        var grant = history.Calls.FirstOrDefault(call => call.Answer is LeaseAnswer answer && answer.Id == lease && call.Request is LeaseGrant);
        var revoked = history.Calls.Any(call => call.Request is LeaseRevoke revoke && revoke.Id == lease && call.Invoked <= changes[0].Received);
        if (grant is not null && !revoked && changes[0].Received < grant.Invoked + ((LeaseGrant)grant.Request).Ttl)
            report.Add(Wrong.Lease, $"lease {lease} was granted at {grant.Invoked} for {((LeaseGrant)grant.Request).Ttl} and ended at {changes[0].Received}");
    }

    private static string Text(IEnumerable<Change> changes) => string.Join(", ", changes.Select(change => $"{change.Key}={change.Now?.Value}"));
}
