using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.Catalog;

/// <summary>A cursor over the numbers of the data file.</summary>
internal ref struct CatalogReader(CatalogData data, int position)
{
    private readonly CatalogData data = data;
    private readonly ReadOnlySpan<byte> bytes = data.Bytes;
    private int position = position;

    public int Number()
    {
        int value = 0, shift = 0;
        while (true)
        {
            var b = bytes[position++];
            value |= (b & 0x7f) << shift;
            if (b < 0x80) return value;
            shift += 7;
        }
    }

    /// <summary>Passes over a part with a length in front; where it starts.</summary>
    public int Block()
    {
        var length = Number();
        var start = position;
        position += length;
        return start;
    }

    public string Text() => data.Text(Number());

    public string[] Texts()
    {
        var count = Number();
        if (count == 0) return [];
        var texts = new string[count];
        for (var i = 0; i < count; i++) texts[i] = Text();
        return texts;
    }

    public GroupVersionKind Kind() => new(Text(), Text(), Text());
}
