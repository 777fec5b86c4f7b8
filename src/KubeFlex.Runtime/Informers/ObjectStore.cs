using System.Globalization;
using System.Text.Json.Nodes;

namespace KubeFlex.Runtime.Informers;

/// <summary>An informer's objects by namespace and name, with indexes. Objects in it are never changed, so readers share them without copying.</summary>
internal sealed class ObjectStore(IReadOnlyDictionary<string, Func<JsonObject, IEnumerable<string>>> indexers)
{
    private readonly Lock gate = new();
    private readonly Dictionary<(string Namespace, string Name), JsonObject> objects = [];
    private readonly Dictionary<(string Index, string Value), HashSet<(string, string)>> indexes = [];

    public JsonObject? Get(string? ns, string name)
    {
        lock (gate) return objects.GetValueOrDefault((ns ?? "", name));
    }

    public IReadOnlyList<JsonObject> List()
    {
        lock (gate) return [.. objects.Values];
    }

    public IReadOnlyList<JsonObject> Find(string index, string value)
    {
        if (!indexers.ContainsKey(index)) throw new ArgumentException($"no index \"{index}\"", nameof(index));
        lock (gate) return indexes.TryGetValue((index, value), out var keys) ? [.. keys.Select(k => objects[k])] : [];
    }

    /// <summary>Takes the object unless what is there is as new; says what changed, or null.</summary>
    public ObjectChange? Put(JsonObject obj)
    {
        var key = KeyOf(obj);
        lock (gate)
        {
            var old = objects.GetValueOrDefault(key);
            if (old is not null && !IsNewer(obj, old)) return null;
            if (old is not null) Unindex(key, old);
            objects[key] = obj;
            foreach (var (name, indexer) in indexers)
            {
                foreach (var value in indexer(obj))
                {
                    if (!indexes.TryGetValue((name, value), out var keys)) indexes[(name, value)] = keys = [];
                    keys.Add(key);
                }
            }
            return new ObjectChange(old, obj);
        }
    }

    /// <summary>Drops the object unless a newer one (made anew under the same name) is there.</summary>
    public ObjectChange? Remove(JsonObject last)
    {
        var key = KeyOf(last);
        lock (gate)
        {
            if (!objects.TryGetValue(key, out var old) || (Version(old) is { } there && Version(last) is { } gone && there > gone)) return null;
            return RemoveLocked(key, old);
        }
    }

    /// <summary>Drops everything that a full list does not name, but what is newer than the list.</summary>
    public List<ObjectChange> RemoveAllBut(HashSet<(string, string)> listed, ulong listVersion)
    {
        lock (gate)
        {
            return [.. objects.Where(o => !listed.Contains(o.Key) && !(Version(o.Value) > listVersion)).ToList().Select(o => RemoveLocked(o.Key, o.Value))];
        }
    }

    public static (string Namespace, string Name) KeyOf(JsonObject obj) =>
        ((string?)obj["metadata"]?["namespace"] ?? "", (string?)obj["metadata"]?["name"] ?? "");

    /// <summary>Resource versions compare as numbers since Kubernetes 1.35 says so (KEP-5504); null for a server that breaks this.</summary>
    public static ulong? Version(JsonObject obj) =>
        ulong.TryParse((string?)obj["metadata"]?["resourceVersion"], NumberStyles.None, CultureInfo.InvariantCulture, out var v) ? v : null;

    private ObjectChange RemoveLocked((string, string) key, JsonObject old)
    {
        Unindex(key, old);
        objects.Remove(key);
        return new ObjectChange(old, null);
    }

    private void Unindex((string, string) key, JsonObject old)
    {
        foreach (var (name, indexer) in indexers)
        {
            foreach (var value in indexer(old))
            {
                if (!indexes.TryGetValue((name, value), out var keys)) continue;
                keys.Remove(key);
                if (keys.Count == 0) indexes.Remove((name, value));
            }
        }
    }

    private static bool IsNewer(JsonObject candidate, JsonObject there) => (Version(candidate), Version(there)) switch
    {
        ({ } a, { } b) => a > b,
        _ => (string?)candidate["metadata"]?["resourceVersion"] != (string?)there["metadata"]?["resourceVersion"],
    };
}
