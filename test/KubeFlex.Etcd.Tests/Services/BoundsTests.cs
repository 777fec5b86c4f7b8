using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using KubeFlex.Etcd.Grpc;
using KubeFlex.Etcd.Protocol;
using KubeFlex.Etcd.Tests.Support;
using static KubeFlex.Etcd.Tests.Support.RawClient;

namespace KubeFlex.Etcd.Tests.Services;

/// <summary>What clients can make grow has an end, and says so.</summary>
public sealed class BoundsTests
{
    [Theory]
    [InlineData(1 << 20)]
    [InlineData(20 << 10)]
    public async Task Messages_that_do_not_end_share_a_bounded_room(int size)
    {
        await using var etcd = await TestEtcd.StartAsync(new() { BufferedBytes = 3 * size });
        using var http = new HttpClient(new SocketsHttpHandler()) { BaseAddress = new("http://" + etcd.Endpoint) };
        var open = new List<(PipeContent Content, Task<HttpResponseMessage> Answer)>();
        for (var i = 0; i < 6; i++)
        {
            var content = new PipeContent();
            content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
            var request = new HttpRequestMessage(HttpMethod.Post, "/etcdserverpb.KV/Put") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = content };
            open.Add((content, http.SendAsync(request)));
            var begun = new byte[5 + 1000];
            BinaryPrimitives.WriteInt32BigEndian(begun.AsSpan(1), size);
            await content.Writer.WriteAsync(begun);
        }
        // Three have room; the others are told at once.
        var refused = new List<HttpResponseMessage>();
        var waiting = open.Select(call => call.Answer).ToList();
        while (refused.Count < 3)
        {
            var done = await Task.WhenAny(waiting).WaitAsync(TimeSpan.FromSeconds(30));
            waiting.Remove(done);
            refused.Add(await done);
        }
        Assert.All(refused, answer => Assert.Equal((int)GrpcCode.ResourceExhausted, Status(answer).Code));
        Assert.All(waiting, task => Assert.False(task.IsCompleted));
        await etcd.Client.PutAsync("small", "goes on");
        foreach (var (content, _) in open) await content.Writer.CompleteAsync();
        foreach (var task in waiting) Assert.Equal((int)GrpcCode.Internal, Status(await task).Code);
        // And the room is free again.
        await etcd.Client.PutAsync("large", new('x', size * 6 / 5));
        foreach (var (_, answer) in open) (await answer).Dispose();
    }

    [Fact]
    public async Task A_watch_too_many_is_refused_and_the_stream_goes_on()
    {
        await using var etcd = await TestEtcd.StartAsync(new() { WatchesPerStream = 2 });
        await using var stream = etcd.Client.Open("Watch/Watch", WatchResponse.Parser);
        for (var i = 0; i < 3; i++) await stream.SendAsync(new WatchRequest { CreateRequest = new() { Key = B("a") } });
        Assert.False((await stream.ReadAsync()).Canceled);
        Assert.False((await stream.ReadAsync()).Canceled);
        var refused = await stream.ReadAsync();
        Assert.True(refused.Canceled);
        Assert.Contains("too many watches", refused.CancelReason, StringComparison.Ordinal);
        await etcd.Client.PutAsync("a", "1");
        Assert.Single((await stream.ReadAsync()).Events);
    }
}
