using KubeFlex.Storage.Engine;

namespace KubeFlex.Storage.Archive;

/// <summary>
/// A store at one revision, whole: everything that can be read or watched, and its leases. It shares the store's memory; writers go on beside it.
/// </summary>
/// <param name="Revision">The revision.</param>
/// <param name="Compacted">Its oldest readable revision.</param>
/// <param name="Versions">Every version that can be read or watched, in the order they were written.</param>
/// <param name="Leases">The leases.</param>
public sealed record StoreSnapshot(long Revision, long Compacted, IReadOnlyList<(KeyValue Item, bool Current)> Versions, IReadOnlyList<ArchivedLease> Leases)
{
    /// <summary>Gathers from a view. Compaction beside it moves its mark before it cuts; what was gathered across a move is gathered again.</summary>
    internal static (long Compacted, List<(KeyValue Item, bool Current)> Versions) Gather(StoreView view)
    {
        while (true)
        {
            var compacted = view.CompactedRevision;
            var all = new Visitor(compacted);
            view.Tree.Visit(new KeyRange([0], [0]), ref all);
            if (view.CompactedRevision != compacted) continue;
            all.Items.Sort((left, right) => left.Item.Sequence.CompareTo(right.Item.Sequence));
            return (compacted, all.Items);
        }
    }

    // The same rule as LogReader's: history from the compacted revision on, and below it what was current then.
    private readonly struct Visitor(long compacted) : IVersionVisitor
    {
        public List<(KeyValue Item, bool Current)> Items { get; } = [];

        public bool Visit(KeyValue head)
        {
            for (var version = head; version is not null; version = Volatile.Read(ref version.Older))
            {
                var history = version.ModRevision >= compacted;
                if (history || !version.Deleted) Items.Add((version, ReferenceEquals(version, head)));
                if (!history) break;
            }
            return true;
        }
    }
}
