using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;
using Google.Protobuf;
using KubeFlex.Etcd.Grpc;
using KubeFlex.Etcd.Http2;
using KubeFlex.Etcd.Protocol;
using KubeFlex.Etcd.Tests.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Etcd.Tests.Http2;

/// <summary>A frame as it came.</summary>
internal sealed record Frame(FrameType Type, byte Flags, int Stream, byte[] Payload)
{
    public Http2ErrorCode Code => (Http2ErrorCode)BinaryPrimitives.ReadUInt32BigEndian(Payload.AsSpan(Type == FrameType.GoAway ? 4 : 0));

    public bool Ends => (Flags & FrameFlags.EndStream) != 0;

    public override string ToString() => $"{Type} {Flags} of {Stream}: {Convert.ToHexString(Payload.AsSpan(0, Math.Min(Payload.Length, 60)))}";
}

/// <summary>
/// A client that sends whatever frames a test wants, with the server in the same process and a clock that stands. The server's methods: <c>/echo</c> answers each message with itself, once for
/// a version of 0 and else that often; <c>/wait</c> waits for its end and tells how it came; <c>/hop</c> reads its first message where it was called and the others on another thread, while
/// the first one still stands there, and answers the last one.
/// </summary>
internal sealed class Peer : IRequestObserver, ILogger, IAsyncDisposable
{
    public const string Echo = "/echo", Wait = "/wait", Hop = "/hop";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly byte[] Preface = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8];

    private readonly Http2Server server;
    private readonly CancellationTokenSource stopping = new();
    private readonly HpackEncoder encoder = new();
    private readonly Fields fields = new();
    private readonly HpackDecoder decoder = new();
    private int begun;

    public Peer(RequestDelegate? others = null)
    {
        GrpcMethod[] methods = [new(Echo, EchoAsync), new(Wait, WaitAsync), new(Hop, HopAsync)];
        var endpoint = new GrpcEndpoint(methods, 8 << 20, new(64 << 20), TimeProvider.System, _ => null, this, stopping.Token);
        server = new(endpoint, others ?? (_ => Task.CompletedTask), this, Time, this);
        // As in Kestrel, nobody wants to be continued anywhere in particular.
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        Served = server.RunAsync(Connection);
        SynchronizationContext.SetSynchronizationContext(context);
    }

    public FakeConnection Connection { get; } = new();

    public ManualTime Time { get; } = new();

    /// <summary>Complete when the server is done with the connection, and with all its calls.</summary>
    public Task Served { get; }

    /// <summary>How calls of <see cref="Wait"/> ended.</summary>
    public BlockingCollection<string> Endings { get; } = [];

    /// <summary>Requests that the server has begun to answer.</summary>
    public int Begun => Volatile.Read(ref begun);

    /// <summary>With what every connection begins, sent and read.</summary>
    public static async Task<Peer> StartAsync(params (Http2Setting Setting, uint Value)[] settings)
    {
        var peer = new Peer();
        await peer.SendAsync([.. Preface, .. Settings(settings)]);
        Assert.Equal((FrameType.Settings, 0), (await peer.ReadAsync(FrameType.Settings) is var frame ? frame.Type : default, frame.Flags));
        Assert.Equal((4 << 20) - 65_535, Number(await peer.ReadAsync(FrameType.WindowUpdate)));
        Assert.Equal(FrameFlags.Ack, (await peer.ReadAsync(FrameType.Settings)).Flags);
        return peer;
    }

    public static byte[] Of(FrameType type, int stream, byte flags = 0, params byte[] payload)
    {
        var frame = new byte[FrameHeader.Size + payload.Length];
        FrameHeader.Write(frame, payload.Length, type, flags, stream);
        payload.CopyTo(frame, FrameHeader.Size);
        return frame;
    }

    public static byte[] Of(FrameType type, int stream, uint number) => Of(type, stream, 0, Big(number));

    public static byte[] Settings(params (Http2Setting Setting, uint Value)[] settings) => Of(FrameType.Settings, 0, 0, [.. settings.SelectMany(setting => (byte[])[0, (byte)setting.Setting, .. Big(setting.Value)])]);

    /// <summary>Headers of a call, with others behind them.</summary>
    public byte[] Block(string path, params (string Name, string Value)[] more) =>
        encoder.Encode([(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "unix:///tmp/any"), ("content-type", "application/grpc"), ("te", "trailers"), .. more]);

    public byte[] Headers(int stream, string path, byte flags = FrameFlags.EndHeaders) => Of(FrameType.Headers, stream, flags, Block(path));

    /// <summary>A message of so many bytes that is to be echoed so often, with the header of gRPC.</summary>
    public static byte[] Message(int bytes, int times = 0) => RawClient.Frame(new PutRequest { Value = ByteString.CopyFrom([.. Enumerable.Range(0, bytes).Select(i => (byte)i)]), Lease = times });

    /// <summary>A whole call.</summary>
    public byte[] Call(int stream, string path, byte[] message) => [.. Headers(stream, path), .. Of(FrameType.Data, stream, FrameFlags.EndStream, message)];

    /// <summary>A message in frames as large as the server takes them.</summary>
    public static byte[] Pieces(int stream, byte[] message) => [.. message.Chunk(16 << 10).SelectMany((piece, i) => Of(FrameType.Data, stream, (i + 1) * (16 << 10) >= message.Length ? FrameFlags.EndStream : (byte)0, piece))];

    public async Task SendAsync(params byte[] bytes) => await Connection.ToServer.WriteAsync(bytes);

    /// <summary>The next frame; null at the end.</summary>
    public async Task<Frame?> ReadAsync()
    {
        try
        {
            return await ReadFrameAsync();
        }
        catch (InvalidOperationException) when (Connection.Aborted is not null)
        {
            return null;
        }
    }

    private async Task<Frame?> ReadFrameAsync()
    {
        while (true)
        {
            var read = await Connection.FromServer.ReadAsync().AsTask().WaitAsync(Patience);
            var buffer = read.Buffer;
            if (FrameHeader.TryRead(buffer, out var header) && buffer.Length >= FrameHeader.Size + header.Length)
            {
                var payload = buffer.Slice(FrameHeader.Size, header.Length);
                var frame = new Frame(header.Type, header.Flags, header.Stream, payload.ToArray());
                Connection.FromServer.AdvanceTo(payload.End);
                return frame;
            }
            Connection.FromServer.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted || read.IsCanceled) return null;
        }
    }

    /// <summary>The next frame, which has to be of this type.</summary>
    public async Task<Frame> ReadAsync(FrameType type)
    {
        var frame = await ReadAsync();
        Assert.True(frame?.Type == type, $"{type} should have come, and {frame} did");
        return frame!;
    }

    /// <summary>Answers to streams until so many have ended: the bytes of their messages, and how they ended ("0" for a call that went well). Other frames are passed over.</summary>
    public async Task<Dictionary<int, (byte[] Body, string Status)>> AnswersAsync(int count)
    {
        var bodies = new Dictionary<int, List<byte>>();
        var answers = new Dictionary<int, (byte[] Body, string Status)>();
        while (answers.Count < count)
        {
            var frame = await ReadAsync();
            Assert.True(frame is not null and not { Type: FrameType.GoAway }, $"the connection ends with {frame}");
            if (frame!.Type == FrameType.RstStream) answers.TryAdd(frame.Stream, ([], $"{frame.Code}"));
            if (frame.Type is not (FrameType.Headers or FrameType.Data)) continue;
            var body = bodies.TryGetValue(frame.Stream, out var begun) ? begun : bodies[frame.Stream] = [];
            if (frame.Type == FrameType.Data) body.AddRange(frame.Payload);
            else fields.Decode(decoder, frame.Payload);
            if (frame.Ends) answers.Add(frame.Stream, ([.. body], fields.Get("grpc-status") ?? fields.Get(":status")!));
        }
        return answers;
    }

    /// <summary>The code with which the connection ends; frames before that are passed over.</summary>
    public async Task<Http2ErrorCode> GoAwayAsync()
    {
        while (true)
        {
            var frame = await ReadAsync();
            Assert.NotNull(frame);
            if (frame.Type == FrameType.GoAway) return frame.Code;
        }
    }

    /// <summary>Whether the connection works: another call is answered.</summary>
    public async Task AliveAsync(int stream)
    {
        await SendAsync(Call(stream, Echo, Message(3)));
        while (true)
        {
            var frame = await ReadAsync();
            Assert.True(frame is not null and not { Type: FrameType.GoAway }, $"the connection ends with {frame?.Code}");
            if (frame!.Stream == stream && frame.Ends) return;
        }
    }

    public static int Number(Frame frame) => BinaryPrimitives.ReadInt32BigEndian(frame.Payload);

    /// <summary>Ends all calls, as a server that stops does.</summary>
    public void Stop() => stopping.Cancel();

    /// <summary>The server logged an error.</summary>
    public bool Mistaken { get; private set; }

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Mistaken |= logLevel >= LogLevel.Error;

    void IRequestObserver.Begin() => Interlocked.Increment(ref begun);

    void IRequestObserver.End(int status)
    {
    }

    public async ValueTask DisposeAsync()
    {
        await Connection.ToServer.CompleteAsync();
        await Connection.FromServer.CompleteAsync();
        await Served.WaitAsync(Patience);
        Assert.False(Mistaken);
        await server.DisposeAsync();
        stopping.Dispose();
        Endings.Dispose();
    }

    private static byte[] Big(uint number) => [(byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number];

    private static async Task EchoAsync(GrpcCall call)
    {
        while (await call.ReadAsync(PutRequest.Parser) is { } request)
        {
            if (request.Lease == 0) call.WriteLast(request);
            for (var i = 0; i < request.Lease; i++) await call.WriteAsync(request);
        }
    }

    private static async Task HopAsync(GrpcCall call)
    {
        await call.ReadAsync(PutRequest.Parser);
        using var begun = new ManualResetEventSlim();
        var rest = Task.Run(async () =>
        {
            var read = call.ReadAsync(PutRequest.Parser);
            begun.Set();
            PutRequest? last = null;
            for (; await read is { } next; read = call.ReadAsync(PutRequest.Parser)) last = next;
            return last!;
        });
        begun.Wait();
        call.WriteLast(await rest);
    }

    private async Task WaitAsync(GrpcCall call)
    {
        try
        {
            await Task.Delay(System.Threading.Timeout.Infinite, call.Cancellation);
        }
        catch (OperationCanceledException)
        {
            Endings.Add("cancelled");
            throw;
        }
    }

    private sealed class Fields : IHeaderSink
    {
        private readonly Dictionary<string, string> list = [];

        public string? Get(string name) => list.GetValueOrDefault(name);

        public void Decode(HpackDecoder decoder, byte[] block)
        {
            list.Clear();
            decoder.Decode(block, this);
        }

        public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => list.Add(Encoding.ASCII.GetString(name), Encoding.ASCII.GetString(value));
    }
}
