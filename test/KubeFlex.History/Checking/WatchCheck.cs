namespace KubeFlex.History.Checking;

/// <summary>
/// A watch is the store's own order of changes, cut to its keys: nothing left out, nothing twice, nothing else, over all its connections. Only what
/// came after its last delivery may be missing.
/// </summary>
internal sealed class WatchCheck(Timeline timeline, Report report)
{
    public void Run(WatchLog watch)
    {
        long reached = 0;
        foreach (var session in watch.Sessions)
        {
            // From the last revision on: earlier would tell twice, later would leave out.
            if (reached > 0 && !session.AfterCompaction && session.From != reached + 1) report.Add(Wrong.WatchMissed, $"{watch.Name} had got {reached} and went on from {session.From}");
            reached = Session(watch, session);
        }
    }

    private long Session(WatchLog watch, WatchSession session)
    {
        var reached = session.From - 1;
        HashSet<(long, string)> told = [];
        foreach (var delivery in session.Deliveries)
        {
            var revision = delivery.Revision;
            if (delivery.Change is not { } change)
            {
                if (revision < reached) report.Add(Wrong.WatchProgress, $"{watch.Name} had got {reached} and hears of progress to {revision}");
                else Complete(watch, reached - 1, revision, told, Wrong.WatchProgress, session.From);
                reached = Math.Max(reached, revision);
                continue;
            }
            if (!told.Add((revision, change.Key)) || revision < session.From)
            {
                report.Add(Wrong.WatchRepeated, $"{watch.Name} from {session.From} hears again of {change.Key} in revision {revision}");
                continue;
            }
            if (revision < reached || !watch.Contains(change.Key)) report.Add(Wrong.WatchOrder, $"{watch.Name} had got {reached} and hears of {change.Key} in revision {revision}");
            // What is between the last revision and this one must not concern this watch, and the last one must be whole.
            if (revision > reached) Complete(watch, reached - 1, revision - 1, told, Wrong.WatchMissed, session.From);
            Content(watch, change);
            reached = Math.Max(reached, revision);
        }
        Complete(watch, reached - 1, reached, told, Wrong.WatchMissed, session.From);
        return reached;
    }

    private void Complete(WatchLog watch, long after, long upTo, HashSet<(long, string)> told, Wrong wrong, long from)
    {
        for (var revision = Math.Max(from, after + 1); revision <= upTo; revision++)
        {
            foreach (var change in timeline.Changes.GetValueOrDefault(revision) ?? [])
            {
                if (watch.Contains(change.Key) && !told.Contains((revision, change.Key)))
                    report.Add(wrong, $"{watch.Name} did not hear of {change.Key} in revision {revision} before going on to {upTo}");
            }
        }
    }

    private void Content(WatchLog watch, Change change)
    {
        var right = timeline.Changes.GetValueOrDefault(change.Revision)?.Find(other => other.Key == change.Key);
        if (right is null || right.Now != change.Now) report.Add(Wrong.WatchContent, $"{watch.Name} hears of {change.Key} in revision {change.Revision} as {change.Now}, which is {right?.Now}");
        if (watch.Previous && change.Before != timeline.At(change.Key, change.Revision - 1))
            report.Add(Wrong.WatchContent, $"{watch.Name} hears that {change.Key} was {change.Before} before revision {change.Revision}; it was {timeline.At(change.Key, change.Revision - 1)}");
    }
}
