using System.Buffers.Binary;

namespace KubeFlex.Etcd.Snapshots;

/// <summary>A row of a bucket: its value is written when its page is.</summary>
internal readonly record struct BoltRow(byte[] Key, int ValueSize, Action<Memory<byte>> WriteValue)
{
    public static BoltRow Of(byte[] key, byte[] value) => new(key, value.Length, to => value.CopyTo(to.Span));
}

/// <summary>
/// Writes a database of bbolt, etcd's storage, front to back. The format: pages of 4 KiB, numbered; two meta pages, a list of free pages (none), then
/// B-trees of leaf and branch pages; a page that needs more room than one page says how many follow it. The root tree's rows are buckets: each value
/// names the bucket's root page. All is planned first, so that nothing is written twice:
/// <code>0 meta | 1 meta | 2 free list | 3 buckets: "key" → page 6 | 4 leaf 1_0 … 9_0 | 5 leaf 10_0 … | 6 branch 1_0 → 4, 10_0 → 5</code>
/// </summary>
internal sealed class BoltFile
{
    private const int PageSize = 4096;
    private const int PageHeader = 16;
    private const int Element = 16;
    private const ushort BranchFlag = 1, LeafFlag = 2, MetaFlag = 4, FreeListFlag = 16;
    private const ulong RootPage = 3;

    private readonly List<Page> pages = [];
    private ulong next = RootPage + 1;

    /// <summary>Plans a file; rows are sorted by key, buckets by name.</summary>
    public BoltFile(IReadOnlyList<(byte[] Name, IReadOnlyList<BoltRow> Rows)> buckets)
    {
        var roots = new List<BoltRow>();
        foreach (var (name, rows) in buckets)
        {
            // A bucket without rows lives inside its own row: bucket header with root 0, then an empty leaf page.
            var value = new byte[rows.Count == 0 ? Element + PageHeader : Element];
            if (rows.Count == 0) BinaryPrimitives.WriteUInt16LittleEndian(value.AsSpan(Element + 8), LeafFlag);
            else BinaryPrimitives.WriteUInt64LittleEndian(value, Plan(rows));
            roots.Add(BoltRow.Of(name, value));
        }
        pages.Insert(0, new(RootPage, 1, roots, 0, roots.Count, null));
    }

    public long Size => (long)next * PageSize;

    /// <summary>The file's pages in order, some more than one page long.</summary>
    public IEnumerable<byte[]> Pages()
    {
        yield return Meta(0);
        yield return Meta(1);
        var free = new byte[PageSize];
        Header(free, 2, FreeListFlag, 0, 1);
        yield return free;
        foreach (var page in pages) yield return page.Children is null ? Leaf(page) : Branch(page);
    }

    private ulong Plan(IReadOnlyList<BoltRow> rows)
    {
        var level = new List<Page>();
        for (int first = 0, count; first < rows.Count; first += count)
        {
            var used = PageHeader;
            for (count = 0; first + count < rows.Count; count++)
            {
                var size = Element + rows[first + count].Key.Length + rows[first + count].ValueSize;
                if (count > 0 && used + size > PageSize) break;
                used += size;
            }
            level.Add(Take(new(next, (used + PageSize - 1) / PageSize, rows, first, count, null)));
        }
        while (level.Count > 1)
        {
            var above = new List<Page>();
            for (int first = 0, count; first < level.Count; first += count)
            {
                var used = PageHeader;
                for (count = 0; first + count < level.Count; count++)
                {
                    var size = Element + level[first + count].FirstKey.Length;
                    if (count > 1 && used + size > PageSize) break;
                    used += size;
                }
                above.Add(Take(new(next, (used + PageSize - 1) / PageSize, rows, 0, count, level.GetRange(first, count))));
            }
            level = above;
        }
        return level[0].Number;
    }

    private Page Take(Page page)
    {
        pages.Add(page);
        next += (ulong)page.Length;
        return page;
    }

