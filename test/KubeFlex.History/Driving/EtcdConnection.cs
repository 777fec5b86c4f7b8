using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;

namespace KubeFlex.History.Driving;

/// <summary>A status that is not OK.</summary>
internal sealed class StatusException(int code, string message) : Exception($"{code} {message}")
{
    public const int InvalidArgument = 3, DeadlineExceeded = 4, NotFound = 5, ResourceExhausted = 8, OutOfRange = 11, Unavailable = 14;

    public int Code { get; } = code;

    public string Status { get; } = message;
}

/// <summary>As little of a gRPC client as the runs need. Everything that is not an answer with a status is an <see cref="IOException"/>.</summary>
internal sealed class EtcdConnection : IDisposable
{
    private readonly HttpClient http;

    public EtcdConnection(string url)
    {
        Url = url;
        http = new(new SocketsHttpHandler { EnableMultipleHttp2Connections = true, ConnectTimeout = TimeSpan.FromSeconds(2) }) { BaseAddress = new(url), Timeout = Timeout.InfiniteTimeSpan };
    }

    public string Url { get; }

    public async Task<T> CallAsync<T>(string method, IMessage request, MessageParser<T> parser, CancellationToken cancellation) where T : IMessage<T>
    {
        try
        {
            using var message = Request(method, new ByteArrayContent(Frame(request)));
            using var response = await http.SendAsync(message, cancellation);
            var body = await response.Content.ReadAsByteArrayAsync(cancellation);
            var (code, text) = Status(response);
            if (code != 0) throw new StatusException(code, text);
            return parser.ParseFrom(body.AsSpan(5));
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or InvalidOperationException or ArgumentOutOfRangeException)
        {
            throw new IOException("the connection broke: " + e.Message, e);
        }
    }

    /// <summary>Sends whatever it is given; the answer's status.</summary>
    public async Task<int> SendAsync(string method, byte[] body, string timeout, CancellationToken cancellation)
    {
        try
        {
            using var message = Request(method, new ByteArrayContent(body));
            message.Headers.Add("grpc-timeout", timeout);
            using var response = await http.SendAsync(message, cancellation);
            await response.Content.CopyToAsync(Stream.Null, cancellation);
            return Status(response).Code;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or InvalidOperationException)
        {
            throw new IOException("the connection broke: " + e.Message, e);
        }
    }

    /// <summary>Opens a stream; the server's headers come with its first message.</summary>
    public EtcdStream<T> Open<T>(string method, MessageParser<T> parser, CancellationToken cancellation) where T : IMessage<T>
    {
        var content = new PipeContent();
        return new(content, http.SendAsync(Request(method, content), HttpCompletionOption.ResponseHeadersRead, cancellation), parser);
    }

    public void Dispose() => http.Dispose();

    internal static byte[] Frame(IMessage message)
    {
        var body = message.ToByteArray();
        var frame = new byte[5 + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), body.Length);
        body.CopyTo(frame, 5);
        return frame;
    }

    internal static (int Code, string Message) Status(HttpResponseMessage response)
    {
        // Answers that are nothing but a failure have it in front ("Trailers-Only").
        HttpHeaders where = response.Headers.Contains("grpc-status") ? response.Headers : response.TrailingHeaders;
        return (where.TryGetValues("grpc-status", out var code) ? int.Parse(code.Single(), null) : throw new InvalidOperationException("an answer without a status"),
            where.TryGetValues("grpc-message", out var text) ? Uri.UnescapeDataString(text.Single()) : "");
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
        while (await pipe.Reader.ReadAsync() is { IsCompleted: false } read)
        {
            foreach (var segment in read.Buffer) await stream.WriteAsync(segment);
            // Every message goes out at once, not when there is enough for a packet.
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
internal sealed class EtcdStream<T>(PipeContent content, Task<HttpResponseMessage> answer, MessageParser<T> parser) : IAsyncDisposable where T : IMessage<T>
{
    public async Task SendAsync(IMessage message) => await content.Writer.WriteAsync(EtcdConnection.Frame(message));

    /// <summary>The next message; a status when the stream has ended, an <see cref="IOException"/> when it broke.</summary>
    public async Task<T> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            var response = await answer.WaitAsync(cancellation);
            var body = await response.Content.ReadAsStreamAsync(cancellation);
            var header = new byte[5];
            if (await body.ReadAtLeastAsync(header, 5, false, cancellation) < 5)
            {
                var (code, text) = EtcdConnection.Status(response);
                throw new StatusException(code, text);
            }
            var message = new byte[BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(1))];
            await body.ReadExactlyAsync(message, cancellation);
            return parser.ParseFrom(message);
        }
        catch (Exception e) when (e is HttpRequestException or InvalidOperationException or (OperationCanceledException and not TaskCanceledException { CancellationToken.IsCancellationRequested: true }) && !cancellation.IsCancellationRequested)
        {
            throw new IOException("the stream broke: " + e.Message, e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await content.Writer.CompleteAsync();
        try
        {
            (await answer).Dispose();
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            // It never got an answer.
        }
    }
}
