using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using KubeFlex.ApiServer;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace KubeFlex.Server.InProcess;

/// <summary>
/// Sends a client's requests straight into a control plane's pipeline: no socket, no TLS, one code path for all clients. A watch streams
/// through a pipe that lives as long as its reader.
/// </summary>
internal sealed class InProcessHandler(Func<HttpContext, Task> api, UserInfo user) : HttpMessageHandler
{
    private readonly AuthenticatedUser identity = new(user);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var features = new FeatureCollection();
        var lifetime = new Lifetime();
        var response = new Response(lifetime);
        features.Set<IHttpRequestFeature>(await RequestAsync(request, cancellationToken));
        features.Set<IHttpResponseFeature>(response);
        features.Set<IHttpResponseBodyFeature>(response);
        features.Set<IHttpRequestLifetimeFeature>(lifetime);
        features.Set(identity);
        var context = new DefaultHttpContext(features);

        // Until the headers are out, the caller's token ends the request; afterwards disposing the response does.
        await using var registration = cancellationToken.UnsafeRegister(static l => ((Lifetime)l!).Abort(), lifetime);
        _ = RunAsync(context, response);
        try
        {
            await response.Started;
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // What the request ended with is its end's doing.
        }
        cancellationToken.ThrowIfCancellationRequested();
        return response.ToMessage(request);
    }

    private async Task RunAsync(HttpContext context, Response response)
    {
        try
        {
            await api(context);
            await response.CompleteAsync();
        }
        catch (Exception e)
        {
            response.Fail(e);
        }
    }

    private static async Task<HttpRequestFeature> RequestAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        var uri = request.RequestUri!;
        var feature = new HttpRequestFeature
        {
            Method = request.Method.Method,
            Scheme = "https",
            Protocol = "HTTP/2",
            Path = Uri.UnescapeDataString(uri.AbsolutePath),
            RawTarget = uri.PathAndQuery,
            QueryString = uri.Query,
        };
        foreach (var (name, values) in request.Headers) feature.Headers[name] = values.ToArray();
        feature.Headers.Host = uri.Authority;
        if (request.Content is null) return feature;
        foreach (var (name, values) in request.Content.Headers) feature.Headers[name] = values.ToArray();
        feature.Body = await request.Content.ReadAsStreamAsync(cancellation);
        return feature;
    }

    // Not disposed: whoever still holds the token may look at it after the request, and without a timer there is nothing to free.
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "See above.")]
    private sealed class Lifetime : IHttpRequestLifetimeFeature
    {
        private readonly CancellationTokenSource source = new();

        public Lifetime() => RequestAborted = source.Token;

        public CancellationToken RequestAborted { get; set; }

        public void Abort() => source.Cancel();
    }

    /// <summary>An answer whose length is known is kept until it is whole, which spares most requests a pipe; others stream.</summary>
    private sealed class Response(Lifetime lifetime) : HttpResponseFeature, IHttpResponseBodyFeature
    {
        private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Pipe? pipe;
        private WholeBody? whole;
        private NotifyingWriter? writer;
        private bool completed;

        public Task Started => started.Task;
        public override bool HasStarted => started.Task.IsCompleted;
        public Stream Stream => field ??= Writer.AsStream(leaveOpen: true);
        public PipeWriter Writer => (PipeWriter?)writer ?? whole ?? Begin();

        public void DisableBuffering() { }

        public Task StartAsync(CancellationToken cancellationToken = default)
        {
            _ = Writer;
            if (whole is null) started.TrySetResult();
            return Task.CompletedTask;
        }

        public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException("The API sends no files.");

        public async Task CompleteAsync()
        {
            if (completed) return;
            completed = true;
            if (pipe is not null) await pipe.Writer.CompleteAsync();
            started.TrySetResult();
        }

        public void Fail(Exception error)
        {
            completed = true;
            // Before the answer has begun the call fails, afterwards its reader.
            if (!started.TrySetException(error)) pipe?.Writer.Complete(error);
        }

        public HttpResponseMessage ToMessage(HttpRequestMessage request)
        {
            var message = new HttpResponseMessage((HttpStatusCode)StatusCode)
            {
                RequestMessage = request,
                Content = pipe is not null ? new StreamContent(new AbortingStream(pipe.Reader.AsStream(), lifetime)) : new ReadOnlyMemoryContent(whole?.Written ?? default),
            };
            foreach (var (name, values) in Headers)
                if (!message.Headers.TryAddWithoutValidation(name, values.ToArray()))
                    message.Content.Headers.TryAddWithoutValidation(name, values.ToArray());
            message.Content.Headers.ContentType ??= new MediaTypeHeaderValue("application/json");
            return message;
        }

        private PipeWriter Begin()
        {
            if (Headers.ContentLength is { } length and < int.MaxValue) return whole = new WholeBody((int)length);
            pipe = new Pipe(new PipeOptions(useSynchronizationContext: false));
            return writer = new NotifyingWriter(pipe.Writer, started);
        }
    }

    private sealed class WholeBody(int length) : PipeWriter
    {
        private readonly System.Buffers.ArrayBufferWriter<byte> body = new(Math.Max(length, 1));

        public ReadOnlyMemory<byte> Written => body.WrittenMemory;
        public override bool CanGetUnflushedBytes => true;
        public override long UnflushedBytes => 0;
        public override void Advance(int bytes) => body.Advance(bytes);
        public override Memory<byte> GetMemory(int sizeHint = 0) => body.GetMemory(sizeHint);
        public override Span<byte> GetSpan(int sizeHint = 0) => body.GetSpan(sizeHint);
        public override void CancelPendingFlush() { }
        public override void Complete(Exception? exception = null) { }
        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => default;
    }

    // The first flush sends the headers, as a server's would.
    private sealed class NotifyingWriter(PipeWriter inner, TaskCompletionSource started) : PipeWriter
    {
        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;
        public override long UnflushedBytes => inner.UnflushedBytes;
        public override void Advance(int bytes) => inner.Advance(bytes);
        public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);
        public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);
        public override void CancelPendingFlush() => inner.CancelPendingFlush();
        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            started.TrySetResult();
            return inner.FlushAsync(cancellationToken);
        }
    }

    // Disposing the response ends the request, as closing a connection would.
    private sealed class AbortingStream(Stream inner, Lifetime lifetime) : Stream
    {
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override void Flush() { }
        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);
        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            inner.ReadAsync(buffer, offset, count, cancellationToken);
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                lifetime.Abort();
                inner.Dispose();
            }
            base.Dispose(disposing);
        }
    }
}
