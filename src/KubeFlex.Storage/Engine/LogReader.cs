namespace KubeFlex.Storage.Engine;

/// <summary>Builds index and history from a store's rows, which come in the order they were written.</summary>
internal sealed class LogReader(long compacted)
{
    private readonly Dictionary<byte[], KeyValue> heads = new(KeyComparer.Instance);

    public History History { get; } = new();

    /// <summary>Rows that nobody can ask for any more: what a change before the compacted revision replaced, and tombstones before it.</summary>
    public List<long> Superfluous { get; } = [];

    public long Revision { get; private set; }

    public long Sequence { get; private set; }

    public void Add(KeyValue row)
    {
        (Revision, Sequence) = (row.ModRevision, row.Sequence);
        if (heads.TryGetValue(row.Key, out var older))
        {
            // One key array for all versions.
            row = new()
            {
                Key = older.Key, Value = row.Value, CreateRevision = row.CreateRevision, ModRevision = row.ModRevision, Version = row.Version,
                Lease = row.Lease, Sequence = row.Sequence, Older = older,
            };
        }
        if (row.ModRevision >= compacted)
        {
            History.Add(row);
            heads[row.Key] = row;
            return;
        }
        row.Older = null;
        if (older is not null) Superfluous.Add(older.Sequence);
        if (row.Deleted)
        {
            Superfluous.Add(row.Sequence);
            heads.Remove(row.Key);
        }
        else heads[row.Key] = row;
    }

    /// <summary>What the keys that are there in the end count for.</summary>
    public long LiveBytes => heads.Values.Sum(head => head.LiveBytes);

    public VersionTree Index()
    {
        var sorted = heads.Values.ToArray();
        Array.Sort(sorted, (left, right) => left.Key.AsSpan().SequenceCompareTo(right.Key));
        return VersionTree.Build(sorted);
    }
}
