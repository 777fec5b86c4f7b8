using System.Collections.Concurrent;
using System.Net;
using System.Text;
using KubeFlex.Runtime.Client;
using KubeFlex.Storage;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Server.Sharing;

/// <summary>
/// The servers on the database, and the way to them. A look at the database each second tells who lives: connections to a stopped server stay open and
/// silent, so requests that wait for one are ended as soon as its lease is over.
/// </summary>
internal sealed partial class Peers : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly Datastore datastore;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly HttpMessageInvoker http;
    private readonly ConcurrentDictionary<string, Life> lives = new(StringComparer.Ordinal);
    private volatile IReadOnlyList<StoreOwner> members = [];
    private volatile TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Peers(Datastore datastore, PeerIdentity identity, TimeProvider time, ILogger logger)
    {
        (this.datastore, this.time, this.logger) = (datastore, time, logger);
        http = new(new SocketsHttpHandler
        {
            SslOptions = identity.ClientOptions,
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = TimeSpan.FromSeconds(2),
            // For a server that lives but cannot be reached from here.
            KeepAlivePingDelay = TimeSpan.FromSeconds(5),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        });
    }

    /// <summary>All servers that live, this one included.</summary>
    public IReadOnlyList<StoreOwner> Members => members;

    public StoreOwner Self => datastore.Self!;

    /// <summary>Completes when servers come or go.</summary>
    public Task Changed => changed.Task;

    /// <summary>Ends when a server is no longer among the living.</summary>
    public CancellationToken LifeOf(string url) => lives.GetOrAdd(url, _ => new(time.GetTimestamp())).Source.Token;

    /// <summary>Sends a request, whose URI names the server; completes with the headers. What stands between us and the server is a <see cref="HttpRequestException"/>.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        (request.Version, request.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
        return http.SendAsync(request, cancellation);
    }

    /// <summary>Has a server do something with a control plane, and reads its answer; what it cannot do is a <see cref="KubeApiException"/>.</summary>
    public async Task<byte[]> AskAsync(StoreOwner server, string controlPlane, string task, CancellationToken cancellation)
    {
        var life = LifeOf(server.Url);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, life);
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Url + "/")
        {
            Headers = { { PeerHeaders.ControlPlane, controlPlane }, { PeerHeaders.Task, task } },
        };
        try
        {
            using var response = await SendAsync(request, stop.Token);
            var body = await response.Content.ReadAsByteArrayAsync(stop.Token);
            return response.IsSuccessStatusCode ? body : throw new KubeApiException((int)response.StatusCode, null, $"server {server.Url}: {Encoding.UTF8.GetString(body)}");
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new HttpRequestException($"server {server.Url} does not answer", e);
        }
    }

    /// <summary>Looks who lives, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Look, time);
        try
        {
            do await LookAsync(cancellation);
            while (await timer.WaitForNextTickAsync(cancellation));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
    }

    public void Dispose() => http.Dispose();

    private async Task LookAsync(CancellationToken cancellation)
    {
        var asked = time.GetTimestamp();
        IReadOnlyList<StoreOwner> now;
        try
        {
            now = await datastore.ListOwnersAsync(cancellation);
        }
        catch (StorageException e)
        {
            // Nobody is dead because the database is away.
            NoLook(logger, e.Message);
            return;
        }
        foreach (var (url, life) in lives)
        {
            // One that was met after we asked is not missing.
            if (life.Since >= asked || now.Any(member => member.Url == url) || !lives.TryRemove(url, out _)) continue;
            await life.Source.CancelAsync();
        }
        var before = members;
        if (now.SequenceEqual(before)) return;
        members = now;
        foreach (var gone in before.Where(b => b.Id != Self.Id && now.All(n => n.Url != b.Url))) Gone(logger, gone.Url);
        foreach (var come in now.Where(n => n.Id != Self.Id && before.All(b => b.Url != n.Url))) Came(logger, come.Url);
        Interlocked.Exchange(ref changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    [LoggerMessage(170, LogLevel.Debug, "who shares the database cannot be seen now: {Why}")]
    private static partial void NoLook(ILogger logger, string why);

    [LoggerMessage(171, LogLevel.Information, "Server {Url} shares the database")]
    private static partial void Came(ILogger logger, string url);

    [LoggerMessage(172, LogLevel.Information, "Server {Url} is gone")]
    private static partial void Gone(ILogger logger, string url);

    // The source is not disposed: requests may hold its token, and without a timer there is nothing to free.
    private sealed class Life(long since)
    {
        public long Since => since;

        public CancellationTokenSource Source { get; } = new();
    }
}
