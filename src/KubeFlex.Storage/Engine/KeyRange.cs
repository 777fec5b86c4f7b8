namespace KubeFlex.Storage.Engine;

/// <summary>
/// One key or a half-open range, after etcd's <c>key</c>/<c>range_end</c>: no end is one key, <c>"\0"</c> is everything from the key on.
/// </summary>
internal readonly struct KeyRange : IEquatable<KeyRange>
{
    public KeyRange(byte[] key, byte[]? end)
    {
        From = key;
        Single = end is null or { Length: 0 };
        To = Single ? Next(key) : end is [0] ? null : end;
    }

    /// <summary>First key.</summary>
    public byte[] From { get; }

    /// <summary>First key after the range; null when the range has no end.</summary>
    public byte[]? To { get; }

    /// <summary>Exactly one key.</summary>
    public bool Single { get; }

    public bool Contains(ReadOnlySpan<byte> key) =>
        Single ? key.SequenceEqual(From) : key.SequenceCompareTo(From) >= 0 && (To is null || key.SequenceCompareTo(To) < 0);

    public bool Equals(KeyRange other) =>
        From.AsSpan().SequenceEqual(other.From) && To is null == other.To is null && (To is null || To.AsSpan().SequenceEqual(other.To));

    public override bool Equals(object? obj) => obj is KeyRange other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(From);
        if (To is not null) hash.AddBytes(To);
        return hash.ToHashCode();
    }

    /// <summary>The smallest key greater than this one.</summary>
    private static byte[] Next(byte[] key)
    {
        var next = new byte[key.Length + 1];
        key.CopyTo(next, 0);
        return next;
    }
}

/// <summary>Bytes as dictionary keys.</summary>
internal sealed class KeyComparer : IEqualityComparer<byte[]>
{
    public static KeyComparer Instance { get; } = new();

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode(byte[] obj)
    {
        var hash = new HashCode();
        hash.AddBytes(obj);
        return hash.ToHashCode();
    }
}
