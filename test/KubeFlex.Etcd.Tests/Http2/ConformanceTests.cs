using KubeFlex.Etcd.Http2;
using static KubeFlex.Etcd.Http2.FrameFlags;
using static KubeFlex.Etcd.Http2.FrameType;
using static KubeFlex.Etcd.Tests.Http2.Peer;

namespace KubeFlex.Etcd.Tests.Http2;

/// <summary>RFC 9113, rule by rule: what ends the connection, what ends a stream, and what does neither.</summary>
public sealed class ConformanceTests
{
    private static readonly byte[] Ping = [1, 2, 3, 4, 5, 6, 7, 8];

    public static TheoryData<string, int> ConnectionErrors() => new()
    {
        { "frame too large", (int)Http2ErrorCode.FrameSizeError },
        { "data of no stream", (int)Http2ErrorCode.ProtocolError },
        { "data of an idle stream", (int)Http2ErrorCode.ProtocolError },
        { "data padded beyond its end", (int)Http2ErrorCode.ProtocolError },
        { "padding without room", (int)Http2ErrorCode.FrameSizeError },
        { "headers of no stream", (int)Http2ErrorCode.ProtocolError },
        { "headers of an even stream", (int)Http2ErrorCode.ProtocolError },
        { "headers of a passed stream", (int)Http2ErrorCode.ProtocolError },
        { "headers padded beyond their end", (int)Http2ErrorCode.ProtocolError },
        { "priority without room", (int)Http2ErrorCode.FrameSizeError },
        { "no header block", (int)Http2ErrorCode.CompressionError },
        { "interrupted block", (int)Http2ErrorCode.ProtocolError },
        { "block interrupted by another stream's", (int)Http2ErrorCode.ProtocolError },
        { "continuation of nothing", (int)Http2ErrorCode.ProtocolError },
        { "endless continuation", (int)Http2ErrorCode.EnhanceYourCalm },
        { "empty continuations", (int)Http2ErrorCode.EnhanceYourCalm },
        { "priority of no stream", (int)Http2ErrorCode.ProtocolError },
        { "reset of no stream", (int)Http2ErrorCode.ProtocolError },
        { "reset of an idle stream", (int)Http2ErrorCode.ProtocolError },
        { "reset of a wrong size", (int)Http2ErrorCode.FrameSizeError },
        { "settings of a stream", (int)Http2ErrorCode.ProtocolError },
        { "settings of a wrong size", (int)Http2ErrorCode.FrameSizeError },
        { "acknowledgement with settings", (int)Http2ErrorCode.FrameSizeError },
        { "push neither on nor off", (int)Http2ErrorCode.ProtocolError },
        { "initial window too large", (int)Http2ErrorCode.FlowControlError },
        { "frame size too small", (int)Http2ErrorCode.ProtocolError },
        { "frame size too large", (int)Http2ErrorCode.ProtocolError },
        { "push", (int)Http2ErrorCode.ProtocolError },
        { "ping of a stream", (int)Http2ErrorCode.ProtocolError },
        { "ping of a wrong size", (int)Http2ErrorCode.FrameSizeError },
        { "goaway of a stream", (int)Http2ErrorCode.ProtocolError },
        { "goaway of a wrong size", (int)Http2ErrorCode.FrameSizeError },
        { "window update of nothing", (int)Http2ErrorCode.ProtocolError },
        { "window update of a wrong size", (int)Http2ErrorCode.FrameSizeError },
        { "window update of an idle stream", (int)Http2ErrorCode.ProtocolError },
        { "connection window too large", (int)Http2ErrorCode.FlowControlError },
        { "window of an open stream too large by settings", (int)Http2ErrorCode.FlowControlError },
        { "more than the window of the connection", (int)Http2ErrorCode.FlowControlError },
    };

