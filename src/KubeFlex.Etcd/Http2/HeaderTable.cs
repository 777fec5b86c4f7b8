using System.Text;

namespace KubeFlex.Etcd.Http2;

/// <summary>A field of a header list.</summary>
internal readonly record struct HeaderField(byte[] Name, byte[] Value)
{
    /// <summary>What a field counts for beyond its bytes, in tables (RFC 7541, section 4.1) and in lists (RFC 9113, section 6.5.2).</summary>
    public const int Overhead = 32;

    public int Size => Name.Length + Value.Length + Overhead;
}

/// <summary>
/// HPACK's fields by number (RFC 7541, section 2.3): 1 to 61 are the same for everybody, from 62 on come those that the peer has added, the newest first.
/// </summary>
internal sealed class HeaderTable
{
    private static readonly HeaderField[] Known =
    [.. new (string Name, string Value)[]
    {
        (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"), (":path", "/index.html"), (":scheme", "http"), (":scheme", "https"), (":status", "200"),
        (":status", "204"), (":status", "206"), (":status", "304"), (":status", "400"), (":status", "404"), (":status", "500"), ("accept-charset", ""),
        ("accept-encoding", "gzip, deflate"), ("accept-language", ""), ("accept-ranges", ""), ("accept", ""), ("access-control-allow-origin", ""), ("age", ""), ("allow", ""),
        ("authorization", ""), ("cache-control", ""), ("content-disposition", ""), ("content-encoding", ""), ("content-language", ""), ("content-length", ""),
        ("content-location", ""), ("content-range", ""), ("content-type", ""), ("cookie", ""), ("date", ""), ("etag", ""), ("expect", ""), ("expires", ""), ("from", ""),
        ("host", ""), ("if-match", ""), ("if-modified-since", ""), ("if-none-match", ""), ("if-range", ""), ("if-unmodified-since", ""), ("last-modified", ""), ("link", ""),
        ("location", ""), ("max-forwards", ""), ("proxy-authenticate", ""), ("proxy-authorization", ""), ("range", ""), ("referer", ""), ("refresh", ""), ("retry-after", ""),
        ("server", ""), ("set-cookie", ""), ("strict-transport-security", ""), ("transfer-encoding", ""), ("user-agent", ""), ("vary", ""), ("via", ""),
        ("www-authenticate", ""),
    }.Select(field => new HeaderField(Encoding.ASCII.GetBytes(field.Name), Encoding.ASCII.GetBytes(field.Value)))];

    // A ring.
    private readonly HeaderField[] added;
    private readonly int most;
    private int newest, count, size, capacity;

    /// <param name="most">Bytes that the peer may use.</param>
    public HeaderTable(int most) => (this.most, capacity, added) = (most, most, new HeaderField[(most / HeaderField.Overhead) + 1]);

    /// <summary>Null when there is none.</summary>
    public HeaderField? Find(int index)
    {
        if (index <= 0) return null;
        if (index <= Known.Length) return Known[index - 1];
        index -= Known.Length + 1;
        return index < count ? added[(newest - index + added.Length) % added.Length] : null;
    }

    /// <summary>One that has no room, even alone, empties the table (section 4.4).</summary>
    public void Add(HeaderField field)
    {
        Evict(capacity - field.Size);
        if (field.Size > capacity) return;
        newest = (newest + 1) % added.Length;
        added[newest] = field;
        (count, size) = (count + 1, size + field.Size);
    }

    /// <summary>False when the peer was not allowed so much.</summary>
    public bool TryResize(int bytes)
    {
        if (bytes > most) return false;
        capacity = bytes;
        Evict(bytes);
        return true;
    }

    private void Evict(int room)
    {
        while (count > 0 && size > room)
        {
            ref var oldest = ref added[(newest - count + 1 + added.Length) % added.Length];
            size -= oldest.Size;
            oldest = default;
            count--;
        }
    }
}
