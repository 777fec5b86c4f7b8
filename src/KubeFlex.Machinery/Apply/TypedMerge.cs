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
    // ones around them. Items shared in the same order by both lists are anchors, which cut both into stretches; of each stretch, the
    // live items that the configuration does not name come first, then what it has there, then the anchor:
    //   live [a,x,b] under the configuration [b,n,a]: the anchor is b, for a is not its first shared item; [x] b [n,a]
    private static JsonArray Items(Schema schema, ShapeKind kind, JsonArray live, JsonArray config)
    {
        var liveKeys = live.Select(i => Shape.ItemElement(schema, kind, i, out _) ?? "").ToList();
        var configKeys = config.Select(i => Shape.ItemElement(schema, kind, i, out _) ?? "").ToList();
        var stated = configKeys.ToHashSet(StringComparer.Ordinal);
        var counterparts = Counterparts(live, liveKeys);
        var result = new JsonArray();
        var next = 0;

        // What the configuration has up to and including this place.
        void StateUpTo(int end)
        {
            for (; next <= end; next++)
                result.Add(counterparts.GetValueOrDefault(configKeys[next]) is { } counterpart
                    ? Merge(schema.Items ?? Schema.Anything, counterpart, config[next], false) : config[next]?.DeepClone());
        }

        int NextShared() => configKeys.FindIndex(next, counterparts.ContainsKey);

        for (var (at, anchor) = (0, NextShared()); at < live.Count; at++)
        {
            if (!stated.Contains(liveKeys[at])) result.Add(live[at]?.DeepClone());
            else if (anchor >= 0 && configKeys[anchor] == liveKeys[at])
            {
                StateUpTo(anchor);
                anchor = NextShared();
            }
        }
        StateUpTo(config.Count - 1);
        return result;
    }

    // Of an element that stands twice, none is merged with: the configuration replaces them.
    private static Dictionary<string, JsonNode?> Counterparts(JsonArray live, List<string> keys)
    {
        var found = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        for (var i = 0; i < live.Count; i++)
            if (!found.TryAdd(keys[i], live[i])) found[keys[i]] = null;
        return found;
    }
}
