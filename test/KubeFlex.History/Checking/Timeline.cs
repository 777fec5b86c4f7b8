namespace KubeFlex.History.Checking;

/// <summary>The store's state at every revision, replayed from the witness, which is checked while doing so.</summary>
internal sealed class Timeline
{
    private readonly SortedDictionary<string, List<(long Revision, Entry? Entry)>> keys = new(StringComparer.Ordinal);

    public Timeline(WatchLog witness, Report report)
    {
        var before = 1L;
        foreach (var change in witness.Sessions.SelectMany(session => session.Deliveries).Select(delivery => delivery.Change).OfType<Change>())
        {
            if (Changes.TryGetValue(change.Revision, out var together) && change.Revision == before)
            {
                if (together.Exists(other => other.Key == change.Key)) report.Add(Wrong.RevisionOrder, $"key {change.Key} changes twice in revision {change.Revision}");
            }
            else if (change.Revision != before + 1)
            {
                report.Add(Wrong.RevisionOrder, $"after revision {before} comes {change.Revision}");
                if (change.Revision <= before) continue;
            }
            before = change.Revision;
            if (!Changes.TryGetValue(before, out together)) Changes[before] = together = [];
            together.Add(change);
            Follow(change, report);
        }
        Last = before;
    }

    /// <summary>Changes by revision.</summary>
    public Dictionary<long, List<Change>> Changes { get; } = [];

    /// <summary>The newest revision; a store begins at 1.</summary>
    public long Last { get; }

    public Entry? At(string key, long revision)
    {
        if (!keys.TryGetValue(key, out var versions)) return null;
        int low = 0, high = versions.Count;
        while (low < high)
        {
            var middle = (low + high) >> 1;
            if (versions[middle].Revision <= revision) low = middle + 1;
            else high = middle;
        }
        return low == 0 ? null : versions[low - 1].Entry;
    }

    public IEnumerable<Item> Range(string key, string? end, long revision)
    {
        if (end is null) return At(key, revision) is { } one ? [new(key, one)] : [];
        return keys.Keys.SkipWhile(k => string.CompareOrdinal(k, key) < 0).TakeWhile(k => string.CompareOrdinal(k, end) < 0)
            .Select(k => (Key: k, Entry: At(k, revision))).Where(pair => pair.Entry is not null).Select(pair => new Item(pair.Key, pair.Entry!));
    }

    /// <summary>Whether a transaction's conditions hold at a revision.</summary>
    public bool Holds(Transaction transaction, long revision) => transaction.If.All(condition => condition.Holds(At(condition.Key, revision)));

    /// <summary>What a transaction that runs right after a revision changes: keys with new values, null for gone.</summary>
    public Dictionary<string, string?> Effect(Transaction transaction, long revision)
    {
        var effect = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var step in Holds(transaction, revision) ? transaction.Then : transaction.Else)
        {
            if (step is Put put) effect[put.Key] = put.Value;
            else if (step is Remove && At(step.Key, revision) is not null) effect[step.Key] = null;
        }
        return effect;
    }

    public bool Is(long revision, Dictionary<string, string?> effect) =>
        Changes.TryGetValue(revision, out var changes) && changes.Count == effect.Count
        && changes.TrueForAll(change => effect.TryGetValue(change.Key, out var value) && value == change.Now?.Value);

    private void Follow(Change change, Report report)
    {
        var old = At(change.Key, long.MaxValue);
        if (change.Now is null)
        {
            if (old is null) report.Add(Wrong.Content, $"revision {change.Revision} deletes {change.Key}, which does not exist");
        }
        else
        {
            var right = change.Now with { Create = old?.Create ?? change.Revision, Mod = change.Revision, Version = (old?.Version ?? 0) + 1 };
            if (change.Now != right) report.Add(Wrong.Content, $"revision {change.Revision} of {change.Key} is {change.Now} where {right} follows");
        }
        if (!keys.TryGetValue(change.Key, out var versions)) keys[change.Key] = versions = [];
        versions.Add((change.Revision, change.Now));
    }
}
