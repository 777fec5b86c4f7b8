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
        var run = RunAsync(context, response);
        await Task.WhenAny(response.Started, run);
        cancellationToken.ThrowIfCancellationRequested();
        if (run.IsFaulted) await run;
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
            if (!response.Started.IsCompleted) throw;
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

    private sealed class Response : HttpResponseFeature, IHttpResponseBodyFeature
    {
        private readonly Pipe pipe = new(new PipeOptions(useSynchronizationContext: false));
        private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Lifetime lifetime;
        private readonly NotifyingWriter writer;
        private bool completed;

        public Response(Lifetime lifetime)
        {
            this.lifetime = lifetime;
            writer = new NotifyingWriter(pipe.Writer, started);
        }

        public Task Started => started.Task;
        public override bool HasStarted => started.Task.IsCompleted;
        public Stream Stream => field ??= writer.AsStream(leaveOpen: true);
        public PipeWriter Writer => writer;

        public void DisableBuffering() { }

        public Task StartAsync(CancellationToken cancellationToken = default)
        {
            started.TrySetResult();
            return Task.CompletedTask;
        }

        public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException("The API sends no files.");

        public async Task CompleteAsync()
        {
            if (completed) return;
            completed = true;
            await pipe.Writer.CompleteAsync();
            started.TrySetResult();
        }

        public void Fail(Exception error)
        {
            completed = true;
            pipe.Writer.Complete(error);
        }

        public HttpResponseMessage ToMessage(HttpRequestMessage request)
        {
            var message = new HttpResponseMessage((HttpStatusCode)StatusCode)
            {
                RequestMessage = request,
                Content = new StreamContent(new AbortingStream(pipe.Reader.AsStream(), lifetime)),
            };
            foreach (var (name, values) in Headers)
                if (!message.Headers.TryAddWithoutValidation(name, values.ToArray()))
                    message.Content.Headers.TryAddWithoutValidation(name, values.ToArray());
            message.Content.Headers.ContentType ??= new MediaTypeHeaderValue("application/json");
            return message;
        }
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
