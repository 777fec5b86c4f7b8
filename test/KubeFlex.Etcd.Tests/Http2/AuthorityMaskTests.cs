using KubeFlex.Etcd.Http2;

namespace KubeFlex.Etcd.Tests.Http2;

public sealed class AuthorityMaskTests
{
    private static readonly byte[] Preface = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8];

    /// <summary>Huffman code of "http:", as RFC 7541 has it.</summary>
    private const string Huffman = "41849d29ae30";

    private static byte[] Frame(byte type, byte flags, string payload)
    {
        var bytes = Convert.FromHexString(payload.Replace(" ", "", StringComparison.Ordinal));
        return [(byte)(bytes.Length >> 16), (byte)(bytes.Length >> 8), (byte)bytes.Length, type, flags, 0, 0, 0, 1, .. bytes];
    }

    private static byte[] Applied(byte[] bytes, Func<int> piece)
    {
        var (mask, copy) = (new AuthorityMask(), bytes.ToArray());
        for (var at = 0; at < copy.Length;)
        {
            var count = Math.Min(piece(), copy.Length - at);
            mask.Apply(copy.AsSpan(at, count));
            at += count;
        }
        return copy;
    }

    /// <summary>Frames as they come and as they go on; type 1 are headers, 9 their continuation, 0 data.</summary>
    public static TheoryData<byte, byte, string, string> Frames() => new()
    {
        // An indexed field, the authority, another literal with a name of its own that is none, and once more by its place in the table.
        { 1, 4, "83 " + Huffman + " 40 01 41 01 41 be", "83 41 04 65656565 40 01 41 01 41 be" },
        // Not added to the table, never to be added, and plain text.
        { 1, 4, "01 849d29ae30 11 03 2f612f", "01 04 65656565 11 03 656565" },
        // A length in two bytes: 127 and 3.
        { 1, 4, "41 7f03 " + string.Concat(Enumerable.Repeat("2f", 130)) + " 83", "41 7f03 " + string.Concat(Enumerable.Repeat("65", 130)) + " 83" },
        // A new size of the table in front, and an index in two bytes that is not the first name's: 63 and 1.
        { 1, 4, "3fe11f 7f01 849d29ae30 " + Huffman, "3fe11f 7f01 849d29ae30 41 04 65656565" },
        // Padding and priority around it; what looks like it in the padding is none.
        { 1, 4 | 8 | 32, "06 00000000ff " + Huffman + Huffman, "06 00000000ff 41 04 65656565" + Huffman },
        { 1, 4, "41 00 41 80 83", "41 00 41 00 83" },
        { 0, 0, Huffman, Huffman },
        { 4, 0, Huffman, Huffman },
    };

    [Theory]
    [MemberData(nameof(Frames))]
    public void Only_the_authority_is_overwritten_however_the_bytes_come(byte type, byte flags, string payload, string expected)
    {
        // Twice, since the second one finds what state the first one left.
        byte[] Connection(string text) => [.. Preface, .. Frame(4, 0, ""), .. Frame(type, flags, text), .. Frame(0, 0, Huffman), .. Frame(type, flags, text)];
        foreach (var piece in (int[])[1, 2, 3, 7, 1000]) Assert.Equal(Connection(expected), Applied(Connection(payload), () => piece));
    }

    [Fact]
    public void A_field_may_go_on_in_the_next_frame()
    {
        byte[] Connection(string first, string second) => [.. Preface, .. Frame(1, 0, first), .. Frame(9, 4, second)];
        Assert.Equal(Connection("83 41 04 6565", "6565 83"), Applied(Connection("83 41 84 9d29", "ae30 83"), () => 5));
        Assert.Equal(Connection("83 41", "04 65656565 83"), Applied(Connection("83 41", "84 9d29ae30 83"), () => 5));
    }

    [Fact]
    public void What_is_no_HTTP_2_passes_unchanged()
    {
        byte[] bytes = [.. "GET /health HTTP/1.1\r\nHost: A\r\n\r\n"u8, .. Frame(1, 4, Huffman)];
        Assert.Equal(bytes, Applied(bytes, () => 4));
        bytes = [.. Preface[..^1], 0, .. Frame(1, 4, Huffman)];
        Assert.Equal(bytes, Applied(bytes, () => 4));
    }

    [Fact]
    public void Nonsense_has_the_same_outcome_however_it_comes()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        for (var i = 0; i < 500; i++)
        {
            var noise = new byte[random.Next(300)];
            random.NextBytes(noise);
            byte[] bytes = [.. Preface, .. Frame(1, (byte)random.Next(256), Convert.ToHexString(noise)), .. noise];
            Assert.True(Applied(bytes, () => bytes.Length).AsSpan().SequenceEqual(Applied(bytes, () => random.Next(1, 9))), $"seed {seed}, round {i}");
        }
    }
}