    private static byte[] Leaf(Page page)
    {
        var bytes = new byte[page.Length * PageSize];
        var bucket = page.Number == RootPage;
        Header(bytes, page.Number, LeafFlag, page.Count, page.Length);
        var at = PageHeader + (page.Count * Element);
        for (var i = 0; i < page.Count; i++)
        {
            var row = page.Rows[page.First + i];
            var element = bytes.AsSpan(PageHeader + (i * Element));
            BinaryPrimitives.WriteUInt32LittleEndian(element, bucket ? 1u : 0u);
            // Counted from the element itself.
            BinaryPrimitives.WriteUInt32LittleEndian(element[4..], (uint)(at - PageHeader - (i * Element)));
            BinaryPrimitives.WriteUInt32LittleEndian(element[8..], (uint)row.Key.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(element[12..], (uint)row.ValueSize);
            row.Key.CopyTo(bytes.AsSpan(at));
            row.WriteValue(bytes.AsMemory(at + row.Key.Length, row.ValueSize));
            at += row.Key.Length + row.ValueSize;
        }
        return bytes;
    }

    private static byte[] Branch(Page page)
    {
        var bytes = new byte[page.Length * PageSize];
        Header(bytes, page.Number, BranchFlag, page.Count, page.Length);
        var at = PageHeader + (page.Count * Element);
        for (var i = 0; i < page.Count; i++)
        {
            var child = page.Children![i];
            var element = bytes.AsSpan(PageHeader + (i * Element));
            BinaryPrimitives.WriteUInt32LittleEndian(element, (uint)(at - PageHeader - (i * Element)));
            BinaryPrimitives.WriteUInt32LittleEndian(element[4..], (uint)child.FirstKey.Length);
            BinaryPrimitives.WriteUInt64LittleEndian(element[8..], child.Number);
            child.FirstKey.CopyTo(bytes.AsSpan(at));
            at += child.FirstKey.Length;
        }
        return bytes;
    }

    private byte[] Meta(ulong transaction)
    {
        var bytes = new byte[PageSize];
        Header(bytes, transaction, MetaFlag, 0, 1);
        var meta = bytes.AsSpan(PageHeader);
        BinaryPrimitives.WriteUInt32LittleEndian(meta, 0xED0CDAED);
        BinaryPrimitives.WriteUInt32LittleEndian(meta[4..], 2);
        BinaryPrimitives.WriteUInt32LittleEndian(meta[8..], PageSize);
        BinaryPrimitives.WriteUInt64LittleEndian(meta[16..], RootPage);
        BinaryPrimitives.WriteUInt64LittleEndian(meta[32..], 2);
        BinaryPrimitives.WriteUInt64LittleEndian(meta[40..], next);
        BinaryPrimitives.WriteUInt64LittleEndian(meta[48..], transaction);
        BinaryPrimitives.WriteUInt64LittleEndian(meta[56..], Fnv(meta[..56]));
        return bytes;
    }

    private static void Header(Span<byte> page, ulong number, ushort flags, int count, int length)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(page, number);
        BinaryPrimitives.WriteUInt16LittleEndian(page[8..], flags);
        BinaryPrimitives.WriteUInt16LittleEndian(page[10..], (ushort)count);
        BinaryPrimitives.WriteUInt32LittleEndian(page[12..], (uint)(length - 1));
    }

    /// <summary>FNV-1a, 64 bits.</summary>
    private static ulong Fnv(ReadOnlySpan<byte> bytes)
    {
        var hash = 14695981039346656037UL;
        foreach (var b in bytes) hash = unchecked((hash ^ b) * 1099511628211UL);
        return hash;
    }

    /// <summary>A page to be: rows of a leaf, or children of a branch.</summary>
    private sealed record Page(ulong Number, int Length, IReadOnlyList<BoltRow> Rows, int First, int Count, List<Page>? Children)
    {
        public byte[] FirstKey => Children is { } children ? children[0].FirstKey : Rows[First].Key;
    }
}
