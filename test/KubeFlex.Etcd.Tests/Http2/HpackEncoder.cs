using System.Text;
using KubeFlex.Etcd.Http2;

namespace KubeFlex.Etcd.Tests.Http2;

/// <summary>Encodes header lists in every way that RFC 7541 allows, chosen at random; without a random source always as literals that nobody remembers.</summary>
internal sealed class HpackEncoder(Random? random = null, int most = 4096)
{
    // As the decoder must see it: the newest first.
    private readonly List<(string Name, string Value)> table = [];
    private readonly int limit = most;
    private int capacity = most;

    public byte[] Encode(params IEnumerable<(string Name, string Value)> fields)
    {
        List<byte> block = [];
        if (random?.Next(4) == 0)
        {
            capacity = random.Next(limit + 1);
            Evict();
            block.AddRange(Number(0x20, 5, capacity));
        }
        foreach (var field in fields) block.AddRange(Field(field));
        return [.. block];
    }

    /// <summary>Section 5.1.</summary>
    public static byte[] Number(byte first, int bits, int number)
    {
        var limit = (1 << bits) - 1;
        if (number < limit) return [(byte)(first | number)];
        List<byte> bytes = [(byte)(first | limit)];
        for (number -= limit; number >= 128; number /= 128) bytes.Add((byte)(number % 128 + 128));
        return [.. bytes, (byte)number];
    }

    private byte[] Field((string Name, string Value) field)
    {
        var at = table.IndexOf(field);
        if (at >= 0 && random!.Next(2) == 0) return Number(0x80, 7, 62 + at);
        var known = table.FindIndex(other => other.Name == field.Name);
        var name = known >= 0 && random!.Next(2) == 0 ? 62 + known : 0;
        var kind = random?.Next(3) ?? 0;
        byte[] literal = [.. kind switch { 0 => Number(0x00, 4, name), 1 => Number(0x10, 4, name), _ => Number(0x40, 6, name) }, .. name == 0 ? Text(field.Name) : [], .. Text(field.Value)];
        if (kind == 2)
        {
            table.Insert(0, field);
            Evict();
        }
        return literal;
    }

    private void Evict()
    {
        while (table.Sum(field => field.Name.Length + field.Value.Length + 32) > capacity) table.RemoveAt(table.Count - 1);
    }

    private byte[] Text(string text)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        if (random is null || random.Next(2) == 0) return [.. Number(0, 7, bytes.Length), .. bytes];
        var coded = Huffman(bytes);
        return [.. Number(0x80, 7, coded.Length), .. coded];
    }

    private static byte[] Huffman(byte[] bytes)
    {
        var bits = new StringBuilder();
        foreach (var b in bytes)
        {
            // Canonical: as many codes come before it as there are symbols before it, each as wide as its length says.
            long code = 0;
            var length = HuffmanCode.Lengths[b];
            for (var other = 0; other < 257; other++)
            {
                var theirs = HuffmanCode.Lengths[other];
                if (theirs < length || (theirs == length && other < b)) code += 1L << (30 - theirs);
            }
            bits.Append(Convert.ToString(code >> (30 - length), 2).PadLeft(length, '0'));
        }
        while (bits.Length % 8 != 0) bits.Append('1');
        var coded = new byte[bits.Length / 8];
        for (var i = 0; i < coded.Length; i++) coded[i] = Convert.ToByte(bits.ToString(i * 8, 8), 2);
        return coded;
    }
}