    [Theory]
    [MemberData(nameof(ConnectionErrors))]
    public async Task A_broken_connection_ends_with_the_right_code(string what, int code)
    {
        await using var peer = await StartAsync();
        byte[] open = peer.Headers(1, Wait);
        await peer.SendAsync(what switch
        {
            "frame too large" => Of(Data, 1, 0, new byte[16_385]),
            "data of no stream" => Of(Data, 0),
            "data of an idle stream" => Of(Data, 1, 0, 1),
            "data padded beyond its end" => [.. open, .. Of(Data, 1, Padded, 2, 0)],
            "padding without room" => [.. open, .. Of(Data, 1, Padded)],
            "headers of no stream" => peer.Headers(0, Echo),
            "headers of an even stream" => peer.Headers(2, Echo),
            "headers of a passed stream" => [.. peer.Headers(5, Wait), .. peer.Headers(3, Wait)],
            "headers padded beyond their end" => Of(Headers, 1, EndHeaders | Padded, 9, 0x82),
            "priority without room" => Of(Headers, 1, EndHeaders | FrameFlags.Priority, 0, 0, 0, 0),
            "no header block" => Of(Headers, 1, EndHeaders, 0xBE),
            "interrupted block" => [.. peer.Headers(1, Echo, flags: 0), .. Of(FrameType.Ping, 0, 0, Ping)],
            "block interrupted by another stream's" => [.. peer.Headers(1, Echo, flags: 0), .. Of(Continuation, 3, EndHeaders)],
            "continuation of nothing" => Of(Continuation, 1, EndHeaders, 0x82),
            "endless continuation" => [.. peer.Headers(1, Echo, flags: 0), .. Enumerable.Range(0, 3).SelectMany(_ => Of(Continuation, 1, 0, new byte[16_000]))],
            "empty continuations" => [.. peer.Headers(1, Echo, flags: 0), .. Enumerable.Range(0, 64).SelectMany(_ => Of(Continuation, 1))],
            "priority of no stream" => Of(FrameType.Priority, 0, 0, 0, 0, 0, 0, 0),
            "reset of no stream" => Of(RstStream, 0, 8u),
            "reset of an idle stream" => Of(RstStream, 1, 8u),
            "reset of a wrong size" => [.. open, .. Of(RstStream, 1, 0, 0, 0, 8)],
            "settings of a stream" => Of(FrameType.Settings, 1),
            "settings of a wrong size" => Of(FrameType.Settings, 0, 0, 0, 1, 0, 0, 0),
            "acknowledgement with settings" => Of(FrameType.Settings, 0, Ack, 0, 1, 0, 0, 0, 0),
            "push neither on nor off" => Settings((Http2Setting.EnablePush, 2)),
            "initial window too large" => Settings((Http2Setting.InitialWindowSize, 1u << 31)),
            "frame size too small" => Settings((Http2Setting.MaxFrameSize, 16_383)),
            "frame size too large" => Settings((Http2Setting.MaxFrameSize, 1 << 24)),
            "push" => Of(PushPromise, 1, EndHeaders, 0, 0, 0, 2),
            "ping of a stream" => Of(FrameType.Ping, 1, 0, Ping),
            "ping of a wrong size" => Of(FrameType.Ping, 0, 0, 1),
            "goaway of a stream" => Of(GoAway, 1, 0, new byte[8]),
            "goaway of a wrong size" => Of(GoAway, 0, 0, new byte[7]),
            "window update of nothing" => Of(WindowUpdate, 0, 0u),
            "window update of a wrong size" => Of(WindowUpdate, 0, 0, 1),
            "window update of an idle stream" => Of(WindowUpdate, 1, 1u),
            "connection window too large" => Of(WindowUpdate, 0, int.MaxValue),
            "window of an open stream too large by settings" => [.. open, .. Of(WindowUpdate, 1, 1u << 30), .. Settings((Http2Setting.InitialWindowSize, int.MaxValue))],
            // Nobody reads it, so nothing is given back.
            _ => [.. Enumerable.Range(0, 5).SelectMany(i => (byte[])[.. peer.Headers((i * 2) + 1, Wait), .. Enumerable.Range(0, 60).SelectMany(_ => Of(Data, (i * 2) + 1, 0, new byte[16_384]))])],
        });
        Assert.Equal((Http2ErrorCode)code, await peer.GoAwayAsync());
    }

    public static TheoryData<string, int> StreamErrors() => new()
    {
        { "window update of nothing", (int)Http2ErrorCode.ProtocolError },
        { "window too large", (int)Http2ErrorCode.FlowControlError },
        { "more than its window", (int)Http2ErrorCode.FlowControlError },
        { "data after the end", (int)Http2ErrorCode.StreamClosed },
        { "headers after the end", (int)Http2ErrorCode.StreamClosed },
        { "headers in the middle", (int)Http2ErrorCode.ProtocolError },
        { "trailers with a path", (int)Http2ErrorCode.ProtocolError },
        { "priority of a wrong size", (int)Http2ErrorCode.FrameSizeError },
        { "less than its length", (int)Http2ErrorCode.ProtocolError },
        { "more than its length", (int)Http2ErrorCode.ProtocolError },
        { "no method", (int)Http2ErrorCode.ProtocolError },
        { "no scheme", (int)Http2ErrorCode.ProtocolError },
        { "no path", (int)Http2ErrorCode.ProtocolError },
        { "two paths", (int)Http2ErrorCode.ProtocolError },
        { "an unknown pseudo header", (int)Http2ErrorCode.ProtocolError },
        { "a pseudo header behind others", (int)Http2ErrorCode.ProtocolError },
        { "a name with capitals", (int)Http2ErrorCode.ProtocolError },
        { "a line break in a value", (int)Http2ErrorCode.ProtocolError },
        { "a connection header", (int)Http2ErrorCode.ProtocolError },
        { "te of something else", (int)Http2ErrorCode.ProtocolError },
    };

