using System.Text;

namespace KubeFlex.CatalogGenerator;

/// <summary>Numbers as LEB128 varints.</summary>
internal sealed class ByteWriter
{
    private readonly List<byte> bytes = [];

    public void Number(int value)
    {
        for (var rest = (uint)value; ; rest >>= 7)
        {
            if (rest < 0x80)
            {
                bytes.Add((byte)rest);
                return;
            }
            bytes.Add((byte)(rest | 0x80));
        }
    }

    public void Numbers(IEnumerable<int> values)
    {
        var list = values.ToArray();
        Number(list.Length);
        foreach (var value in list) Number(value);
    }

    public void Pairs(IEnumerable<(int First, int Second)> pairs)
    {
        var list = pairs.ToArray();
        Number(list.Length);
        foreach (var (first, second) in list)
        {
            Number(first);
            Number(second);
        }
    }

    /// <summary>Kinds written <c>group/version/Kind</c>.</summary>
    public void Kinds(string[] kinds, StringTable strings)
    {
        Number(kinds.Length);
        foreach (var part in kinds.SelectMany(k => k.Split('/'))) Number(strings.Index(part));
    }

    public void Bytes(byte[] more) => bytes.AddRange(more);

    /// <summary>A part that the reader may pass over: its length comes first.</summary>
    public void Block(ByteWriter part)
    {
        Number(part.bytes.Count);
        bytes.AddRange(part.bytes);
    }

    public byte[] ToArray() => [.. bytes];
}

/// <summary>Every string once.</summary>
internal sealed class StringTable
{
    private readonly Dictionary<string, int> indexes = [];

    public int Index(string text)
    {
        if (indexes.TryGetValue(text, out var index)) return index;
        indexes[text] = indexes.Count;
        return indexes.Count - 1;
    }

    public IEnumerable<byte[]> Entries => indexes.OrderBy(e => e.Value).Select(e => Encoding.UTF8.GetBytes(e.Key));
}
