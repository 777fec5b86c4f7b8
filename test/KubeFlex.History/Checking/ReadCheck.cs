namespace KubeFlex.History.Checking;

/// <summary>Every read shows exactly the state of the revision that it was asked for, or of the one in its header.</summary>
internal static class ReadCheck
{
    public static void Run(RecordedHistory history, Timeline timeline, Report report)
    {
        foreach (var call in history.Calls)
        {
            if (call.Request is not Read read) continue;
            if (call.Outcome == Outcome.Compacted) Compacted(history, timeline, report, call, read);
            if (call.Answer is not ReadAnswer answer) continue;
            if (answer.Revision > timeline.Last)
            {
                report.Add(Wrong.LostWrite, $"the store ends at revision {timeline.Last}: {call}");
                continue;
            }
            var all = timeline.Range(read.Key, read.End, read.Revision > 0 ? read.Revision : answer.Revision).ToList();
            var shown = read.CountOnly ? [] : read.Limit > 0 ? all.Take((int)read.Limit) : all;
            var more = !read.CountOnly && read.Limit > 0 && all.Count > read.Limit;
            if (all.Count == answer.Count && more == answer.More && answer.Items.SequenceEqual(shown)) continue;
            report.Add(Wrong.WrongRead, $"{answer.Count} keys [{Text(answer.Items)}] where there are {all.Count} [{Text(shown)}]: {call}");
        }
    }

    private static void Compacted(RecordedHistory history, Timeline timeline, Report report, Call call, Read read)
    {
        var asked = history.Calls.Any(other => other.Request is Compaction compaction && compaction.Revision > read.Revision && other.Invoked < call.Returned);
        if (!asked && timeline.Last - history.KeptRevisions <= read.Revision) report.Add(Wrong.NotCompacted, $"nobody compacted up to there: {call}");
    }

    private static string Text(IEnumerable<Item> items) => string.Join(", ", items.Take(5).Select(item => $"{item.Key}={item.Entry.Value}@{item.Entry.Mod}"));
}
