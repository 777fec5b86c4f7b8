using KubeFlex.Storage;

namespace KubeFlex.Etcd.Services;

/// <summary>Changes <paramref name="From"/> to <paramref name="To"/> (not included) of a list, as one response.</summary>
/// <param name="From">Index of the first.</param>
/// <param name="To">Index behind the last.</param>
/// <param name="Bytes">Bytes of its events.</param>
/// <param name="Fragment">More of the last one's revision follows in the next response.</param>
internal readonly record struct WatchBatch(int From, int To, long Bytes, bool Fragment);

/// <summary>
/// Changes as responses of bounded size: cut between revisions where that suffices, inside one only for a client that asked for fragments. Example with
/// room for two events and changes 5a 5b 5c 6a: with fragments <c>[5a 5b …] [5c 6a]</c>, without <c>[5a 5b 5c] [6a]</c>.
/// </summary>
internal static class WatchBatches
{
    public static IEnumerable<WatchBatch> Of(Watching watch, IReadOnlyList<StoreEvent> changes, int most)
    {
        var (from, wanted, size, revision) = (0, false, 0L, 0L);
        for (var at = 0; at < changes.Count; at++)
        {
            var change = changes[at];
            if (!watch.Wants(change)) continue;
            var bytes = WatchAnswer.Size(watch, change);
            var whole = change.Revision != revision;
            if (wanted && size + bytes > most && (whole || watch.Fragment))
            {
                yield return new(from, at, size, Fragment: !whole);
                (from, size) = (at, 0);
            }
            (wanted, revision, size) = (true, change.Revision, size + bytes);
        }
        if (wanted) yield return new(from, changes.Count, size, Fragment: false);
    }
}
