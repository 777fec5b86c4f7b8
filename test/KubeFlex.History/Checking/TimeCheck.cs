namespace KubeFlex.History.Checking;

/// <summary>
/// Revisions follow real time: whatever began after something else had been answered is at that one's revision or later, and a write strictly later.
/// With every answer being the state of its revision, this makes the whole history strictly serializable. Example: a put is answered at 10 ms with
/// revision 8; a read that begins at 11 ms and says revision 7 is stale, and so is a put that gets 8.
/// </summary>
internal static class TimeCheck
{
    public static void Run(RecordedHistory history, IReadOnlyDictionary<Call, long> resolved, Report report)
    {
        var points = new List<(long Invoked, long Returned, long Revision, bool Own, string Text)>();
        foreach (var call in history.Calls)
        {
            if (call.Answer is { } answer) points.Add((call.Invoked, call.Returned, answer.Revision, Owns(call), call.ToString()));
            else if (resolved.TryGetValue(call, out var revision)) points.Add((call.Invoked, long.MaxValue, revision, true, call.ToString()));
        }
        // A watch's first answer tells the revision as a read does.
        foreach (var session in history.Watches.Append(history.Witness).SelectMany(watch => watch.Sessions).Where(session => session.Created > 0))
            points.Add((session.Invoked, long.MaxValue, session.Created, false, $"watch from {session.From}, created at {session.Created}"));

        var byReturn = points.Where(point => point.Returned < long.MaxValue).OrderBy(point => point.Returned).ToList();
        var at = 0;
        var (floor, why) = (0L, "");
        foreach (var point in points.OrderBy(point => point.Invoked))
        {
            for (; at < byReturn.Count && byReturn[at].Returned < point.Invoked; at++)
            {
                if (byReturn[at].Revision > floor) (floor, why) = (byReturn[at].Revision, byReturn[at].Text);
            }
            if (point.Revision < floor || point.Own && point.Revision == floor) report.Add(Wrong.RealTime, $"{point.Text} is ordered at {point.Revision}, but began after {why}");
        }
    }

    private static bool Owns(Call call) => call is { Request: Transaction transaction, Answer: TransactionAnswer answer }
        && answer.Steps.Zip(answer.Succeeded ? transaction.Then : transaction.Else).Any(pair => pair.Second is Put || pair.First.Removed > 0);
}
