using System.IO.Pipelines;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;

namespace KubeFlex.Etcd.Grpc;

/// <summary>One call: messages come in and go out. One reader and one writer at a time.</summary>
internal sealed class GrpcCall(HttpContext http, int largestRequest, RequestBudget budget, CancellationToken cancellation)
{
    private readonly PipeReader requests = http.Request.BodyReader;
    private readonly PipeWriter responses = http.Response.BodyWriter;

    /// <summary>The client is gone, its deadline has passed, or the server stops.</summary>
    public CancellationToken Cancellation => cancellation;

    public HttpContext Http => http;

    public X509Certificate2? ClientCertificate => http.Connection.ClientCertificate;

    /// <summary>The next message, or null when the client has sent its last.</summary>
    public ValueTask<T?> ReadAsync<T>(MessageParser<T> parser) where T : class, IMessage<T> => GrpcFrames.ReadAsync(requests, parser, largestRequest, budget, cancellation);

    /// <summary>Makes a read under way, or the next one, end as cancelled.</summary>
    public void CancelRead() => requests.CancelPendingRead();

    /// <summary>The one message of a call that has one.</summary>
    public async ValueTask<T> ReadOneAsync<T>(MessageParser<T> parser) where T : class, IMessage<T> =>
        await ReadAsync(parser) ?? throw new GrpcException(GrpcCode.Internal, "grpc: the request has no message");

    /// <summary>Sends a message; waits while the client does not take what was sent before.</summary>
    public async ValueTask WriteAsync(IMessage message)
    {
        GrpcFrames.Write(responses, message);
        await FlushAsync();
    }

    /// <summary>Body for those who frame their messages themselves.</summary>
    public PipeWriter Body => responses;

    public async ValueTask FlushAsync()
    {
        var flushed = await responses.FlushAsync(cancellation);
        if (flushed.IsCompleted) throw new OperationCanceledException("the client is gone");
    }
}
