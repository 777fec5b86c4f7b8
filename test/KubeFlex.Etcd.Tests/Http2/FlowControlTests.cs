using KubeFlex.Etcd.Http2;
using static KubeFlex.Etcd.Http2.FrameFlags;
using static KubeFlex.Etcd.Http2.FrameType;
using static KubeFlex.Etcd.Tests.Http2.Peer;

namespace KubeFlex.Etcd.Tests.Http2;

public sealed class FlowControlTests
{
    private static async Task<int> DataAsync(Peer peer, int bytes)
    {
        var got = 0;
        while (got < bytes)
        {
            var frame = await peer.ReadAsync(Data);
            got += frame.Payload.Length;
        }
        return got;
    }

    [Fact]
    public async Task An_answer_waits_for_its_window_and_nobody_waits_for_it()
    {
        await using var peer = await StartAsync((Http2Setting.InitialWindowSize, 10));
        byte[] message = Message(100);
        await peer.SendAsync(peer.Call(1, Echo, message));
        Assert.False((await peer.ReadAsync(Headers)).Ends);
        Assert.Equal(message[..10], (await peer.ReadAsync(Data)).Payload);
        // Another one has a window of its own.
        await peer.SendAsync([.. peer.Headers(3, Echo), .. Of(WindowUpdate, 3, 1_000u), .. Of(Data, 3, EndStream, message)]);
        Assert.Equal(3, (await peer.ReadAsync(Headers)).Stream);
        Assert.Equal(message, (await peer.ReadAsync(Data)).Payload);
        Assert.Equal((3, true), ((await peer.ReadAsync(Headers)) is var end ? end.Stream : 0, end.Ends));
        await peer.SendAsync(Of(WindowUpdate, 1, 5u));
        Assert.Equal(message[10..15], (await peer.ReadAsync(Data)).Payload);
        // All open streams get the difference; the sum of both is negative first.
        await peer.SendAsync([.. Settings((Http2Setting.InitialWindowSize, 4)), .. Of(WindowUpdate, 1, 6u), .. Of(FrameType.Ping, 0, 0, new byte[8])]);
        await peer.ReadAsync(FrameType.Settings);
        await peer.ReadAsync(FrameType.Ping);
        await peer.SendAsync(Of(WindowUpdate, 1, 2u));
        Assert.Equal(message[15..17], (await peer.ReadAsync(Data)).Payload);
        await peer.SendAsync(Settings((Http2Setting.InitialWindowSize, 1_000)));
        Assert.Equal(message[17..], (await peer.ReadAsync(Data)).Payload);
        Assert.True((await peer.ReadAsync(Headers)).Ends);
    }

    [Fact]
    public async Task Streams_share_the_connections_window_in_turn()
    {
        await using var peer = await StartAsync((Http2Setting.InitialWindowSize, 1 << 20));
        // 65,535 for all: the first takes it whole.
        byte[] large = Message(60_000), small = Message(20_000);
        await peer.SendAsync([.. peer.Headers(1, Echo), .. Pieces(1, Message(65_526))]);
        await peer.ReadAsync(Headers);
        await DataAsync(peer, 65_535);
        Assert.True((await peer.ReadAsync(Headers)).Ends);
        await peer.SendAsync([.. peer.Headers(3, Echo), .. Pieces(3, large), .. peer.Headers(5, Echo), .. Pieces(5, large), .. peer.Headers(7, Echo), .. Pieces(7, small)]);
        for (var i = 0; i < 3; i++) await peer.ReadAsync(Headers);
        await peer.SendAsync(Of(WindowUpdate, 0, 1u << 20));
        var order = new List<int>();
        while (await peer.ReadAsync() is { } frame && !(frame.Ends && frame.Stream == 7)) order.Add(frame.Stream);
        // The small one ends before the large ones do.
        Assert.Equal([3, 5, 7, 3, 5, 7], order);
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(100u)]
    [InlineData(40_000u)]
    public async Task Large_messages_pass_through_small_windows(uint window)
    {
        await using var peer = await StartAsync((Http2Setting.InitialWindowSize, window));
        byte[] message = Message(window == 1 ? 500 : 200_000);
        await peer.SendAsync([.. peer.Headers(1, Echo), .. Pieces(1, message)]);
        var body = new List<byte>();
        while (await peer.ReadAsync() is { } frame)
        {
            if (frame.Type == Data)
            {
                Assert.InRange(frame.Payload.Length, 0, (int)window);
                body.AddRange(frame.Payload);
                if (frame.Payload.Length > 0) await peer.SendAsync([.. Of(WindowUpdate, 0, (uint)frame.Payload.Length), .. Of(WindowUpdate, 1, (uint)frame.Payload.Length)]);
            }
            if (frame is { Type: Headers, Ends: true }) break;
        }
        Assert.Equal(message, body);
    }

    [Fact]
    public async Task A_message_larger_than_our_windows_comes_in_as_they_open()
    {
        await using var peer = await StartAsync((Http2Setting.InitialWindowSize, int.MaxValue));
        await peer.SendAsync(Of(WindowUpdate, 0, 1u << 30));
        byte[] message = Message(6 << 20);
        await peer.SendAsync(peer.Headers(1, Echo));
        var (connection, stream, answered) = (4 << 20, 1 << 20, 0);
        for (var at = 0; at < message.Length;)
        {
            var count = Math.Min(Math.Min(16_384, message.Length - at), Math.Min(connection, stream));
            if (count > 0)
            {
                await peer.SendAsync(Of(Data, 1, at + count == message.Length ? EndStream : (byte)0, message[at..(at + count)]));
                (at, connection, stream) = (at + count, connection - count, stream - count);
                continue;
            }
            var more = await peer.ReadAsync(WindowUpdate);
            if (more.Stream == 0) connection += Number(more);
            else stream += Number(more);
        }
        while (answered < message.Length)
        {
            if (await peer.ReadAsync() is { Type: Data } frame) answered += frame.Payload.Length;
        }
        Assert.Equal(message.Length, answered);
    }

    [Fact]
    public async Task A_thousand_streams_are_answered_on_one_connection()
    {
        await using var peer = await StartAsync((Http2Setting.InitialWindowSize, 1 << 20));
        await peer.SendAsync(Of(WindowUpdate, 0, 1u << 30));
        byte[] message = Message(700);
        var answers = peer.AnswersAsync(1_000);
        // All are open before the first gets its message.
        for (var i = 0; i < 1_000; i++) await peer.SendAsync(peer.Headers((i * 2) + 1, Echo));
        for (var i = 0; i < 1_000; i++) await peer.SendAsync(Of(Data, (i * 2) + 1, EndStream, message));
        Assert.All((await answers).Values, answer => Assert.Equal(("0", message.Length), (answer.Status, answer.Body.Length)));
    }

    [Fact]
    public async Task A_stream_that_nobody_reads_holds_up_no_other()
    {
        await using var peer = await StartAsync();
        // It would answer without end, and has a window for a part of that.
        await peer.SendAsync(peer.Call(1, Echo, Message(5_000, times: 1_000)));
        var got = 0;
        while (got < 65_535) got += (await peer.ReadAsync())!.Payload.Length is var bytes and > 100 ? bytes : 0;
        await peer.SendAsync([.. Of(WindowUpdate, 0, 1u << 20)]);
        await peer.AliveAsync(3);
        await peer.AliveAsync(5);
        // And it is cancelled while it waits.
        await peer.SendAsync(Of(RstStream, 1, 8u));
        await peer.AliveAsync(7);
    }
}
