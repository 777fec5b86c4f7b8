namespace KubeFlex.History.Checking;

/// <summary>
/// Checks a recorded history. etcd's revisions are a claim about the order of everything; so the claim is checked (replay, real time, every answer
/// against the state of its revision), which costs little for any length, and beside that each key is searched for an order without believing revisions.
/// </summary>
public static class HistoryChecker
{
    public static Report Check(RecordedHistory history)
    {
        var report = new Report();
        var timeline = new Timeline(history.Witness, report);
        var writes = new WriteCheck(history, timeline, report);
        writes.Run();
        ReadCheck.Run(history, timeline, report);
        TimeCheck.Run(history, writes.Resolved, report);
        var watches = new WatchCheck(timeline, report);
        foreach (var watch in history.Watches.Append(history.Witness)) watches.Run(watch);
        KeyOrder(history, timeline, writes.Resolved, report);
        return report;
    }

    private static void KeyOrder(RecordedHistory history, Timeline timeline, Dictionary<Call, long> resolved, Report report)
    {
        var keys = new Dictionary<string, List<KeyStep>>(StringComparer.Ordinal);
        var leased = history.Calls.Select(call => call.Request).OfType<Transaction>().SelectMany(txn => txn.Then.Concat(txn.Else)).OfType<Put>().Where(put => put.Lease != 0)
            .Select(put => put.Key).ToHashSet(StringComparer.Ordinal);
        var known = timeline.Changes.Values.SelectMany(changes => changes).Select(change => change.Key).ToHashSet(StringComparer.Ordinal);
        void Add(string key, KeyStep step)
        {
            // Leases delete by themselves, which is nobody's request.
            if (leased.Contains(key)) return;
            if (!keys.TryGetValue(key, out var steps)) keys[key] = steps = [];
            steps.Add(step);
        }
        foreach (var call in history.Calls)
        {
            switch (call.Request)
            {
                case Transaction transaction when call.Answer is TransactionAnswer answer:
                    Transaction(call, transaction, answer, call.Returned, Add);
                    break;
                // It happened, says the watch that told of it: some time before that.
                case Transaction transaction when resolved.TryGetValue(call, out var revision):
                    var received = timeline.Changes[revision][0].Received;
                    Transaction(call, transaction, new(revision, timeline.Holds(transaction, revision - 1), []), received == 0 ? long.MaxValue : received, Add);
                    break;
                case Read { Revision: 0, CountOnly: false } read when call.Answer is ReadAnswer answer:
                    Read(call, read, answer, known, Add);
                    break;
            }
        }
        foreach (var (key, steps) in keys)
        {
            if (!LinearSearch.Explains(steps)) report.Add(Wrong.NotLinearizable, $"no order of the {steps.Count} requests of {key} explains their answers");
        }
    }

    private static void Transaction(Call call, Transaction transaction, TransactionAnswer answer, long returned, Action<string, KeyStep> add)
    {
        var steps = answer.Succeeded ? transaction.Then : transaction.Else;
        foreach (var key in transaction.If.Select(condition => condition.Key).Concat(steps.Select(step => step.Key)).Distinct(StringComparer.Ordinal))
        {
            var condition = transaction.If.FirstOrDefault(condition => condition.Key == key);
            var at = -1;
            for (var i = 0; i < steps.Count && at < 0; i++) at = steps[i].Key == key ? i : -1;
            var step = at < 0 ? null : steps[at];
            var writes = step is Put or Remove;
            var leaves = (step as Put)?.Value;
            // A failed transaction of several conditions says of no single one that it failed.
            if (condition is not null && (answer.Succeeded || transaction.If.Count == 1)) add(key, new(call.Invoked, returned, false, condition.Value, !answer.Succeeded, writes, leaves));
            else if (writes) add(key, new(call.Invoked, returned, true, null, false, true, leaves));
            if (step is Get && answer.Steps.Count > at) add(key, new(call.Invoked, returned, false, answer.Steps[at].Found?.Value, false, false, null));
        }
    }

    private static void Read(Call call, Read read, ReadAnswer answer, HashSet<string> known, Action<string, KeyStep> add)
    {
        foreach (var item in answer.Items) add(item.Key, new(call.Invoked, call.Returned, false, item.Entry.Value, false, false, null));
        // What is in the range and was not shown was absent; a page says so only up to its last key.
        var last = answer.More ? answer.Items[^1].Key : null;
        var shown = answer.Items.Select(item => item.Key).ToHashSet(StringComparer.Ordinal);
        var range = new WatchLog("", read.Key, read.End, false, []);
        foreach (var key in known)
        {
            if (range.Contains(key) && !shown.Contains(key) && (last is null || string.CompareOrdinal(key, last) < 0)) add(key, new(call.Invoked, call.Returned, false, null, false, false, null));
        }
    }
}
