namespace KubeFlex.Storage.Engine;

/// <summary>
/// Finds the watched ranges that hold a key: an interval tree laid over a sorted array, the middle of each part being its root.
/// <para>
/// Example, ranges sorted by start: <c>[a,z) [c,d) [p,q)</c>. The root is <c>[c,d)</c>; each part knows its largest end (left part: <c>z</c>).
/// For key <c>e</c>: the left part may hold it (z &gt; e) and does; <c>[c,d)</c> does not; the right part begins after it and is not looked at.
/// </para>
/// One key costs the logarithm of the number of distinct ranges plus the matches, however many watchers there are.
/// </summary>
internal sealed class RangeIndex
{
    private readonly WatchGroup[] groups;
    private readonly byte[]?[] largestEnds;

    public RangeIndex(IEnumerable<WatchGroup> all)
    {
        groups = [.. all];
        Array.Sort(groups, (left, right) => left.Range.From.AsSpan().SequenceCompareTo(right.Range.From));
        largestEnds = new byte[]?[groups.Length];
        if (groups.Length > 0) Build(0, groups.Length);
    }

    /// <summary>Adds the groups whose range holds the key.</summary>
    public void Find(byte[] key, List<WatchGroup> found) => Find(0, groups.Length, key, found);

    private byte[]? Build(int low, int high)
    {
        var middle = (low + high) >> 1;
        var end = groups[middle].Range.To;
        if (low < middle) end = Later(end, Build(low, middle));
        if (middle + 1 < high) end = Later(end, Build(middle + 1, high));
        return largestEnds[middle] = end;
    }

    // No end is later than every end.
    private static byte[]? Later(byte[]? left, byte[]? right) =>
        left is null || right is null ? null : left.AsSpan().SequenceCompareTo(right) >= 0 ? left : right;

    private void Find(int low, int high, byte[] key, List<WatchGroup> found)
    {
        while (low < high)
        {
            var middle = (low + high) >> 1;
            if (largestEnds[middle] is { } largest && largest.AsSpan().SequenceCompareTo(key) <= 0) return;
            Find(low, middle, key, found);
            var group = groups[middle];
            if (group.Range.From.AsSpan().SequenceCompareTo(key) > 0) return;
            if (group.Range.Contains(key)) found.Add(group);
            low = middle + 1;
        }
    }
}

/// <summary>The watchers of one range.</summary>
internal sealed class WatchGroup(KeyRange range)
{
    public KeyRange Range { get; } = range;

    public HashSet<StoreWatcher> Watchers { get; } = [];
}
