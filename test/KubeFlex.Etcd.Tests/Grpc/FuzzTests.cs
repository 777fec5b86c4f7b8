using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using KubeFlex.Etcd.Grpc;
using KubeFlex.Etcd.Http2;
using KubeFlex.Etcd.Protocol;
using KubeFlex.Etcd.Tests.Http2;
using KubeFlex.Etcd.Tests.Support;

namespace KubeFlex.Etcd.Tests.Grpc;

public sealed class FuzzTests(ITestOutputHelper output)
{
    private static readonly string[] Methods =
    [
        "KV/Range", "KV/Put", "KV/Txn", "KV/DeleteRange", "KV/Compact", "Watch/Watch", "Lease/LeaseGrant", "Lease/LeaseKeepAlive", "Lease/LeaseTimeToLive",
        "Maintenance/Status", "Maintenance/HashKV", "Maintenance/Alarm", "Cluster/MemberList",
    ];

    private static byte[] Body(Random random)
    {
        IMessage message = random.Next(5) switch
        {
            0 => new PutRequest { Key = RawClient.B("k"), Value = RawClient.B(new string('v', random.Next(300))) },
            1 => new TxnRequest { Compare = { Services.KvTests.Is("k", 1) }, Success = { Services.KvTests.Put("k", "v") }, Failure = { new RequestOp { RequestTxn = new() } } },
            2 => new WatchRequest { CreateRequest = new() { Key = RawClient.B("k"), StartRevision = random.Next(-2, 5), WatchId = random.Next(-1, 3) } },
            3 => new RangeRequest { Key = RawClient.B("k"), RangeEnd = RawClient.B("\0"), Limit = random.NextInt64(), Revision = random.Next(-3, 5) },
            _ => new LeaseGrantRequest { TTL = random.NextInt64(), ID = random.Next(3) },
        };
        var frame = RawClient.Frame(message);
        switch (random.Next(5))
        {
            case 0:
                random.NextBytes(frame);
                break;
            case 1:
                frame = frame[..random.Next(frame.Length)];
                break;
            case 2:
                for (var i = 0; i < 3; i++) frame[random.Next(frame.Length)] = (byte)random.Next(256);
                break;
            case 3:
                frame = [.. frame, .. frame, (byte)random.Next(256)];
                break;
        }
        return frame;
    }

    [Fact]
    public async Task No_message_stops_the_server()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var etcd = await TestEtcd.StartAsync();
        for (var i = 0; i < 600; i++)
        {
            var method = Methods[random.Next(Methods.Length)];
            var body = Body(random);
            var answer = etcd.Client.SendAsync(method, body, "10S");
            Assert.True(await Task.WhenAny(answer, Task.Delay(TimeSpan.FromSeconds(20))) == answer, $"seed {seed}, round {i}: {method} hangs on {Convert.ToHexString(body)}");
            // 2: what nobody expected.
            Assert.True((await answer).Code is not 2, $"seed {seed}, round {i}: {method} failed on {Convert.ToHexString(body)}");
        }
        await etcd.Client.PutAsync("alive", "yes");
    }

    [Fact]
    public async Task No_bytes_on_the_connection_stop_the_server()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var etcd = await TestEtcd.StartAsync();
        for (var i = 0; i < 60; i++)
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(IPEndPoint.Parse(etcd.Endpoint));
            var noise = new byte[random.Next(1, 2_000)];
            random.NextBytes(noise);
            var stream = socket.GetStream();
            try
            {
                if (i % 2 == 0) await stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
                await stream.WriteAsync(noise);
            }
            catch (IOException)
            {
                // It has already hung up.
            }
        }
        await etcd.Client.PutAsync("alive", "yes");
    }

    /// <summary>A conversation that is right but for a few bytes, or frames in disorder: the connection may end, the server goes on, and each connection comes to an end.</summary>
    [Fact]
    public async Task No_frames_stop_the_server()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var i = 0; i < 400; i++)
        {
            await using var peer = new Peer();
            var frames = new List<byte[]> { Peer.Settings((Http2Setting.InitialWindowSize, (uint)random.Next(1 << random.Next(31)))) };
            for (var id = 1; id < 40; id += 2)
            {
                var message = Peer.Message(random.Next(1 << random.Next(14)), times: random.Next(4));
                frames.Add(peer.Headers(id, random.Next(3) == 0 ? Peer.Wait : Peer.Echo));
                frames.Add(Peer.Of(FrameType.Data, random.Next(9) == 0 ? random.Next(41) : id, (byte)random.Next(2), message[..random.Next(message.Length + 1)]));
                if (random.Next(3) == 0) frames.Add(Peer.Of(FrameType.WindowUpdate, random.Next(2) * id, (uint)random.Next(1 << random.Next(31))));
                if (random.Next(4) == 0) frames.Add(Peer.Of(FrameType.RstStream, id, 8u));
                if (random.Next(9) == 0) frames.Add(Peer.Of((FrameType)random.Next(12), random.Next(40), (byte)random.Next(256), new byte[random.Next(30)]));
            }
            if (random.Next(4) == 0) random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(frames)[1..]);
            byte[] bytes = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. frames.SelectMany(frame => frame)];
            for (var spoilt = random.Next(4); spoilt > 0; spoilt--) bytes[random.Next(24, bytes.Length)] = (byte)random.Next(256);
            var drained = Task.Run(async () =>
            {
                while (await peer.ReadAsync() is not null)
                {
                }
            });
            foreach (var piece in bytes.Chunk(random.Next(1, 4_000))) await peer.SendAsync(piece);
            await peer.Connection.ToServer.CompleteAsync();
            Assert.True(await Task.WhenAny(peer.Served, Task.Delay(TimeSpan.FromSeconds(20))) == peer.Served, $"seed {seed}, round {i}: the connection does not end");
            Assert.False(peer.Mistaken, $"seed {seed}, round {i}: a mistake of the server");
        }
    }

    [Theory]
    [InlineData("1H", 3600)]
    [InlineData("2M", 120)]
    [InlineData("3S", 3)]
    [InlineData("250m", 0.25)]
    [InlineData("99999999u", 99.999999)]
    [InlineData("1n", 0)]
    [InlineData("99999999H", 40 * 86400.0)]
    public void Timeouts_are_read(string header, double seconds)
    {
        Assert.True(GrpcTimeout.TryParse(header, out var timeout));
        Assert.Equal(seconds, timeout!.Value.TotalSeconds, 0.001);
    }

    [Theory]
    [InlineData("S")]
    [InlineData("1")]
    [InlineData("-1S")]
    [InlineData("123456789S")]
    [InlineData("1x")]
    public void Nonsense_is_no_timeout(string header) => Assert.False(GrpcTimeout.TryParse(header, out _));
}
