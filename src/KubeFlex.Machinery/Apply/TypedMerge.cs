using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;

namespace KubeFlex.Machinery.Apply;

/// <summary>Lays a configuration over a live object: what the configuration states wins, lists keep their items by key.</summary>
internal static class TypedMerge
{
    internal static JsonObject Merge(Schema schema, JsonObject live, JsonObject config) => (JsonObject)Merge(schema, live, config, isRoot: true)!;

    private static JsonNode? Merge(Schema schema, JsonNode? live, JsonNode? config, bool isRoot)
    {
        var kind = Shape.Of(schema, config ?? live);
        switch (kind)
        {
            case ShapeKind.Map when live is JsonObject { Count: > 0 } l && config is JsonObject or null:
                return Members(schema, l, config as JsonObject ?? [], isRoot);
            case ShapeKind.Set or ShapeKind.KeyedList when live is JsonArray { Count: > 0 } l && config is JsonArray or null:
                return Items(schema, kind, l, config as JsonArray ?? []);
            default:
                return config?.DeepClone();
        }
    }

    private static JsonObject Members(Schema schema, JsonObject live, JsonObject config, bool isRoot)
    {
        var result = new JsonObject();
        foreach (var (name, value) in live)
            result[name] = config.TryGetPropertyValue(name, out var stated)
                ? Merge(Shape.Member(schema, name, isRoot) ?? Schema.Anything, value, stated, false)
                : value?.DeepClone();
        foreach (var (name, value) in config)
            if (!live.ContainsKey(name)) result[name] = value?.DeepClone();
        return result;
    }

    // The configuration's order rules for the items it names. Live items that it does not name stay where they are relative to the shared
    // ones around them: live [a,x,b] under the configuration [b,n,a] gives [x,b,n,a].
    private static JsonArray Items(Schema schema, ShapeKind kind, JsonArray live, JsonArray config)
    {
        var itemSchema = schema.Items ?? Schema.Anything;
        var liveKeys = live.Select(i => Shape.ItemElement(schema, kind, i, out _) ?? "").ToList();
        var configKeys = config.Select(i => Shape.ItemElement(schema, kind, i, out _) ?? "").ToList();
        var liveItems = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        // Of an element that stands twice, none is merged with: the configuration replaces them.
        for (var i = 0; i < live.Count; i++)
            if (!liveItems.TryAdd(liveKeys[i], live[i])) liveItems[liveKeys[i]] = null;
        var stated = configKeys.ToHashSet(StringComparer.Ordinal);
        var shared = new Queue<string>(configKeys.Where(liveItems.ContainsKey));
        var placed = new HashSet<string>(StringComparer.Ordinal);
        var result = new JsonArray();

        void Place(int c)
        {
            var key = configKeys[c];
            result.Add(liveItems.GetValueOrDefault(key) is { } counterpart ? Merge(itemSchema, counterpart, config[c], false) : config[c]?.DeepClone());
            placed.Add(key);
            if (shared.Count > 0 && shared.Peek() == key) shared.Dequeue();
        }

        int at = 0, next = 0;
        while (at < live.Count || next < config.Count)
        {
            if (at < live.Count)
            {
                var key = liveKeys[at];
                if (!stated.Contains(key))
                {
                    result.Add(live[at++]?.DeepClone());
                    continue;
                }
                if (next < config.Count && configKeys[next] == key)
                {
                    Place(next++);
                    at++;
                    continue;
                }
                // Not its turn in the configuration's order: it is placed when that comes, or was already.
                if (placed.Contains(key) || next >= config.Count || (shared.Count > 0 && shared.Peek() != key))
                {
                    at++;
                    continue;
                }
            }
            if (next < config.Count) Place(next++);
        }
        return result;
    }
}
