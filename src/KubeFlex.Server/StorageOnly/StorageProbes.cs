using System.Net;
using System.Net.Sockets;
using KubeFlex.Server.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Server.StorageOnly;

/// <summary>
/// Health and metrics of <c>storage serve</c> on a port of their own, plain HTTP as etcd's <c>--listen-metrics-urls</c>: <c>/livez</c> says that the process
/// lives, <c>/readyz</c> that this server is the one that serves, <c>/metrics</c> is Prometheus text.
/// </summary>
internal sealed class StorageProbes : IAsyncDisposable
{
    private readonly WebApplication app;

    private StorageProbes(WebApplication app, string url) => (this.app, Url) = (app, url);

    public string Url { get; }

    /// <param name="listen">Where.</param>
    /// <param name="state">What it says about itself.</param>
    /// <param name="metrics">What it counts.</param>
    /// <param name="logging">Logs.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<StorageProbes> StartAsync(IPEndPoint listen, StorageState state, ServerMetrics metrics, Action<ILoggingBuilder> logging, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "KubeFlex.Server" });
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(1));
        logging(builder.Logging);
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.AddServerHeader = false;
            k.Listen(listen);
        });
        var app = builder.Build();
        app.Run(http => AnswerAsync(http, state, metrics));
        try
        {
            await app.StartAsync(cancellation);
        }
        catch (Exception e)
        {
            await app.DisposeAsync();
            if (e is SocketException) throw new IOException($"cannot listen on {listen}: {e.Message}", e);
            throw;
        }
        return new(app, app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }

    private static Task AnswerAsync(HttpContext http, StorageState state, ServerMetrics metrics)
    {
        var (status, type, text) = (http.Request.Path.Value, state.Waits) switch
        {
            _ when !HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method) => (StatusCodes.Status405MethodNotAllowed, "text/plain; charset=utf-8", ""),
            ("/livez" or "/healthz", _) => (StatusCodes.Status200OK, "text/plain; charset=utf-8", "ok"),
            ("/readyz", null) => (StatusCodes.Status200OK, "text/plain; charset=utf-8", "ok"),
            ("/readyz", var why) => (StatusCodes.Status503ServiceUnavailable, "text/plain; charset=utf-8", $"not ready: {why}"),
            ("/metrics", _) => (StatusCodes.Status200OK, PrometheusText.ContentType, metrics.Write()),
            _ => (StatusCodes.Status404NotFound, "text/plain; charset=utf-8", ""),
        };
        (http.Response.StatusCode, http.Response.ContentType) = (status, type);
        return http.Response.WriteAsync(text, http.RequestAborted);
    }
}

/// <summary>Whether a storage server serves.</summary>
internal sealed class StorageState
{
    private volatile string? waits = "it is starting";

    /// <summary>Why it does not serve, or null when it does.</summary>
    public string? Waits
    {
        get => waits;
        set => waits = value;
    }
}
