using System.Runtime.CompilerServices;

namespace KubeFlex.Storage.Engine;

/// <summary>Reads of one tree, shared by views and transactions.</summary>
internal static class Reading
{
    /// <summary>The version of a key that was current at a revision; null when there was none.</summary>
    public static KeyValue? At(KeyValue? head, long revision)
    {
        var version = head;
        while (version is not null && version.ModRevision > revision) version = Volatile.Read(ref version.Older);
        return version is { Deleted: false } ? version : null;
    }

    /// <summary>Reads a tree whose newest revision is <paramref name="current"/>.</summary>
    /// <param name="tree">The index.</param>
    /// <param name="current">Its revision.</param>
    /// <param name="compacted">Asked after the walk: compaction first moves this mark and then cuts version chains, so a walk that met a cut sees the mark.</param>
    /// <param name="query">What to read.</param>
    public static RangeResult Range(VersionTree tree, long current, CompactionMark compacted, RangeQuery query)
    {
        if (query.Revision > current) return new(ReadStatus.Future, [], 0, false);
        var range = new KeyRange(query.Key, query.End);
        var old = query.Revision > 0 && query.Revision < current;
        if (old && query.Revision < compacted.Revision) return new(ReadStatus.Compacted, [], 0, false);

        // The newest state knows its counts; an old one must look at every key of the range.
        if (!old && query.CountOnly) return new(ReadStatus.Ok, [], tree.Count(range), false);
        var collect = new Collector(old ? query.Revision : long.MaxValue, query);
        tree.Visit(range, ref collect);
        if (old && query.Revision < compacted.Revision) return new(ReadStatus.Compacted, [], 0, false);
        if (query.CountOnly) return new(ReadStatus.Ok, [], collect.Seen, false);

        var items = collect.Items ?? [];
        var count = old || query.Limit <= 0 || items.Count < query.Limit ? collect.Seen : tree.Count(range);
        return new(ReadStatus.Ok, items, count, count > items.Count);
    }

    private struct Collector(long revision, RangeQuery query) : IVersionVisitor
    {
        public List<KeyValue>? Items;
        public long Seen;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool Visit(KeyValue head)
        {
            if (At(head, revision) is not { } item) return true;
            Seen++;
            if (query.CountOnly || query.Limit > 0 && Seen > query.Limit) return true;
            (Items ??= []).Add(query.KeysOnly ? WithoutValue(item) : item);
            // At the newest revision the tree counts the rest.
            return revision != long.MaxValue || query.Limit <= 0 || Seen < query.Limit;
        }

        private static KeyValue WithoutValue(KeyValue item) => new()
        {
            Key = item.Key, Value = [], CreateRevision = item.CreateRevision, ModRevision = item.ModRevision, Version = item.Version, Lease = item.Lease,
        };
    }
}
