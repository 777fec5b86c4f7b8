using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Json;

namespace KubeFlex.Machinery.Patching;

/// <summary>Kubernetes' strategic merge patch: lists merge by key where the schema says so; directives <c>$patch</c>, <c>$retainKeys</c>, <c>$deleteFromPrimitiveList/…</c>, <c>$setElementOrder/…</c>.</summary>
/// <remarks>
/// A worked example. Containers merge by name, so the patch <c>{"containers":[{"name":"b","image":"b:2"},{"name":"c"}]}</c> on the
/// containers a, b changes b's image and appends c; <c>{"containers":[{"name":"a","$patch":"delete"}]}</c> takes a away;
/// <c>{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]}</c> turns the two around, and a container that the order does not name
/// keeps its place among its neighbours.
/// </remarks>
public static class StrategicMergePatch
{
    private const string Directive = "$patch";
    private const string RetainKeys = "$retainKeys";
    private const string DeleteFromPrimitiveList = "$deleteFromPrimitiveList/";
    private const string SetElementOrder = "$setElementOrder/";

    /// <summary>Applies <paramref name="patch"/> to a copy of <paramref name="document"/>.</summary>
    public static Result<JsonObject> Apply(JsonObject document, JsonObject patch, Schema schema)
    {
        try
        {
            return Merge((JsonObject)document.DeepClone(), (JsonObject)patch.DeepClone(), schema);
        }
        catch (BadPatch e)
        {
            return e.Error;
        }
    }

    // Both arguments are ours to take apart.
    private static JsonObject Merge(JsonObject target, JsonObject patch, Schema? schema)
    {
        if (patch.TryGetPropertyValue(Directive, out var directive))
        {
            switch (directive.AsString())
            {
                case "replace":
                    patch.Remove(Directive);
                    return patch;
                case "delete":
                    return [];
                default:
                    throw UnknownDirective(directive, patch);
            }
        }
        ApplyRetainKeys(target, patch);
        ApplyElementOrders(target, patch, schema);

        foreach (var (rawName, value) in patch.ToList())
        {
            if (rawName == RetainKeys) continue;
            patch.Remove(rawName);
            var deletes = rawName.StartsWith(DeleteFromPrimitiveList, StringComparison.Ordinal);
            var name = deletes ? rawName[DeleteFromPrimitiveList.Length..] : rawName;
            if (deletes && value is not JsonArray) throw Invalid("invalid patch format of primitive list");
            if (value is null)
            {
                target.Remove(name);
                continue;
            }
            target.TryGetPropertyValue(name, out var current);
            if (current is null || current.GetValueKind() != value.GetValueKind())
            {
                // Nothing to delete from; otherwise the patch's value stands, without what only speaks to a merge.
                if (!deletes) target[name] = Plain(value);
                continue;
            }
            var member = schema?.Member(name);
            target[name] = (current, value) switch
            {
                (JsonObject o, JsonObject p) => HasStrategy(member, "replace") ? p : Merge(Detached(target, name, o), p, member),
                (JsonArray a, JsonArray p) => HasStrategy(member, "merge") ? MergeList(a, p, member!, deletes) : p,
                _ => value,
            };
        }
        return target;
    }

    private static JsonNode Plain(JsonNode value)
    {
        switch (value)
        {
            case JsonObject o:
                foreach (var (name, member) in o.ToList())
                    if (member is null || name is Directive or RetainKeys || name.StartsWith(DeleteFromPrimitiveList, StringComparison.Ordinal)
                        || name.StartsWith(SetElementOrder, StringComparison.Ordinal)) o.Remove(name);
                    else Plain(member);
                break;
            case JsonArray a:
                for (var i = a.Count - 1; i >= 0; i--)
                    if (a[i] is JsonObject marked && marked.ContainsKey(Directive)) a.RemoveAt(i);
                    else if (a[i] is { } item) Plain(item);
                break;
        }
        return value;
    }

    private static JsonObject Detached(JsonObject parent, string name, JsonObject child)
    {
        // Keeps the member's place: its value changes, its position does not.
        parent[name] = null;
        return child;
    }

    private static bool HasStrategy(Schema? schema, string strategy) =>
        schema?.PatchStrategy is { } strategies && strategies.Split(',').Contains(strategy);

