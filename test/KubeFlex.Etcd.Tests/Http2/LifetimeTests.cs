using System.Text;
using KubeFlex.Etcd.Http2;
using static KubeFlex.Etcd.Http2.FrameFlags;
using static KubeFlex.Etcd.Http2.FrameType;
using static KubeFlex.Etcd.Tests.Http2.Peer;

namespace KubeFlex.Etcd.Tests.Http2;

/// <summary>How connections and calls end, and what clients may not do to us.</summary>
public sealed class LifetimeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static async Task<string> TextAsync(Peer peer)
    {
        var text = new StringBuilder();
        while (true)
        {
            var read = await peer.Connection.FromServer.ReadAsync();
            foreach (var segment in read.Buffer) text.Append(Encoding.ASCII.GetString(segment.Span));
            peer.Connection.FromServer.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted || text.Length > 0) return text.ToString();
        }
    }

    [Theory]
    [InlineData("GET /health HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("PRI * HTTP/1.1\r\n")]
    [InlineData("POST")]
    public async Task A_client_of_HTTP_1_can_read_what_is_wrong(string request)
    {
        await using var peer = new Peer();
        await peer.SendAsync(Encoding.ASCII.GetBytes(request));
        var answer = await TextAsync(peer);
        Assert.StartsWith("HTTP/1.1 400 Bad Request\r\n", answer, StringComparison.Ordinal);
        var parts = answer.Split("\r\n\r\n");
        Assert.Contains("HTTP/2", parts[1], StringComparison.Ordinal);
        Assert.Contains($"Content-Length: {parts[1].Length}\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_protocol_at_all_ends_at_once()
    {
        await using var peer = new Peer();
        await peer.SendAsync(22, 3, 1);
        Assert.Equal(Http2ErrorCode.ProtocolError, await peer.GoAwayAsync());
    }

    [Fact]
    public async Task The_first_frame_must_be_settings()
    {
        await using var peer = new Peer();
        await peer.SendAsync([.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Of(FrameType.Ping, 0, 0, new byte[8])]);
        Assert.Equal(Http2ErrorCode.ProtocolError, await peer.GoAwayAsync());
    }

    [Fact]
    public async Task A_connection_without_a_preface_is_closed_after_ten_seconds()
    {
        await using var peer = new Peer();
        await peer.SendAsync([.. "PRI * HTTP/2.0\r\n"u8]);
        peer.Time.Tick(9);
        Assert.Null(peer.Connection.Aborted);
        peer.Time.Tick(1);
        Assert.Contains("preface", peer.Connection.Aborted, StringComparison.Ordinal);
        await peer.Served.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_header_block_that_does_not_end_is_not_waited_for()
    {
        await using var peer = await StartAsync();
        await peer.SendAsync([.. Of(FrameType.Ping, 0, 0, new byte[8]), .. peer.Headers(1, Echo, flags: 0)]);
        await peer.ReadAsync(FrameType.Ping);
        peer.Time.Tick(9);
        Assert.Null(peer.Connection.Aborted);
        peer.Time.Tick(2);
        Assert.Contains("header block", peer.Connection.Aborted, StringComparison.Ordinal);
        await peer.Served.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_peer_that_is_gone_is_found_by_a_ping_and_one_that_answers_stays()
    {
        await using var peer = await StartAsync();
        for (var round = 0; round < 3; round++)
        {
            peer.Time.Tick(31);
            var ping = await peer.ReadAsync(FrameType.Ping);
            Assert.Equal(0, ping.Flags);
            await peer.SendAsync([.. Of(FrameType.Ping, 0, Ack, ping.Payload), .. Of(FrameType.Ping, 0, 0, new byte[8])]);
            Assert.Equal(Ack, (await peer.ReadAsync(FrameType.Ping)).Flags);
        }
        await peer.SendAsync(peer.Headers(1, Wait));
        await peer.AliveAsync(3);
        peer.Time.Tick(31);
        await peer.ReadAsync(FrameType.Ping);
        peer.Time.Tick(18);
        Assert.Null(peer.Connection.Aborted);
        peer.Time.Tick(2);
        Assert.Contains("does not answer", peer.Connection.Aborted, StringComparison.Ordinal);
        await peer.Served.WaitAsync(Patience);
        Assert.Equal(["cancelled"], peer.Endings);
    }

    [Fact]
    public async Task A_reset_cancels_its_call_and_no_other()
    {
        await using var peer = await StartAsync();
        await peer.SendAsync([.. peer.Headers(1, Wait), .. peer.Headers(3, Wait), .. Of(RstStream, 1, 8u)]);
        Assert.True(peer.Endings.TryTake(out _, Patience));
        await peer.AliveAsync(5);
        Assert.Empty(peer.Endings);
    }

    [Fact]
    public async Task A_lost_connection_cancels_its_calls()
    {
        await using var peer = await StartAsync();
        await peer.SendAsync([.. peer.Headers(1, Wait), .. peer.Headers(3, Wait)]);
        await peer.AliveAsync(5);
        await peer.Connection.ToServer.CompleteAsync();
        await peer.Served.WaitAsync(Patience);
        Assert.Equal(2, peer.Endings.Count);
    }

    [Fact]
    public async Task A_server_that_stops_ends_calls_as_unavailable_and_says_goodbye()
    {
        await using var peer = await StartAsync();
        await peer.SendAsync([.. peer.Headers(1, Wait), .. peer.Headers(3, Wait)]);
        await peer.AliveAsync(5);
        peer.Connection.RequestClose();
        var goodbye = await peer.ReadAsync(GoAway);
        Assert.Equal((5, Http2ErrorCode.NoError), (Number(goodbye), goodbye.Code));
        // One that came too late is nobody's, and says nothing.
        await peer.SendAsync(peer.Call(7, Echo, Message(1)));
        Assert.False(peer.Served.IsCompleted);
        peer.Stop();
        Assert.All((await peer.AnswersAsync(2)).Values, answer => Assert.Equal("14", answer.Status));
        await peer.Served.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_client_that_says_goodbye_gets_its_answers()
    {
        await using var peer = await StartAsync();
        await peer.SendAsync([.. peer.Headers(1, Echo), .. Of(GoAway, 0, 0, new byte[8]), .. Of(Data, 1, EndStream, Message(9))]);
        Assert.Equal("0", (await peer.AnswersAsync(1))[1].Status);
        await peer.Served.WaitAsync(Patience);
    }

    [Fact]
    public async Task Streams_past_the_bound_are_refused_until_others_end()
    {
        await using var peer = await StartAsync();
        for (var i = 0; i < Http2Connection.MostStreams; i++) await peer.SendAsync(peer.Headers((i * 2) + 1, Wait));
        await peer.SendAsync(peer.Headers(9_001, Wait));
        var refused = await peer.ReadAsync(RstStream);
        Assert.Equal((9_001, Http2ErrorCode.RefusedStream), (refused.Stream, refused.Code));
        await peer.SendAsync(Of(RstStream, 1, 8u));
        Assert.True(peer.Endings.TryTake(out _, Patience));
        // The stream ends a moment after its call.
        for (var id = 9_003; ; id += 2)
        {
            await peer.SendAsync(peer.Call(id, Echo, Message(1)));
            if ((await peer.AnswersAsync(1))[id].Status == "0") break;
        }
    }

    [Fact]
    public async Task Requests_that_are_reset_at_once_end_the_connection()
    {
        await using var peer = await StartAsync();
        for (var id = 1; id < 6_000; id += 2) await peer.SendAsync([.. peer.Headers(id, Wait), .. Of(RstStream, id, 8u)]);
        Assert.Equal(Http2ErrorCode.EnhanceYourCalm, await peer.GoAwayAsync());
        Assert.InRange(peer.Begun, 1_000, 2_500);
    }

    public static TheoryData<string> Floods() => ["ping", "settings", "data", "priority", "unknown", "window"];

    /// <summary>The peer reads nothing meanwhile.</summary>
    [Theory]
    [MemberData(nameof(Floods))]
    public async Task Frames_that_are_of_no_use_end_the_connection(string what)
    {
        await using var peer = await StartAsync();
        await peer.SendAsync(peer.Headers(1, Wait));
        var frame = what switch
        {
            "ping" => Of(FrameType.Ping, 0, 0, new byte[8]),
            "settings" => Settings(),
            "data" => Of(Data, 1),
            "priority" => Of(FrameType.Priority, 3, 0, new byte[5]),
            "unknown" => Of((FrameType)99, 3),
            _ => Of(WindowUpdate, 1, 1u),
        };
        await peer.SendAsync([.. Enumerable.Repeat(frame, 2_500).SelectMany(bytes => bytes)]);
        Assert.Equal(Http2ErrorCode.EnhanceYourCalm, await peer.GoAwayAsync());
    }

    [Fact]
    public async Task A_client_that_measures_its_line_with_each_answer_may_do_so()
    {
        await using var peer = await StartAsync();
        for (var i = 0; i < 2_500; i++)
        {
            await peer.SendAsync([.. Of(FrameType.Ping, 0, 0, new byte[8]), .. Of(WindowUpdate, 0, 20u)]);
            await peer.AliveAsync((i * 2) + 1);
        }
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_not_read_any_more()
    {
        await using var peer = await StartAsync();
        // Each answer says what method there is not.
        const int calls = 1_500;
        var path = "/" + new string('x', 3_000);
        for (var i = 0; i < calls; i++) await peer.SendAsync(peer.Headers((i * 2) + 1, path, EndHeaders | EndStream));
        while (peer.Begun < 300) await Task.Yield();
        for (var i = 0; i < 1_000; i++) await Task.Yield();
        // A mebibyte, and what was read in one go with that.
        Assert.InRange(peer.Begun, 300, 700);
        Assert.Equal(calls, (await peer.AnswersAsync(calls)).Count);
    }
}
