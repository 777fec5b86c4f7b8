namespace KubeFlex.Storage.Engine;

/// <summary>
/// The ordered index: key → newest version, as a persistent B-tree. A change copies the path from the root to one leaf and shares the rest,
/// so every tree ever made stays readable without locks: readers keep the durable one while writers build the next ones on top of it.
/// <para>
/// Example with leaves of two: <c>[b d]</c> plus key <c>c</c> splits into a branch over <c>[b c] [d]</c>; the old tree <c>[b d]</c> is untouched,
/// and going back to it after a failed commit is one assignment.
/// </para>
/// Arrays are exactly as long as needed (they are copied anyway), each node knows how many live keys it holds, so counting a range never walks it.
/// </summary>
internal sealed class VersionTree
{
    public static VersionTree Empty { get; } = new(new Leaf([], 0));

    private readonly Node root;

    private VersionTree(Node root) => this.root = root;

    /// <summary>Keys that are not deleted.</summary>
    public int Live => root.Live;

    /// <summary>The newest version of a key, perhaps a tombstone.</summary>
    public KeyValue? Find(ReadOnlySpan<byte> key)
    {
        var node = root;
        while (node is Branch branch) node = branch.Children[branch.ChildFor(key)];
        var leaf = (Leaf)node;
        var at = leaf.Position(key);
        return at >= 0 ? leaf.Items[at] : null;
    }

    /// <summary>This tree with <paramref name="head"/> as the newest version of its key.</summary>
    public VersionTree With(KeyValue head)
    {
        var (left, right) = root.With(head);
        return new(right is null ? left : Branch.Of([left, right]));
    }

    /// <summary>This tree without a key.</summary>
    public VersionTree Without(ReadOnlySpan<byte> key)
    {
        var node = root.Without(key);
        while (node is Branch { Children.Length: 1 } branch) node = branch.Children[0];
        return node is null ? Empty : ReferenceEquals(node, root) ? this : new(node);
    }

    /// <summary>Live keys in a range.</summary>
    public int Count(in KeyRange range)
    {
        if (range.Single) return Find(range.From) is { Deleted: false } ? 1 : 0;
        var upTo = range.To is null ? root.Live : Below(range.To);
        return Math.Max(0, upTo - Below(range.From));
    }

    /// <summary>Shows the newest versions of a range in order until the visitor has enough.</summary>
    public void Visit<TVisitor>(in KeyRange range, ref TVisitor visitor) where TVisitor : struct, IVersionVisitor
    {
        if (range.Single)
        {
            if (Find(range.From) is { } one) visitor.Visit(one);
            return;
        }
        root.Visit(range.From, range.To, ref visitor);
    }

    /// <summary>A tree of versions that are sorted by key, packed full.</summary>
    public static VersionTree Build(IReadOnlyList<KeyValue> sorted)
    {
        if (sorted.Count == 0) return Empty;
        var level = new List<Node>();
        for (var start = 0; start < sorted.Count; start += Leaf.Most)
        {
            var items = new KeyValue[Math.Min(Leaf.Most, sorted.Count - start)];
            for (var i = 0; i < items.Length; i++) items[i] = sorted[start + i];
            level.Add(new Leaf(items, items.Count(item => !item.Deleted)));
        }
        while (level.Count > 1) level = [.. level.Chunk(Branch.Most).Select(Branch.Of)];
        return new(level[0]);
    }

    private int Below(ReadOnlySpan<byte> key)
    {
        var below = 0;
        var node = root;
        while (node is Branch branch)
        {
            var at = branch.ChildFor(key);
            for (var i = 0; i < at; i++) below += branch.Children[i].Live;
            node = branch.Children[at];
        }
        foreach (var item in ((Leaf)node).Items)
        {
            if (key.SequenceCompareTo(item.Key) <= 0) break;
            if (!item.Deleted) below++;
        }
        return below;
    }
}

/// <summary>Sees versions in key order. A struct, so that walking allocates nothing.</summary>
internal interface IVersionVisitor
{
    /// <summary>False when it has seen enough.</summary>
    bool Visit(KeyValue head);
}
