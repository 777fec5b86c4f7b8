namespace KubeFlex.Storage.Engine;

/// <summary>A node of <see cref="VersionTree"/>; never changed after it was made.</summary>
internal abstract class Node(int live)
{
    /// <summary>Keys below that are not deleted.</summary>
    public int Live { get; } = live;

    /// <summary>Items or children.</summary>
    public abstract int Size { get; }

    public abstract byte[] First { get; }

    /// <summary>With a new newest version; two nodes when it had to split.</summary>
    public abstract (Node Left, Node? Right) With(KeyValue head);

    /// <summary>Without a key; null when nothing is left, itself when the key was not there.</summary>
    public abstract Node? Without(ReadOnlySpan<byte> key);

    /// <summary>False when the visitor has enough or the end is reached.</summary>
    public abstract bool Visit<TVisitor>(byte[]? from, byte[]? to, ref TVisitor visitor) where TVisitor : struct, IVersionVisitor;
}

internal sealed class Leaf(KeyValue[] items, int live) : Node(live)
{
    public const int Most = 32;

    public KeyValue[] Items { get; } = items;

    public override int Size => Items.Length;

    public override byte[] First => Items[0].Key;

    /// <summary>Where the key is, or the complement of where it belongs.</summary>
    public int Position(ReadOnlySpan<byte> key)
    {
        int low = 0, high = Items.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >> 1;
            var order = key.SequenceCompareTo(Items[middle].Key);
            if (order == 0) return middle;
            if (order < 0) high = middle - 1;
            else low = middle + 1;
        }
        return ~low;
    }

    public override (Node Left, Node? Right) With(KeyValue head)
    {
        var at = Position(head.Key);
        if (at >= 0)
        {
            var same = (KeyValue[])Items.Clone();
            same[at] = head;
            return (new Leaf(same, Live + One(head) - One(Items[at])), null);
        }
        at = ~at;
        var items = new KeyValue[Items.Length + 1];
        Array.Copy(Items, items, at);
        items[at] = head;
        Array.Copy(Items, at, items, at + 1, Items.Length - at);
        if (items.Length <= Most) return (new Leaf(items, Live + One(head)), null);

        // Keys that arrive in order (events, names with a counter) leave full leaves behind instead of half-empty ones.
        var half = at == Items.Length ? Most : items.Length / 2;
        return (Counted(items[..half]), Counted(items[half..]));
    }

    public override Node? Without(ReadOnlySpan<byte> key)
    {
        var at = Position(key);
        if (at < 0) return this;
        if (Items.Length == 1) return null;
        var items = new KeyValue[Items.Length - 1];
        Array.Copy(Items, items, at);
        Array.Copy(Items, at + 1, items, at, items.Length - at);
        return new Leaf(items, Live - One(Items[at]));
    }

    public override bool Visit<TVisitor>(byte[]? from, byte[]? to, ref TVisitor visitor)
    {
        var at = 0;
        if (from is not null && (at = Position(from)) < 0) at = ~at;
        for (; at < Items.Length; at++)
        {
            var item = Items[at];
            if (to is not null && item.Key.AsSpan().SequenceCompareTo(to) >= 0 || !visitor.Visit(item)) return false;
        }
        return true;
    }

    public static Leaf Join(Leaf left, Leaf right) => new([.. left.Items, .. right.Items], left.Live + right.Live);

    private static int One(KeyValue item) => item.Deleted ? 0 : 1;

    private static Leaf Counted(KeyValue[] items)
    {
        var live = 0;
        foreach (var item in items) live += One(item);
        return new(items, live);
    }
}

internal sealed class Branch : Node
{
    public const int Most = 32;

    // First keys beside the children, so that a search touches this node only.
    private readonly byte[][] firsts;

    private Branch(byte[][] firsts, Node[] children, int live) : base(live) => (this.firsts, Children) = (firsts, children);

    public Node[] Children { get; }

    public override int Size => Children.Length;

    public override byte[] First => firsts[0];

    public static Node Of(Node[] children)
    {
        var firsts = new byte[children.Length][];
        var live = 0;
        for (var i = 0; i < children.Length; i++)
        {
            firsts[i] = children[i].First;
            live += children[i].Live;
        }
        return new Branch(firsts, children, live);
    }

    /// <summary>The child that holds the key or would.</summary>
    public int ChildFor(ReadOnlySpan<byte> key)
    {
        int low = 1, high = firsts.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >> 1;
            if (key.SequenceCompareTo(firsts[middle]) < 0) high = middle - 1;
            else low = middle + 1;
        }
        return low - 1;
    }

    public override (Node Left, Node? Right) With(KeyValue head)
    {
        var at = ChildFor(head.Key);
        var (left, right) = Children[at].With(head);
        if (right is null) return (Replace(at, left), null);

        var children = new Node[Children.Length + 1];
        Array.Copy(Children, children, at);
        children[at] = left;
        children[at + 1] = right;
        Array.Copy(Children, at + 1, children, at + 2, Children.Length - at - 1);
        if (children.Length <= Most) return (Of(children), null);
        var half = at == Children.Length - 1 ? Most : children.Length / 2;
        return (Of(children[..half]), Of(children[half..]));
    }

    public override Node? Without(ReadOnlySpan<byte> key)
    {
        var at = ChildFor(key);
        var child = Children[at].Without(key);
        if (ReferenceEquals(child, Children[at])) return this;
        if (child is null) return Children.Length == 1 ? null : Of([.. Children[..at], .. Children[(at + 1)..]]);

        // A leaf that ran low joins a neighbour when both fit with room to spare; branches just shrink and vanish when empty.
        if (child is Leaf { Size: < Leaf.Most / 4 } small)
        {
            if (at + 1 < Children.Length && Children[at + 1] is Leaf next && small.Size + next.Size <= Leaf.Most * 3 / 4)
                return Of([.. Children[..at], Leaf.Join(small, next), .. Children[(at + 2)..]]);
            if (at > 0 && Children[at - 1] is Leaf previous && small.Size + previous.Size <= Leaf.Most * 3 / 4)
                return Of([.. Children[..(at - 1)], Leaf.Join(previous, small), .. Children[(at + 1)..]]);
        }
        return Replace(at, child);
    }

    public override bool Visit<TVisitor>(byte[]? from, byte[]? to, ref TVisitor visitor)
    {
        for (var at = from is null ? 0 : ChildFor(from); at < Children.Length; at++)
        {
            if (!Children[at].Visit(from, to, ref visitor)) return false;
            from = null;
        }
        return true;
    }

    private Branch Replace(int at, Node child)
    {
        var children = (Node[])Children.Clone();
        children[at] = child;
        var keys = firsts;
        if (!ReferenceEquals(child.First, firsts[at]))
        {
            keys = (byte[][])firsts.Clone();
            keys[at] = child.First;
        }
        return new(keys, children, Live + child.Live - Children[at].Live);
    }
}
