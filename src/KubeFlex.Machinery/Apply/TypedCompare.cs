using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Json;

namespace KubeFlex.Machinery.Apply;

/// <summary>Which fields of an object came, went and changed.</summary>
internal sealed class TypedCompare
{
    private static readonly JsonObject NoMembers = [];

    private readonly List<string> path = [];

    private TypedCompare() { }

    internal FieldSet Added { get; private set; } = new();

    internal FieldSet Removed { get; private set; } = new();

    internal FieldSet Modified { get; private set; } = new();

    internal bool IsSame => Added.IsEmpty && Removed.IsEmpty && Modified.IsEmpty;

    /// <summary>What a writer of the new object touched.</summary>
    internal FieldSet Touched => Modified.Union(Added);

    internal static TypedCompare Of(Schema schema, JsonObject before, JsonObject after)
    {
        var compare = new TypedCompare();
        compare.Visit(schema, before, true, after, true);
        return compare;
    }

    /// <summary>Forgets fields that nobody may own, alone or with all below them.</summary>
    internal TypedCompare Without(FieldSet alone, FieldSet below)
    {
        Added = Added.Except(alone).ExceptBelow(below);
        Removed = Removed.Except(alone).ExceptBelow(below);
        Modified = Modified.Except(alone).ExceptBelow(below);
        return this;
    }

    private void Visit(Schema schema, JsonNode? left, bool hasLeft, JsonNode? right, bool hasRight)
    {
        var kind = Shape.Of(schema, hasRight && right is not null ? right : left);
        if (hasLeft && hasRight && left is not null && right is not null && Shape.Of(schema, left) != kind)
        {
            // A value of no fixed type changed its shape: what it was is gone, what it is has come.
            Visit(schema, left, true, null, false);
            Visit(schema, null, false, right, true);
            return;
        }
        var leaf = kind switch
        {
            ShapeKind.Map => left is not JsonObject { Count: > 0 } && right is not JsonObject { Count: > 0 },
            ShapeKind.Set or ShapeKind.KeyedList => left is not JsonArray { Count: > 0 } && right is not JsonArray { Count: > 0 },
            _ => true,
        };
        if (!hasLeft) Added.Insert(path);
        else if (!hasRight) Removed.Insert(path);
        if (leaf)
        {
            if (hasLeft && hasRight && !JsonValues.Same(left, right)) Modified.Insert(path);
            return;
        }
        if (kind == ShapeKind.Map) Members(schema, left as JsonObject ?? NoMembers, right as JsonObject ?? NoMembers);
        else Items(schema, kind, left as JsonArray, right as JsonArray);
    }

    private void Members(Schema schema, JsonObject left, JsonObject right)
    {
        var isRoot = path.Count == 0;
        foreach (var (name, value) in left)
        {
            var stays = right.TryGetPropertyValue(name, out var other);
            Member(schema, name, isRoot, value, true, other, stays);
        }
        foreach (var (name, value) in right)
            if (!left.ContainsKey(name)) Member(schema, name, isRoot, null, false, value, true);
    }

    private void Member(Schema schema, string name, bool isRoot, JsonNode? left, bool hasLeft, JsonNode? right, bool hasRight)
    {
        path.Add(PathElement.Field(name));
        // Fields that a changed schema no longer knows are kept as one value each.
        Visit(Shape.Member(schema, name, isRoot) ?? Schema.Anything, left, hasLeft, right, hasRight);
        path.RemoveAt(path.Count - 1);
    }

    private void Items(Schema schema, ShapeKind kind, JsonArray? left, JsonArray? right)
    {
        // Unchanged lists, the usual case, need no index.
        if (left is not null && right is not null && JsonValues.Same(left, right)) return;
        var before = Index(schema, kind, left);
        var after = Index(schema, kind, right);
        foreach (var (element, was) in before)
        {
            path.Add(element);
            Item(schema.Items ?? Schema.Anything, was, after.GetValueOrDefault(element));
            path.RemoveAt(path.Count - 1);
        }
        foreach (var (element, now) in after)
        {
            if (before.ContainsKey(element)) continue;
            path.Add(element);
            Item(schema.Items ?? Schema.Anything, null, now);
            path.RemoveAt(path.Count - 1);
        }
    }

    // Stored lists may hold an element twice (validation of older versions let them in): such elements are owned together, as one.
    private void Item(Schema item, List<JsonNode?>? was, List<JsonNode?>? now)
    {
        int before = was?.Count ?? 0, after = now?.Count ?? 0;
        if (before <= 1 && after <= 1)
        {
            Visit(item, before == 1 ? was![0] : null, before == 1, after == 1 ? now![0] : null, after == 1);
        }
        else if (before >= 2 && after >= 2)
        {
            if (before != after || !was!.Zip(now!).All(p => JsonValues.Same(p.First, p.Second))) Modified.Insert(path);
        }
        else if (before >= 2)
        {
            if (after == 1) Visit(item, null, false, now![0], true);
            Removed.Insert(path);
        }
        else
        {
            if (before == 1) Visit(item, was![0], true, null, false);
            Added.Insert(path);
        }
    }

    private static Dictionary<string, List<JsonNode?>> Index(Schema schema, ShapeKind kind, JsonArray? list)
    {
        var index = new Dictionary<string, List<JsonNode?>>(StringComparer.Ordinal);
        foreach (var item in list ?? [])
        {
            if (Shape.ItemElement(schema, kind, item, out _) is not { } element) continue;
            if (!index.TryGetValue(element, out var items)) index[element] = items = [];
            items.Add(item);
        }
        return index;
    }
}