    [Theory]
    [MemberData(nameof(StreamErrors))]
    public async Task A_broken_stream_ends_with_the_right_code_and_others_go_on(string what, int code)
    {
        await using var peer = await StartAsync();
        byte[] Request(params (string, string)[] fields) => Of(Headers, 1, EndHeaders | EndStream, new HpackEncoder().Encode(fields));
        (string, string) method = (":method", "POST"), scheme = (":scheme", "http"), path = (":path", Echo);
        byte[] open = peer.Headers(1, Wait), ended = peer.Headers(1, Wait, EndHeaders | EndStream);
        await peer.SendAsync(what switch
        {
            "window update of nothing" => [.. open, .. Of(WindowUpdate, 1, 0u)],
            "window too large" => [.. open, .. Of(WindowUpdate, 1, int.MaxValue)],
            "more than its window" => [.. open, .. Enumerable.Range(0, 65).SelectMany(_ => Of(Data, 1, 0, new byte[16_384]))],
            "data after the end" => [.. ended, .. Of(Data, 1, 0, 1)],
            "headers after the end" => [.. ended, .. ended],
            "headers in the middle" => [.. open, .. Of(Headers, 1, EndHeaders, new HpackEncoder().Encode(("a", "b")))],
            "trailers with a path" => [.. open, .. ended],
            "priority of a wrong size" => [.. open, .. Of(FrameType.Priority, 1, 0, 1)],
            "less than its length" => [.. Of(Headers, 1, EndHeaders, peer.Block(Echo, ("content-length", "9"))), .. Of(Data, 1, EndStream, 1)],
            "more than its length" => [.. Of(Headers, 1, EndHeaders, peer.Block(Echo, ("content-length", "1"))), .. Of(Data, 1, 0, 1, 2)],
            "no method" => Request(scheme, path),
            "no scheme" => Request(method, path),
            "no path" => Request(method, scheme),
            "two paths" => Request(method, scheme, path, path),
            "an unknown pseudo header" => Request(method, scheme, path, (":status", "200")),
            "a pseudo header behind others" => Request(method, scheme, ("a", "b"), path),
            "a name with capitals" => Request(method, scheme, path, ("A", "b")),
            "a line break in a value" => Request(method, scheme, path, ("a", "b\r\nc")),
            "a connection header" => Request(method, scheme, path, ("transfer-encoding", "chunked")),
            _ => Request(method, scheme, path, ("te", "gzip")),
        });
        Frame? frame;
        do frame = await peer.ReadAsync();
        while (frame is { Type: WindowUpdate });
        Assert.Equal((RstStream, 1, (Http2ErrorCode)code), (frame!.Type, frame.Stream, frame.Code));
        await peer.AliveAsync(3);
    }

    [Fact]
    public async Task What_means_nothing_changes_nothing()
    {
        await using var peer = await StartAsync((Http2Setting.HeaderTableSize, 0), ((Http2Setting)99, 7));
        byte[] message = Message(40);
        await peer.SendAsync(
        [
            .. Of((FrameType)77, 9, 0xFF, 1, 2, 3), .. Of(FrameType.Priority, 7, 0, 0, 0, 0, 7, 1),
            // Padding and a priority around the headers, which go on in two more frames.
            .. Of(Headers, 1, Padded | FrameFlags.Priority, [3, 0, 0, 0, 0, 9, .. peer.Block(Echo)[..10], 1, 2, 3]), .. Of(Continuation, 1, 0, peer.Block(Echo)[10..20]), .. Of(Continuation, 1, EndHeaders, peer.Block(Echo)[20..]),
            // Padding around the message, which goes on in another frame, and trailers behind it.
            .. Of(Data, 1, Padded, [2, .. message[..7], 0, 0]), .. Of(Data, 1), .. Of(Data, 1, 0, message[7..]), .. Of(Headers, 1, EndHeaders | EndStream, new HpackEncoder().Encode(("a", "b"))),
        ]);
        var (_, (body, status)) = (await peer.AnswersAsync(1)).Single();
        Assert.Equal("0", status);
        Assert.Equal(message, body);
        await peer.SendAsync(Of(FrameType.Ping, 0, 0, Ping));
        var echo = await peer.ReadAsync(FrameType.Ping);
        Assert.Equal(Ack, echo.Flags);
        Assert.Equal(Ping, echo.Payload);
        // On a stream that has ended.
        await peer.SendAsync([.. Of(WindowUpdate, 1, 1u), .. Of(RstStream, 1, 8u), .. Of(FrameType.Ping, 0, Ack, Ping)]);
        await peer.AliveAsync(3);
    }

