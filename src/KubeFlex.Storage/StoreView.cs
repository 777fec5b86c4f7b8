using KubeFlex.Storage.Engine;

namespace KubeFlex.Storage;

/// <summary>An immutable state of a store. Never waits, never touches the database.</summary>
public sealed class StoreView
{
    private readonly CompactionMark compacted;

    internal StoreView(CompactionMark compacted, VersionTree tree, long revision) => (this.compacted, Tree, Revision) = (compacted, tree, revision);

    internal VersionTree Tree { get; }

    /// <summary>Revision of this state.</summary>
    public long Revision { get; }

    /// <summary>The oldest revision that can still be read; smaller ones are compacted. 0 before the first compaction.</summary>
    public long CompactedRevision => compacted.Revision;

    /// <summary>A key at this view's revision, or null.</summary>
    public KeyValue? Get(ReadOnlySpan<byte> key) => Tree.Find(key) is { Deleted: false } item ? item : null;

    /// <summary>
    /// Every version that can be read or watched, tombstones (version 0) included, in the order they were written: what a backup must hold.
    /// </summary>
    public IReadOnlyList<KeyValue> Versions()
    {
        var all = new Gather(compacted.Revision);
        Tree.Visit(new KeyRange([0], [0]), ref all);
        all.Items.Sort((left, right) => left.Sequence.CompareTo(right.Sequence));
        return all.Items;
    }

    private struct Gather(long compacted) : IVersionVisitor
    {
        public List<KeyValue> Items { get; } = [];

        public bool Visit(KeyValue head)
        {
            for (var version = head; version is not null; version = Volatile.Read(ref version.Older))
            {
                if (version.ModRevision > compacted || !version.Deleted) Items.Add(version);
                // The one that was current at the compacted revision is the last that anybody can ask for.
                if (version.ModRevision <= compacted) break;
            }
            return true;
        }
    }

    /// <summary>Reads a key or a range.</summary>
    public RangeResult Range(RangeQuery query) => Reading.Range(Tree, Revision, compacted, query);
}
