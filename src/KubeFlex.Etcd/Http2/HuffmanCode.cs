namespace KubeFlex.Etcd.Http2;

/// <summary>
/// The Huffman code of HPACK (RFC 7541, appendix B). It is canonical: codes of one length follow one another in the order of their symbols, and each length goes on where the shorter one
/// ended. So the lengths say it all. Example: the five-bit codes are 0 to 9, for <c>0 1 2 a c e i o s t</c>; the six-bit ones begin at (9 + 1) * 2 = 20, for the space.
/// </summary>
internal static class HuffmanCode
{
    private const int Symbols = 257, EndOfString = 256, Longest = 30, Shortest = 5;

    /// <summary>Codes up to this length are looked up at once; these are all of letters and digits.</summary>
    private const int Quick = 8;

    /// <summary>Bits of each symbol's code.</summary>
    public static ReadOnlySpan<byte> Lengths =>
    [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
        6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
        13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
        20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
        22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
        26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
        20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
        30,
    ];

    // Symbols by length and then by number; where each length begins in there, and its first code.
    private static readonly ushort[] Ordered = new ushort[Symbols];
    private static readonly int[] Starts = new int[Longest + 2];
    private static readonly uint[] Firsts = new uint[Longest + 2];

    // Length and symbol by the next eight bits; 0 when the code is longer.
    private static readonly ushort[] Table = new ushort[1 << Quick];

    static HuffmanCode()
    {
        var (at, code) = (0, 0u);
        for (var length = Shortest; length <= Longest + 1; length++)
        {
            (Starts[length], Firsts[length]) = (at, code);
            for (var symbol = 0; symbol < Symbols; symbol++)
            {
                if (Lengths[symbol] != length) continue;
                if (length <= Quick) Table.AsSpan((int)code << (Quick - length), 1 << (Quick - length)).Fill((ushort)(length << 8 | symbol));
                Ordered[at++] = (ushort)symbol;
                code++;
            }
            code <<= 1;
        }
    }

    /// <summary>Bytes that so many may become at most.</summary>
    public static int Room(int bytes) => (bytes * 8 / Shortest) + 1;

    /// <summary>Returns how many bytes came out; -1 for what is no code, or padded with more than seven bits or with anything but ones (section 5.2).</summary>
    public static int Decode(ReadOnlySpan<byte> from, Span<byte> to)
    {
        var (bits, count, at, written) = (0ul, 0, 0, 0);
        while (true)
        {
            for (; count <= 56 && at < from.Length; count += 8) bits |= (ulong)from[at++] << (56 - count);
            if (count == 0) return written;
            var entry = Table[bits >> (64 - Quick)];
            var (length, symbol) = (entry >> 8, entry & 0xFF);
            if (entry == 0)
            {
                length = Quick + 1;
                while (length <= Longest && (uint)(bits >> (64 - length)) - Firsts[length] >= Starts[length + 1] - Starts[length]) length++;
                if (length <= Longest && length <= count) symbol = Ordered[Starts[length] + (int)((uint)(bits >> (64 - length)) - Firsts[length])];
            }
            // The bits behind the last are zeros here, and ones on the wire.
            if (length > count || length > Longest) return count < 8 && bits >> (64 - count) == (1ul << count) - 1 ? written : -1;
            if (symbol == EndOfString) return -1;
            to[written++] = (byte)symbol;
            bits <<= length;
            count -= length;
        }
    }
}
