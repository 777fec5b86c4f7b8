using System.Buffers.Binary;
using System.Text;

namespace KubeFlex.Machinery.Catalog;

/// <summary>The embedded data file: bytes, and what has been decoded of them so far. Safe for many threads: a race decodes twice, the first stays.</summary>
internal sealed class CatalogData
{
    private readonly byte[] bytes;
    private readonly Table strings;
    private readonly Table nodes;
    private readonly string?[] texts;
    private readonly Schema?[] schemas;
    private readonly int body;
    private readonly int objectsStart;

    public CatalogData(byte[] bytes)
    {
        if (!bytes.AsSpan().StartsWith(CatalogFormat.Magic)) throw new InvalidDataException("The embedded catalog has another format than this program reads.");
        this.bytes = bytes;
        strings = Table.At(bytes, CatalogFormat.Magic.Length);
        nodes = Table.At(bytes, strings.End);
        texts = new string?[strings.Count];
        schemas = new Schema?[nodes.Count];
        var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(nodes.End));
        body = nodes.End + 4;
        objectsStart = body + length;
    }

    public CatalogReader Body => new(this, body);

    public ReadOnlySpan<byte> Bytes => bytes;

    public ReadOnlyMemory<byte> Objects => bytes.AsMemory(objectsStart);

    public string Text(int index)
    {
        if (Volatile.Read(ref texts[index]) is { } known) return known;
        var made = Encoding.UTF8.GetString(strings.Entry(bytes, index));
        return Interlocked.CompareExchange(ref texts[index], made, null) ?? made;
    }

    public Schema Schema(int index)
    {
        if (Volatile.Read(ref schemas[index]) is { } known) return known;
        var made = new SchemaNode(this, new CatalogReader(this, nodes.Position(bytes, index))).ToSchema();
        return Interlocked.CompareExchange(ref schemas[index], made, null) ?? made;
    }

    /// <summary>Entries one after the other, found by the ends in front of them.</summary>
    private readonly record struct Table(int Ends, int Start, int Count, int End)
    {
        public static Table At(ReadOnlySpan<byte> bytes, int position)
        {
            var count = (int)BinaryPrimitives.ReadUInt32LittleEndian(bytes[position..]);
            var ends = position + 4;
            var start = ends + 4 * (count + 1);
            return new Table(ends, start, count, start + (int)BinaryPrimitives.ReadUInt32LittleEndian(bytes[(ends + 4 * count)..]));
        }

        public int Position(ReadOnlySpan<byte> bytes, int index) => Start + (int)BinaryPrimitives.ReadUInt32LittleEndian(bytes[(Ends + 4 * index)..]);

        public ReadOnlySpan<byte> Entry(ReadOnlySpan<byte> bytes, int index) =>
            bytes[Position(bytes, index)..Position(bytes, index + 1)];
    }
}
