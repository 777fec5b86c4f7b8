using System.Text;
using KubeFlex.Etcd.Http2;

namespace KubeFlex.Etcd.Tests.Http2;

public sealed class HpackTests(ITestOutputHelper output)
{
    private const string Request1 = ":method=GET :scheme=http :path=/ :authority=www.example.com";
    private const string Request3 = ":method=GET :scheme=https :path=/index.html :authority=www.example.com custom-key=custom-value";
    private const string Date = "Mon, 21 Oct 2013 20:13:2";

    private static string Text(IEnumerable<(string Name, string Value)> fields) => string.Join(' ', fields.Select(field => $"{field.Name}={field.Value}"));

    /// <summary>RFC 7541, appendix C: the size of the table, and blocks of one connection with what they say.</summary>
    public static TheoryData<int, string[], string[]> Vectors() => new()
    {
        { 4096, ["400a637573746f6d2d6b65790d637573746f6d2d686561646572"], ["custom-key=custom-header"] },
        { 4096, ["040c2f73616d706c652f70617468"], [":path=/sample/path"] },
        { 4096, ["100870617373776f726406736563726574"], ["password=secret"] },
        { 4096, ["82"], [":method=GET"] },
        {
            4096, ["828684410f7777772e6578616d706c652e636f6d", "828684be58086e6f2d6361636865", "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565"],
            [Request1, Request1 + " cache-control=no-cache", Request3]
        },
        {
            4096, ["828684418cf1e3c2e5f23a6ba0ab90f4ff", "828684be5886a8eb10649cbf", "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf"],
            [Request1, Request1 + " cache-control=no-cache", Request3]
        },
        {
            256,
            [
                "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d", "4803333037c1c0bf",
                "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31",
            ],
            Responses
        },
        {
            256,
            [
                "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3", "4883640effc1c0bf",
                "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
            ],
            Responses
        },
    };

    private static string[] Responses =>
    [
        $":status=302 cache-control=private date={Date}1 GMT location=https://www.example.com", $":status=307 cache-control=private date={Date}1 GMT location=https://www.example.com",
        $":status=200 cache-control=private date={Date}2 GMT location=https://www.example.com content-encoding=gzip set-cookie=foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
    ];

    [Theory]
    [MemberData(nameof(Vectors))]
    public void The_examples_of_the_specification_are_read(int table, string[] blocks, string[] fields)
    {
        var decoder = new HpackDecoder(table);
        foreach (var (block, expected) in blocks.Zip(fields)) Assert.Equal(expected, Text(Decode(decoder, Convert.FromHexString(block))));
    }

    /// <summary>What no encoder may send, with a table of 4096 bytes.</summary>
    [Theory]
    [InlineData("80")] // Index 0.
    [InlineData("be")] // Beyond the table.
    [InlineData("ff80808001")] // A number larger than any table.
    [InlineData("ffffffffff7f")]
    [InlineData("40")] // Ends behind the first byte.
    [InlineData("4005616263")] // Inside a name.
    [InlineData("400161")] // Before a value.
    [InlineData("40016105")]
    [InlineData("7f")] // Inside a number.
    [InlineData("3fe21f")] // A table of 4097 bytes.
    [InlineData("8220")] // A size behind a field.
    [InlineData("00016181ff")] // Huffman: eight bits of padding.
    [InlineData("0001618118")] // Padding that is not ones.
    [InlineData("00016184ffffffff")] // The end-of-string symbol.
    public void What_is_no_block_is_an_error_of_compression(string block)
    {
        var error = Assert.Throws<Http2Exception>(() => Decode(new(), Convert.FromHexString(block)));
        Assert.Equal(Http2ErrorCode.CompressionError, error.Code);
    }

    [Fact]
    public void Whatever_way_fields_are_encoded_they_come_out_again()
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var connection = 0; connection < 40; connection++)
        {
            var most = random.Next(3) == 0 ? random.Next(200) : 4096;
            var (encoder, decoder) = (new HpackEncoder(random, most), new HpackDecoder(most));
            var names = Enumerable.Range(0, 12).Select(_ => Noise(random, 1, random.Next(30) == 0 ? 2_000 : 20)).ToArray();
            for (var i = 0; i < 30; i++)
            {
                var fields = Enumerable.Range(0, random.Next(12)).Select(_ => (names[random.Next(names.Length)], random.Next(3) == 0 ? Noise(random, 0, 300) : names[random.Next(names.Length)])).ToArray();
                Assert.Equal(fields, Decode(decoder, encoder.Encode(fields)));
            }
        }
    }

    [Fact]
    public void Spoilt_blocks_are_nothing_but_errors_of_compression()
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var connection = 0; connection < 1_000; connection++)
        {
            var (encoder, decoder, head) = (new HpackEncoder(random), new HpackDecoder(), new RequestHead());
            for (var i = 0; i < 10; i++)
            {
                var block = encoder.Encode((":method", "POST"), (":path", "/" + Noise(random, 0, 30)), ("content-type", "application/grpc"), (Noise(random, 0, 20), Noise(random, 0, 100)));
                for (var spoilt = random.Next(4); spoilt > 0; spoilt--) block[random.Next(block.Length)] = (byte)random.Next(256);
                try
                {
                    head.Reset();
                    decoder.Decode(block.AsSpan(0, random.Next(5) == 0 ? random.Next(block.Length) : block.Length), head);
                    _ = head.Complete;
                }
                catch (Http2Exception e)
                {
                    Assert.Equal(Http2ErrorCode.CompressionError, e.Code);
                    break;
                }
            }
        }
    }

    private static string Noise(Random random, int least, int most) => string.Concat(Enumerable.Range(0, random.Next(least, most + 1)).Select(_ => (char)(random.Next(3) == 0 ? random.Next(256) : random.Next(0x61, 0x7B))));

    private static List<(string Name, string Value)> Decode(HpackDecoder decoder, byte[] block)
    {
        var fields = new Fields();
        decoder.Decode(block, fields);
        return fields.List;
    }

    private sealed class Fields : IHeaderSink
    {
        public List<(string Name, string Value)> List { get; } = [];

        public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => List.Add((Encoding.Latin1.GetString(name), Encoding.Latin1.GetString(value)));
    }
}
