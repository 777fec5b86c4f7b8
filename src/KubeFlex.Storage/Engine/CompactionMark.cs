namespace KubeFlex.Storage.Engine;

/// <summary>The oldest readable revision of a store, shared with its views. Moves before any version chain is cut.</summary>
internal sealed class CompactionMark
{
    private long revision;

    public long Revision
    {
        get => Volatile.Read(ref revision);
        set => Volatile.Write(ref revision, value);
    }
}
