using System.IO.Pipelines;
using System.Net;
using System.Text;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Runtime.Tests.Client;

public sealed class WatchTests
{
    private const string A = """{"type":"ADDED","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","namespace":"n","uid":"u","resourceVersion":"7","managedFields":[{"time":"x"}]},"data":{"k":"ä"}}}""";
    private const string B = """{"type":"MODIFIED","object":{"data":{"name":"no"},"metadata":{"resourceVersion":"8","labels":{"resourceVersion":"9"},"name":"b"}}}""";

    private readonly CancellationToken cancellation = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public async Task Events_come_whole_however_their_bytes_arrive(int piece)
    {
        using var client = Serve(Encoding.UTF8.GetBytes($"{A}\n\n{B}\r\n{A}"), piece);
        var events = new List<string>();
        await foreach (var e in client.WatchAsync(Resources.ConfigMaps, null, cancellation)) events.Add($"{e.Type} {e.Object["metadata"]!["name"]} {e.Object["data"]!["k"]}");
        Assert.Equal(["ADDED a ä", "MODIFIED b ", "ADDED a ä"], events);
    }

    [Fact]
    public async Task What_is_known_by_its_head_is_left_out()
    {
        using var client = Serve(Encoding.UTF8.GetBytes($"{A}\n{B}\n"), 50);
        var (heads, events) = (new List<WatchHead>(), new List<string>());
        await foreach (var e in client.WatchAsync(Resources.ConfigMaps, null, cancellation, head =>
        {
            heads.Add(head);
            return head.Name == "a";
        })) events.Add((string)e.Object["metadata"]!["name"]!);
        Assert.Equal(["b"], events);
        Assert.Equal([new WatchHead("ADDED", "n", "a", 7), new WatchHead("MODIFIED", "", "b", 8)], heads);
    }

    [Theory]
    [InlineData("""{"type":"ERROR","object":{"kind":"Status","metadata":{},"code":410}}""")]
    [InlineData("""{"object":{"metadata":{"name":"a","resourceVersion":"1"}},"type":"ADDED"}""")]
    [InlineData("""{"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"x"}}}""")]
    [InlineData("""{"type":"ADDED","object":{"metadata":{"name":1,"resourceVersion":"1"}}}""")]
    [InlineData("""{"type":"ADDED","object":{"metadata":{"name":"a" """)]
    [InlineData("""[]""")]
    public void A_line_without_a_whole_head_has_none(string line) => Assert.Null(WatchHead.Read(Encoding.UTF8.GetBytes(line)));

    private static KubeClient Serve(byte[] body, int piece) => new(new HttpClient(new Pieces(body, piece)) { BaseAddress = new Uri("https://test/") });

    private sealed class Pieces(byte[] body, int piece) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var pipe = new Pipe();
            _ = WriteAsync(pipe.Writer);
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(pipe.Reader.AsStream()) });
        }

        private async Task WriteAsync(PipeWriter writer)
        {
            foreach (var chunk in body.Chunk(piece))
            {
                await writer.WriteAsync(chunk);
                await Task.Yield();
            }
            await writer.CompleteAsync();
        }
    }
}
