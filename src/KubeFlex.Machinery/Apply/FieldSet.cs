using System.Text.Json.Nodes;

namespace KubeFlex.Machinery.Apply;

/// <summary>
/// A set of field paths as a tree: each node knows whether its own path is in the set. Built with <see cref="Insert"/>, then treated as
/// immutable: operations share subtrees and give back the same instance when nothing changed.
/// </summary>
/// <remarks>The object <c>{"data":{"a":"1"}}</c> of a map yields the paths <c>data</c> and <c>data.a</c>, written <c>{"f:data":{".":{},"f:a":{}}}</c>.</remarks>
internal sealed class FieldSet
{
    internal static readonly FieldSet Empty = new();

    private static readonly Comparer<string> Order = Comparer<string>.Create(PathElement.Compare);

    private Dictionary<string, FieldSet>? children;

    internal bool IsMember { get; private set; }

    internal bool IsEmpty => !IsMember && (children is null || children.Count == 0);

    internal bool HasChildren => children is { Count: > 0 };

    internal IEnumerable<KeyValuePair<string, FieldSet>> Children => children ?? Enumerable.Empty<KeyValuePair<string, FieldSet>>();

    internal FieldSet? Child(string element) => children is not null && children.TryGetValue(element, out var c) ? c : null;

    internal static FieldSet Of(params string[][] paths)
    {
        var set = new FieldSet();
        foreach (var path in paths) set.Insert(path);
        return set;
    }

    /// <summary>Only while building.</summary>
    internal void Insert(IReadOnlyList<string> path)
    {
        // The empty path is the whole object; nobody owns that.
        if (path.Count == 0) return;
        var node = this;
        foreach (var element in path)
        {
            node.children ??= new Dictionary<string, FieldSet>(StringComparer.Ordinal);
            if (!node.children.TryGetValue(element, out var next)) node.children[element] = next = new FieldSet();
            node = next;
        }
        node.IsMember = true;
    }

    internal FieldSet Union(FieldSet other)
    {
        if (other.IsEmpty || ReferenceEquals(this, other)) return this;
        if (IsEmpty) return other;
        var result = new FieldSet { IsMember = IsMember || other.IsMember };
        if (children is null) result.children = other.children;
        else if (other.children is null) result.children = children;
        else
        {
            result.children = new Dictionary<string, FieldSet>(children, StringComparer.Ordinal);
            foreach (var (element, theirs) in other.children)
                result.children[element] = children.TryGetValue(element, out var ours) ? ours.Union(theirs) : theirs;
        }
        return result;
    }

    internal FieldSet Intersect(FieldSet other)
    {
        if (IsEmpty || other.IsEmpty) return Empty;
        var result = new FieldSet { IsMember = IsMember && other.IsMember };
        foreach (var (element, ours) in Children)
            if (other.Child(element) is { } theirs) result.Attach(element, ours.Intersect(theirs));
        return result;
    }

    /// <summary>Without the paths of the other; what lies below such a path stays.</summary>
    internal FieldSet Except(FieldSet other) => Except(other, recursive: false);

    /// <summary>Without the paths of the other and all below them.</summary>
    internal FieldSet ExceptBelow(FieldSet other) => Except(other, recursive: true);

    private FieldSet Except(FieldSet other, bool recursive)
    {
        if (IsEmpty || other.IsEmpty) return this;
        if (recursive && other.IsMember) return Empty;
        var result = new FieldSet { IsMember = IsMember && !other.IsMember };
        var changed = result.IsMember != IsMember;
        foreach (var (element, ours) in Children)
        {
            var rest = other.Child(element) is { } theirs ? ours.Except(theirs, recursive) : ours;
            changed |= !ReferenceEquals(rest, ours);
            result.Attach(element, rest);
        }
        return changed ? result : this;
    }

    private void Attach(string element, FieldSet child)
    {
        if (!child.IsEmpty) (children ??= new Dictionary<string, FieldSet>(StringComparer.Ordinal))[element] = child;
    }

    /// <summary>A node with given members, for walks that rebuild a set.</summary>
    internal static FieldSet Node(bool member, IEnumerable<KeyValuePair<string, FieldSet>> children)
    {
        var node = new FieldSet { IsMember = member };
        foreach (var (element, child) in children) node.Attach(element, child);
        return node;
    }

    internal bool SetEquals(FieldSet other) =>
        IsMember == other.IsMember && (children?.Count ?? 0) == (other.children?.Count ?? 0)
        && Children.All(c => other.Child(c.Key) is { } theirs && c.Value.SetEquals(theirs));

    /// <summary>All paths in upstream's order: at each level the members, then what lies below.</summary>
    internal IEnumerable<IReadOnlyList<string>> Paths() => Paths([]);

    private IEnumerable<IReadOnlyList<string>> Paths(string[] prefix)
    {
        var sorted = Children.OrderBy(c => c.Key, Order).ToList();
        foreach (var (element, child) in sorted)
            if (child.IsMember) yield return [.. prefix, element];
        foreach (var (element, child) in sorted)
            if (child.HasChildren)
                foreach (var path in child.Paths([.. prefix, element])) yield return path;
    }

    internal static string Display(IEnumerable<string> path) => string.Concat(path.Select(PathElement.Display));

    /// <summary>FieldsV1.</summary>
    internal JsonObject ToJson()
    {
        var json = new JsonObject();
        if (IsMember && HasChildren) json["."] = new JsonObject();
        if (children is null) return json;
        foreach (var (element, child) in children.OrderBy(c => c.Key, Order)) json[element] = child.ToJson();
        return json;
    }

    /// <summary>Reads FieldsV1; null when it is malformed.</summary>
    internal static FieldSet? FromJson(JsonObject json) => FromJson(json, isRoot: true);

    private static FieldSet? FromJson(JsonObject json, bool isRoot)
    {
        var set = new FieldSet { IsMember = !isRoot && (json.Count == 0 || json.ContainsKey(".")) };
        foreach (var (text, node) in json)
        {
            if (text == ".") continue;
            if (PathElement.Parse(text) is not { } element || node is not (JsonObject or null) || FromJson(node as JsonObject ?? [], false) is not { } child) return null;
            set.Attach(element, set.Child(element) is { } twice ? twice.Union(child) : child);
        }
        return set;
    }
}