    [Fact]
    public async Task Frames_are_the_same_however_their_bytes_come()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var round = 0; round < 30; round++)
        {
            await using var peer = await StartAsync();
            byte[] message = Message(300), whole = [.. peer.Call(1, Echo, message), .. peer.Headers(3, Echo), .. Of(FrameType.Ping, 0, 0, Ping), .. Of(Data, 3, EndStream, message), .. peer.Call(5, Echo, message)];
            for (var at = 0; at < whole.Length;)
            {
                var count = round == 0 ? 1 : Math.Min(random.Next(1, 200), whole.Length - at);
                await peer.SendAsync(whole[at..(at + count)]);
                at += count;
            }
            Assert.All((await peer.AnswersAsync(3)).Values, answer => Assert.Equal($"0 {Convert.ToHexString(message)}", $"{answer.Status} {Convert.ToHexString(answer.Body)}"));
        }
    }

    [Fact]
    public async Task A_call_that_goes_on_elsewhere_finds_the_rest_of_its_frame()
    {
        await using var peer = await StartAsync();
        byte[] last = Message(70);
        await peer.SendAsync(peer.Call(1, Hop, [.. Message(10), .. Message(20), .. last]));
        var (_, (body, status)) = (await peer.AnswersAsync(1)).Single();
        Assert.Equal("0", status);
        Assert.Equal(last, body);
    }

    [Fact]
    public async Task A_header_list_that_is_too_large_when_decoded_is_431()
    {
        await using var peer = await StartAsync();
        // One large field that the table remembers, and then its number again and again.
        byte[] block = [.. peer.Block(Echo), 0x40, 1, (byte)'a', .. HpackEncoder.Number(0, 7, 3_000), .. new byte[3_000].Select(_ => (byte)'b'), .. Enumerable.Repeat((byte)0xBE, 12)];
        await peer.SendAsync(Of(Headers, 1, EndHeaders | EndStream, block));
        Assert.Equal("431", (await peer.AnswersAsync(1))[1].Status);
        await peer.AliveAsync(3);
    }

    [Theory]
    [InlineData(1 << 20, "200")]
    [InlineData((1 << 20) + 1, "413")]
    public async Task The_body_of_a_request_that_is_no_call_is_bounded(int bytes, string status)
    {
        long got = -1;
        await using var peer = new Peer(http =>
        {
            got = http.Request.Body.Length;
            return Task.CompletedTask;
        });
        await peer.SendAsync([.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Settings(), .. Of(Headers, 1, EndHeaders, new HpackEncoder().Encode((":method", "PUT"), (":scheme", "http"), (":path", "/x")))]);
        foreach (var piece in new byte[bytes].Chunk(16 << 10)) await peer.SendAsync(Of(Data, 1, 0, piece));
        await peer.SendAsync(Of(Data, 1, EndStream));
        Assert.Equal(status, (await peer.AnswersAsync(1))[1].Status);
        Assert.Equal(status == "200" ? bytes : -1, got);
    }

    [Theory]
    [InlineData("GET", "", "404")]
    [InlineData("POST", "text/plain", "415")]
    [InlineData("PUT", "application/grpc", "405")]
    public async Task Requests_that_are_no_calls_are_told_so(string method, string type, string status)
    {
        using var face = new EtcdFace(new CertificateStoreResolver((_, _) => default), new(), TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
        await using var peer = new Peer(face.HandleAsync);
        await peer.SendAsync([.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Settings(), .. Of(Headers, 1, EndHeaders | EndStream, new HpackEncoder().Encode((":method", method), (":scheme", "http"), (":path", "/x"), ("content-type", type)))]);
        Assert.Equal(status, (await peer.AnswersAsync(1))[1].Status);
    }
}
