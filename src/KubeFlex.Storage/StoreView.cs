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

    /// <summary>Reads a key or a range.</summary>
    public RangeResult Range(RangeQuery query) => Reading.Range(Tree, Revision, compacted, query);
}
