using System.Globalization;
using System.Text.Json.Nodes;
using KubeFlex.Runtime.Client;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Runtime.Informers;

/// <summary>
/// Keeps a copy of a collection by listing once and watching from there, as client-go's reflector does: a watch that ends goes on from the
/// last event or bookmark; a resource version that the server forgot (410) leads to a new list; a server that is away, to back-off.
/// Handlers run one after another in the order of the events and must be quick (put a key into a queue).
/// </summary>
public sealed partial class Informer(KubeClient client, ResourceRef collection, InformerOptions options, TimeProvider time, ILogger log)
{
    private readonly ObjectStore store = new(options.Indexes);
    private readonly List<Action<ObjectChange>> handlers = [];
    private readonly TaskCompletionSource synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock gate = new();
    private string? version;
    private ulong seen;

    /// <summary>Whether the first list is complete.</summary>
    public bool HasSynced => synced.Task.IsCompletedSuccessfully;

    /// <summary>Ends when the first list is complete.</summary>
    public Task WhenSyncedAsync(CancellationToken cancellation) => synced.Task.WaitAsync(cancellation);

    /// <summary>Calls the handler for each change; to be set up before <see cref="RunAsync"/>.</summary>
    public void OnChange(Action<ObjectChange> handler) => handlers.Add(handler);

    /// <summary>The object, or null. It is shared: clone it before changing it.</summary>
    public JsonObject? Get(string? ns, string name) => store.Get(ns, name);

    /// <summary>All objects.</summary>
    public IReadOnlyList<JsonObject> List() => store.List();

    /// <summary>The objects that an index of the options finds under a value.</summary>
    public IReadOnlyList<JsonObject> Find(string index, string value) => store.Find(index, value);

    /// <summary>
    /// Takes in the answer of a write of ours before the watch tells, so that the next look at the cache does not see the past. Handlers are
    /// not called for it, now or when the watch tells the same.
    /// </summary>
    public void Observe(JsonObject written)
    {
        lock (gate)
        {
            // What the watch is past already may be deleted by now: taking it would bring it back for good.
            if (ObjectStore.Version(written) is not { } v || v <= seen) return;
            store.Put(Cut(written));
        }
    }

    /// <summary>Takes note that we saw the object absent or saw its deletion answered.</summary>
    public void ObserveDeleted(string? ns, string name)
    {
        lock (gate)
        {
            if (store.Get(ns, name) is { } there) store.Remove(there);
        }
    }

    /// <summary>Lists and watches until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var failures = 0;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                if (version is null) await ListAsync(cancellation);
                var began = time.GetTimestamp();
                var events = await WatchAsync(cancellation);
                // A server that ends each watch at once must not be asked in a tight loop.
                failures = events > 0 || time.GetElapsedTime(began) > TimeSpan.FromSeconds(1) ? 0 : failures + 1;
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (KubeApiException e) when (e.IsExpired)
            {
                version = null;
                failures++;
            }
            catch (Exception e) when (e is KubeApiException or HttpRequestException or IOException or System.Text.Json.JsonException or OperationCanceledException)
            {
                Away(collection.Resource, e.Message);
                failures++;
            }
            // The first expiry is a normal event: list again at once.
            if (failures <= (version is null ? 1 : 0)) continue;
            try
            {
                await Task.Delay(options.Backoff.Delay(failures - 1), time, cancellation);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task ListAsync(CancellationToken cancellation)
    {
        var listed = new HashSet<(string, string)>();
        string? next = null, listVersion;
        do
        {
            var query = $"limit={options.PageSize}" + (options.Query is null ? "" : $"&{options.Query}") + (next is null ? "" : $"&continue={Uri.EscapeDataString(next)}");
            var page = await client.ListAsync(collection, query, cancellation);
            var (apiVersion, kind) = ((string?)page["apiVersion"], (string?)page["kind"]);
            foreach (var item in (page["items"] as JsonArray ?? []).OfType<JsonObject>())
            {
                // Items of a list of built-in kinds do not name their kind.
                item["apiVersion"] ??= apiVersion;
                item["kind"] ??= kind is null ? null : kind.EndsWith("List", StringComparison.Ordinal) ? kind[..^4] : kind;
                listed.Add(ObjectStore.KeyOf(item));
                Publish(Take(item));
            }
            next = (string?)page["metadata"]?["continue"];
            listVersion = (string?)page["metadata"]?["resourceVersion"] ?? "";
        }
        while (!string.IsNullOrEmpty(next));

        List<ObjectChange> gone;
        lock (gate)
        {
            version = listVersion;
            Advance(listVersion);
            gone = store.RemoveAllBut(listed, seen);
        }
        foreach (var change in gone) Publish(change);
        synced.TrySetResult();
    }

    private async Task<int> WatchAsync(CancellationToken cancellation)
    {
        var events = 0;
        // Between five and ten minutes, different for each, so that watches do not all end together.
        var query = $"allowWatchBookmarks=true&resourceVersion={version}&timeoutSeconds={Random.Shared.Next(300, 600)}" + (options.Query is null ? "" : $"&{options.Query}");
        await foreach (var e in client.WatchAsync(collection, query, cancellation, Knows))
        {
            events++;
            if (e.Type == "BOOKMARK") Seen(e.Object);
            else Publish(e.Type == "DELETED" ? Drop(e.Object) : Take(e.Object));
        }
        return events;
    }

    /// <summary>Most events about objects that we write ourselves tell what <see cref="Observe"/> has taken in: they are not worth parsing.</summary>
    private bool Knows(WatchHead head)
    {
        if (head.Type is not ("ADDED" or "MODIFIED")) return false;
        lock (gate)
        {
            if (store.Get(head.Namespace, head.Name) is not { } there || ObjectStore.Version(there) is not { } have || have < head.Version) return false;
            version = head.Version.ToString(CultureInfo.InvariantCulture);
            if (head.Version > seen) seen = head.Version;
            return true;
        }
    }

    private ObjectChange? Take(JsonObject obj)
    {
        lock (gate)
        {
            if (version is not null) Seen(obj);
            return store.Put(Cut(obj));
        }
    }

    private ObjectChange? Drop(JsonObject obj)
    {
        lock (gate)
        {
            Seen(obj);
            return store.Remove(obj);
        }
    }

    private void Seen(JsonObject obj)
    {
        if ((string?)obj["metadata"]?["resourceVersion"] is not { } v) return;
        version = v;
        Advance(v);
    }

    private void Advance(string? to)
    {
        if (ulong.TryParse(to, NumberStyles.None, CultureInfo.InvariantCulture, out var v) && v > seen) seen = v;
    }

    private JsonObject Cut(JsonObject obj)
    {
        var kept = options.Transform is null ? obj : options.Transform(obj);
        Settle(kept);
        return kept;
    }

    private void Publish(ObjectChange? change)
    {
        if (change is null) return;
        foreach (var handler in handlers) handler(change);
    }

    /// <summary>Parsed nodes unfold on first use, which is a write: unfold all now, since many threads will read.</summary>
    private static void Settle(JsonNode? node)
    {
        if (node is JsonObject o)
        {
            foreach (var member in o) Settle(member.Value);
        }
        else if (node is JsonArray a)
        {
            foreach (var item in a) Settle(item);
        }
    }

    [LoggerMessage(110, LogLevel.Warning, "cannot watch {Resource}, will try again: {Why}")]
    private partial void Away(string resource, string why);
}
