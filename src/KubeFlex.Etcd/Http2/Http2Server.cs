using System.Collections.Concurrent;
using System.Text;
using KubeFlex.Etcd.Grpc;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Etcd.Http2;

/// <summary>
/// HTTP/2 for gRPC, as the last of Kestrel's connection middlewares: Kestrel listens, does TLS, and closes connections when it stops. One clock looks after all connections.
/// </summary>
internal sealed partial class Http2Server : IAsyncDisposable
{
    private readonly GrpcEndpoint endpoint;
    private readonly RequestDelegate others;
    private readonly IRequestObserver? observer;
    private readonly ILogger logger;
    private readonly ITimer clock;
    private readonly ConcurrentDictionary<Http2Connection, bool> connections = new();

    /// <param name="endpoint">Answers gRPC calls.</param>
    /// <param name="others">Answers all other requests.</param>
    /// <param name="observer">Hears of both.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">For what nobody expected.</param>
    public Http2Server(GrpcEndpoint endpoint, RequestDelegate others, IRequestObserver? observer, TimeProvider time, ILogger logger)
    {
        (this.endpoint, this.others, this.observer, this.logger) = (endpoint, others, observer, logger);
        var second = TimeSpan.FromSeconds(1);
        clock = time.CreateTimer(static me => ((Http2Server)me!).Tick(), this, second, second);
    }

    /// <summary>Serves a connection to its end.</summary>
    public async Task RunAsync(ConnectionContext context)
    {
        var connection = new Http2Connection(this, context);
        connections.TryAdd(connection, true);
        try
        {
            await connection.RunAsync();
        }
        finally
        {
            connections.TryRemove(connection, out _);
        }
    }

    /// <summary>What the request is. A gRPC call is a POST with gRPC's content type (PROTOCOL-HTTP2.md).</summary>
    public void Classify(Http2Stream stream, RequestHead head)
    {
        if (head.Method.SequenceEqual("POST"u8) && GrpcEndpoint.Speaks(head.ContentType)) (stream.Method, stream.Timeout) = (endpoint.Find(head.Path), head.Timeout);
        else stream.Plain = new(Encoding.ASCII.GetString(head.Method), Encoding.ASCII.GetString(head.Path), head.ContentType.IsEmpty ? null : Encoding.Latin1.GetString(head.ContentType));
    }

    /// <summary>Answers the request and ends the stream. Throws nothing.</summary>
    public async Task RunAsync(Http2Stream stream)
    {
        observer?.Begin();
        var status = StatusCodes.Status200OK;
        if (stream.Method is { } method) await endpoint.AnswerAsync(stream, method);
        else status = await AnswerAsync(stream, stream.Plain!);
        observer?.End(status);
        await stream.Connection.FinishAsync(stream);
    }

    /// <summary>Tells of a mistake of ours.</summary>
    public void Failed(Exception error) => ConnectionFailed(logger, error);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => clock.DisposeAsync();

    private async ValueTask<int> AnswerAsync(Http2Stream stream, PlainRequest request)
    {
        try
        {
            return await request.AnswerAsync(stream, others);
        }
        catch (OperationCanceledException) when (stream.IsReset)
        {
            return StatusCodes.Status499ClientClosedRequest;
        }
        catch (Exception e)
        {
            RequestFailed(logger, e, request.Method, request.Target);
            return PlainRequest.Answer(stream, StatusCodes.Status500InternalServerError);
        }
    }

    private void Tick()
    {
        foreach (var (connection, _) in connections) connection.Tick();
    }

    [LoggerMessage(401, LogLevel.Error, "{Method} {Path} failed")]
    private static partial void RequestFailed(ILogger logger, Exception error, string method, string path);

    [LoggerMessage(402, LogLevel.Error, "A connection ends because of a mistake of this server")]
    private static partial void ConnectionFailed(ILogger logger, Exception error);
}
