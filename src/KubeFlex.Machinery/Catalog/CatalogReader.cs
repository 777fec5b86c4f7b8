using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.Catalog;

/// <summary>A cursor over the numbers of the data file.</summary>
internal ref struct CatalogReader(CatalogData data, ReadOnlySpan<byte> bytes)
{
    private readonly CatalogData data = data;
    private ReadOnlySpan<byte> rest = bytes;

    public int Number()
    {
        int value = 0, shift = 0;
        while (true)
        {
            var b = rest[0];
            rest = rest[1..];
            value |= (b & 0x7f) << shift;
            if (b < 0x80) return value;
            shift += 7;
        }
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
