namespace KubeFlex.Storage.Engine;

/// <summary>
/// The changes of a store since its compaction, in order: a ring of references to the versions in the index. It serves watches from any kept
/// revision, and it is compaction's work list, so that compacting costs what changed and not what lives.
/// </summary>
internal sealed class History
{
    private KeyValue[] ring = [];
    private int start;

    public int Count { get; private set; }

    /// <summary>Bytes of keys and values.</summary>
    public long Bytes { get; private set; }

    public KeyValue this[int index] => ring[(start + index) & (ring.Length - 1)];

    public void Add(KeyValue change)
    {
        if (Count == ring.Length) Resize(Math.Max(16, ring.Length * 2));
        ring[(start + Count++) & (ring.Length - 1)] = change;
        Bytes += Size(change);
    }

    /// <summary>Index of the first change at or after a revision.</summary>
    public int IndexOf(long revision)
    {
        int low = 0, high = Count;
        while (low < high)
        {
            var middle = (low + high) >> 1;
            if (this[middle].ModRevision < revision) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    /// <summary>Drops the oldest changes and what only they needed: what they replaced.</summary>
    public void Trim(int count)
    {
        for (var i = 0; i < count; i++)
        {
            ref var slot = ref ring[start];
            Bytes -= Size(slot);
            slot.Change = null;
            Volatile.Write(ref slot.Older, null);
            slot = null!;
            start = (start + 1) & (ring.Length - 1);
            Count--;
        }
        if (ring.Length > 64 && Count < ring.Length / 4) Resize(ring.Length / 2);
    }

    private static long Size(KeyValue change) => change.Key.Length + change.Value.Length;

    // Lengths are powers of two, so that places wrap with a mask.
    private void Resize(int length)
    {
        var bigger = new KeyValue[length];
        for (var i = 0; i < Count; i++) bigger[i] = this[i];
        (ring, start) = (bigger, 0);
    }
}
