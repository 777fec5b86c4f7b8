using KubeFlex.Etcd.Protocol;
using KubeFlex.Storage;

namespace KubeFlex.Etcd.Services;

/// <summary>
/// Changes as responses of bounded size: cut between revisions where that suffices, inside one only for a client that asked for fragments. Example with
/// room for two events and changes 5a 5b 5c 6a: with fragments <c>[5a 5b …] [5c 6a]</c>, without <c>[5a 5b 5c] [6a]</c>.
/// </summary>
internal static class WatchBatches
{
    public static IEnumerable<WatchResponse> Of(Watching watch, IReadOnlyList<StoreEvent> changes, int most)
    {
        WatchResponse? response = null;
        long revision = 0;
        var size = 0;
        foreach (var change in changes)
        {
            if (watch.Message(change) is not { } message) continue;
            var bytes = message.CalculateSize();
            var whole = change.Revision != revision;
            if (response is not null && size + bytes > most && (whole || watch.Fragment))
            {
                response.Fragment = !whole;
                yield return response;
                (response, size) = (null, 0);
            }
            (revision, size) = (change.Revision, size + bytes);
            response ??= new() { WatchId = watch.Id };
            // A client goes on from here when its connection breaks: never further than it has seen.
            response.Header = Member.Header(revision);
            response.Events.Add(message);
        }
        if (response is null) yield break;
        watch.Active = true;
        yield return response;
    }
}