    private static void ApplyRetainKeys(JsonObject target, JsonObject patch)
    {
        if (!patch.TryGetPropertyValue(RetainKeys, out var node)) return;
        patch.Remove(RetainKeys);
        if (node is not JsonArray list || list.Any(k => k.AsString() is null)) throw Invalid("invalid patch format of retainKeys");
        var kept = list.Select(k => k.AsString()!).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, _) in patch)
        {
            var plain = name.StartsWith(DeleteFromPrimitiveList, StringComparison.Ordinal) ? name[DeleteFromPrimitiveList.Length..]
                : name.StartsWith(SetElementOrder, StringComparison.Ordinal) ? name[SetElementOrder.Length..] : name;
            if (!kept.Contains(plain)) throw Invalid("invalid patch format of retainKeys");
        }
        foreach (var name in target.Select(m => m.Key).Where(k => !kept.Contains(k)).ToList()) target.Remove(name);
    }

    // An order directive is worked off together with the list of its name, which is then gone from the patch.
    private static void ApplyElementOrders(JsonObject target, JsonObject patch, Schema? schema)
    {
        foreach (var (directive, orderNode) in patch.Where(m => m.Key.StartsWith(SetElementOrder, StringComparison.Ordinal)).ToList())
        {
            var name = directive[SetElementOrder.Length..];
            patch.Remove(directive);
            if (orderNode is not JsonArray order) throw Invalid("invalid patch format of setElementOrder list");
            var hasCurrent = target.TryGetPropertyValue(name, out var currentNode);
            var hasPatch = patch.TryGetPropertyValue(name, out var patchNode);
            if (hasPatch && patchNode is null) continue;
            if (!hasCurrent && !hasPatch) continue;
            if ((hasCurrent && currentNode is not (JsonArray or null)) || (hasPatch && patchNode is not JsonArray)) throw Invalid("invalid patch format of setElementOrder list");
            var current = currentNode as JsonArray ?? [];
            var member = schema?.Member(name);
            var patched = patchNode as JsonArray;
            var key = member?.PatchMergeKey;
            if (patched is not null) CheckOrder(patched, order, key);
            JsonArray merged;
            if (!hasCurrent || currentNode is null) merged = (JsonArray)patched!.DeepClone();
            else if (patched is null) merged = (JsonArray)current.DeepClone();
            else merged = HasStrategy(member, "merge") ? MergeList((JsonArray)current.DeepClone(), patched, member!, deletes: false) : (JsonArray)patched.DeepClone();
            // Lists deleted from by the parallel directive must lose those items before the order is looked at.
            if (patch.TryGetPropertyValue(DeleteFromPrimitiveList + name, out var deleted) && deleted is JsonArray gone)
            {
                patch.Remove(DeleteFromPrimitiveList + name);
                merged = Without(merged, gone);
            }
            patch.Remove(name);
            target[name] = Ordered(merged, order, current, key);
        }
    }

    // The items of the patch must appear in the order list, in the same relative order.
    private static void CheckOrder(JsonArray patched, JsonArray order, string? key)
    {
        var at = 0;
        foreach (var item in patched)
        {
            if (item is JsonObject o && o.ContainsKey(Directive)) continue;
            while (at < order.Count && !SameItem(order[at], item, key)) at++;
            if (at++ >= order.Count)
                throw Failed($"The order in patch list:\n{JsonValues.GoText(patched)}\n doesn't match $setElementOrder list:\n{JsonValues.GoText(order)}\n");
        }
    }

    private static JsonArray MergeList(JsonArray current, JsonArray patch, Schema list, bool deletes)
    {
        if (current.Count == 0 && patch.Count == 0) return [];
        var items = current.Concat(patch).ToList();
        if (items.Any(i => i is JsonObject) && items.Any(i => i is not JsonObject)) throw Failed("list element types are not identical");
        if (items.Any(i => i is JsonArray)) throw new BadPatch(new ApiError(422, "Invalid", "the server rejected our request due to an error in our request", new StatusDetails()));
        if (items[0] is not JsonObject)
        {
            if (deletes) return Without(current, patch);
            var seen = new HashSet<string>(StringComparer.Ordinal);
            var union = new JsonArray([.. items.Where(i => seen.Add(JsonValues.ScalarKey(i))).Select(i => i?.DeepClone())]);
            return Ordered(union, patch, current, null);
        }
        if (list.PatchMergeKey is not { } key) throw Failed("cannot merge lists without merge key for type map");
        return MergeByKey(current, patch, key, list.Items);
    }

    private static JsonArray MergeByKey(JsonArray current, JsonArray patch, string key, Schema? itemSchema)
    {
        var result = current.Select(i => (JsonObject)i!).ToList();
        current.Clear();
        var plain = new List<JsonObject>();
        var replace = false;
        foreach (var item in patch.Select(i => (JsonObject)i!))
        {
            if (!item.TryGetPropertyValue(Directive, out var directive))
            {
                plain.Add(item);
                continue;
            }
            switch (directive.AsString())
            {
                case "delete":
                    if (!item.ContainsKey(key)) throw NoKey(item, key);
                    result.RemoveAll(r => r.ContainsKey(key) && JsonValues.Same(r[key], item[key]));
                    break;
                case "replace":
                    replace = true;
                    break;
                case "merge":
                    throw Failed("merging lists cannot yet be specified in the patch");
                default:
                    throw UnknownDirective(directive, item);
            }
        }
        patch.Clear();
        if (replace) return new JsonArray([.. plain]);

        var before = new JsonArray([.. result.Select(r => r.DeepClone())]);
        var order = new JsonArray([.. plain.Select(p => p.ContainsKey(key) ? new JsonObject { [key] = p[key]?.DeepClone() } : throw NoKey(p, key))]);
        foreach (var item in plain)
        {
            var at = result.FindIndex(r => r.ContainsKey(key) && JsonValues.Same(r[key], item[key]));
            if (at < 0) result.Add((JsonObject)Plain(item));
            else result[at] = Merge(result[at], item, itemSchema);
        }
        var unkeyed = result.Find(r => !r.ContainsKey(key));
        if (unkeyed is not null) throw NoKey(unkeyed, key);
        return Ordered(new JsonArray([.. result]), order, before, key);
    }

    /// <summary>
    /// Brings items into an order: those named by <paramref name="order"/> follow it, the others follow <paramref name="live"/>, and each of
    /// the others goes before the first named item that stood behind it in <paramref name="live"/>.
    /// </summary>
    private static JsonArray Ordered(JsonArray items, JsonArray order, JsonArray live, string? key)
    {
        var orderAt = Positions(order, key);
        var liveAt = Positions(live, key);
        var named = new List<JsonNode?>();
        var others = new List<JsonNode?>();
        foreach (var item in items) (orderAt.ContainsKey(Identity(item, key)) ? named : others).Add(item);
        items.Clear();
        named = [.. named.OrderBy(i => orderAt[Identity(i, key)])];
        others = [.. others.OrderBy(i => liveAt.GetValueOrDefault(Identity(i, key), int.MaxValue))];

        var result = new JsonArray();
        var next = 0;
        foreach (var item in named)
        {
            if (liveAt.TryGetValue(Identity(item, key), out var place))
                while (next < others.Count && liveAt.TryGetValue(Identity(others[next], key), out var other) && other < place) result.Add(others[next++]);
            result.Add(item);
        }
        while (next < others.Count) result.Add(others[next++]);
        return result;
    }

    private static Dictionary<string, int> Positions(JsonArray list, string? key)
    {
        var positions = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < list.Count; i++) positions.TryAdd(Identity(list[i], key), i);
        return positions;
    }

    private static string Identity(JsonNode? item, string? key) => JsonValues.ScalarKey(item is JsonObject o && key is not null ? o[key] : item);

    private static bool SameItem(JsonNode? a, JsonNode? b, string? key) => Identity(a, key) == Identity(b, key);

    private static JsonArray Without(JsonArray list, JsonArray gone)
    {
        var keys = gone.Select(JsonValues.ScalarKey).ToHashSet(StringComparer.Ordinal);
        return new JsonArray([.. list.Where(i => !keys.Contains(JsonValues.ScalarKey(i))).Select(i => i?.DeepClone())]);
    }

    private static BadPatch NoKey(JsonObject item, string key) => Failed($"map: {Yaml(item)} does not contain declared merge key: {key}");

    private static BadPatch UnknownDirective(JsonNode? directive, JsonObject item) =>
        Failed($"unknown patch type: {JsonValues.GoText(directive)} in map: {Yaml(item)}");

    private static string Yaml(JsonObject item) => YamlWriter.Write(new JsonObject(item.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => KeyValuePair.Create(m.Key, m.Value?.DeepClone()))));

    // Only a few malformed patches count as the client's fault upstream; the others come out as a plain 500.
    private static BadPatch Failed(string message) => new(new ApiError(500, "", message));

    private static BadPatch Invalid(string message) => new(ApiError.BadRequest(message));

    // Merging is deeply recursive; unwinding it once beats threading a result through every level.
    private sealed class BadPatch(ApiError error) : Exception(error.Message)
    {
        internal ApiError Error => error;
    }
}
