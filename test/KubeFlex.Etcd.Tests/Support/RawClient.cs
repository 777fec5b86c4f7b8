using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Google.Protobuf;
using KubeFlex.Etcd.Protocol;

namespace KubeFlex.Etcd.Tests.Support;

/// <summary>A status that is not OK.</summary>
internal sealed class StatusException(int code, string message) : Exception($"{code} {message}")
{
    public int Code { get; } = code;

    public string Status { get; } = message;
}

/// <summary>As little of a gRPC client as the tests need, with nothing of the server's framing in it.</summary>
internal sealed class RawClient(string url, EndPoint? address = null) : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { EnableMultipleHttp2Connections = true, ConnectCallback = address is null ? null : (_, stop) => ConnectAsync(address, stop) })
    {
        BaseAddress = new(url), Timeout = TimeSpan.FromSeconds(60),
    };

    public Task<RangeResponse> RangeAsync(RangeRequest request) => CallAsync("KV/Range", request, RangeResponse.Parser);

    public Task<RangeResponse> GetAsync(string key) => RangeAsync(new() { Key = B(key) });

    public Task<PutResponse> PutAsync(string key, string value, long lease = 0) => CallAsync("KV/Put", new PutRequest { Key = B(key), Value = B(value), Lease = lease }, PutResponse.Parser);

    public Task<DeleteRangeResponse> DeleteAsync(string key, string end = "") => CallAsync("KV/DeleteRange", new DeleteRangeRequest { Key = B(key), RangeEnd = B(end) }, DeleteRangeResponse.Parser);

    public Task<TxnResponse> TxnAsync(TxnRequest request) => CallAsync("KV/Txn", request, TxnResponse.Parser);

    public Task<CompactionResponse> CompactAsync(long revision) => CallAsync("KV/Compact", new CompactionRequest { Revision = revision }, CompactionResponse.Parser);

    public static ByteString B(string text) => ByteString.CopyFromUtf8(text);

    public async Task<T> CallAsync<T>(string method, IMessage request, MessageParser<T> parser, string? timeout = null) where T : IMessage<T>
    {
        var (body, code, message) = await SendAsync(method, Frame(request), timeout);
        if (code != 0) throw new StatusException(code, message);
        return parser.ParseFrom(body.AsSpan(5));
    }

    /// <summary>Sends whatever it is given.</summary>
    public async Task<(byte[] Body, int Code, string Message)> SendAsync(string method, byte[] body, string? timeout = null)
    {
        using var request = Request(method, new ByteArrayContent(body));
        if (timeout is not null) request.Headers.Add("grpc-timeout", timeout);
        using var response = await http.SendAsync(request);
        var answer = await response.Content.ReadAsByteArrayAsync();
        var (code, message) = Status(response);
        return (answer, code, message);
    }

    /// <summary>Opens a stream; the server's headers come with its first message.</summary>
    public RawStream<T> Open<T>(string method, MessageParser<T> parser) where T : IMessage<T>
    {
        var content = new PipeContent();
        return new(content, http.SendAsync(Request(method, content), HttpCompletionOption.ResponseHeadersRead), parser);
    }

    public static byte[] Frame(IMessage message)
    {
        var body = message.ToByteArray();
        var frame = new byte[5 + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), body.Length);
        body.CopyTo(frame, 5);
        return frame;
    }

    public static (int Code, string Message) Status(HttpResponseMessage response)
    {
        // Answers that are nothing but a failure may have it in front ("Trailers-Only").
        HttpHeaders where = response.Headers.Contains("grpc-status") ? response.Headers : response.TrailingHeaders;
        return (int.Parse(where.GetValues("grpc-status").Single(), null), where.TryGetValues("grpc-message", out var text) ? Uri.UnescapeDataString(text.Single()) : "");
    }

    public void Dispose() => http.Dispose();

    private static async ValueTask<Stream> ConnectAsync(EndPoint address, CancellationToken cancellation)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(address, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static HttpRequestMessage Request(string method, HttpContent content)
    {
        content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        var request = new HttpRequestMessage(HttpMethod.Post, "/etcdserverpb." + method) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = content };
        request.Headers.Add("te", "trailers");
        return request;
    }
}

/// <summary>A body that is written while the answer is read.</summary>
internal sealed class PipeContent : HttpContent
{
    private readonly Pipe pipe = new();

    public PipeWriter Writer => pipe.Writer;

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        // Every message goes out at once, not when there is enough for a packet.
        while (await pipe.Reader.ReadAsync() is { IsCompleted: false } read)
        {
            foreach (var segment in read.Buffer) await stream.WriteAsync(segment);
            await stream.FlushAsync();
            pipe.Reader.AdvanceTo(read.Buffer.End);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}

/// <summary>A bidirectional stream.</summary>
internal sealed class RawStream<T>(PipeContent content, Task<HttpResponseMessage> answer, MessageParser<T> parser) : IAsyncDisposable where T : IMessage<T>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public async Task SendAsync(IMessage message) => await content.Writer.WriteAsync(RawClient.Frame(message));

    /// <summary>The next message; a status when the stream has ended.</summary>
    public async Task<T> ReadAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        var response = await answer.WaitAsync(patience.Token);
        var body = await response.Content.ReadAsStreamAsync(patience.Token);
        var header = new byte[5];
        var got = await body.ReadAtLeastAsync(header, 5, false, patience.Token);
        if (got == 0)
        {
            var (code, text) = RawClient.Status(response);
            throw new StatusException(code, text);
        }
        var message = new byte[BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(1))];
        await body.ReadExactlyAsync(message, patience.Token);
        return parser.ParseFrom(message);
    }

    public async ValueTask DisposeAsync()
    {
        await content.Writer.CompleteAsync();
        (await answer).Dispose();
    }
}
