using System.Net;
using System.Net.Sockets;
using KubeFlex.Server.Configuration;
using KubeFlex.Server.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Server.Standalone;

/// <summary>The process' web server and logging: probes on one port, metrics on another, both plain HTTP (a proxy in front of the metrics authenticates).</summary>
internal static class ProbeServer
{
    public static WebApplication Build(StandaloneOptions options, PrometheusText metrics, Func<bool> isReady)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "KubeFlex.Server" });
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(5));
        builder.Logging.SetMinimumLevel(options.LogLevel).AddFilter("Microsoft", LogLevel.Warning);
        if (options.JsonLog) builder.Logging.AddJsonConsole(o => (o.TimestampFormat, o.UseUtcTimestamp) = ("yyyy-MM-ddTHH:mm:ss.fffZ", true));
        else builder.Logging.AddSimpleConsole(o => (o.SingleLine, o.TimestampFormat, o.UseUtcTimestamp) = (true, "yyyy-MM-ddTHH:mm:ss.fffZ ", true));
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.AddServerHeader = false;
            if (options.Health is { } health) k.Listen(health);
            if (options.Metrics is { } m) k.Listen(m);
        });
        // Without any listener Kestrel would choose localhost:5000.
        if (options is { Health: null, Metrics: null }) builder.Services.AddSingleton<IServer, NoServer>();
        var app = builder.Build();
        app.Run(context => AnswerAsync(context, options, metrics, isReady));
        return app;
    }

    /// <summary>Starts it. What is served where goes to standard output, which tells the port when a free one was asked for.</summary>
    public static async Task StartAsync(WebApplication app, StandaloneOptions options, CancellationToken cancellation)
    {
        try
        {
            await app.StartAsync(cancellation);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            throw new StartupException(ExitCode.PortTaken, $"{e.Message}. Choose other addresses with --health-probe-bind-address and --metrics-bind-address", e);
        }
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.ToList() ?? [];
        if (options.Health is not null) await Console.Out.WriteLineAsync($"health probes at {addresses[0]}/healthz and /readyz");
        if (options.Metrics is not null) await Console.Out.WriteLineAsync($"metrics at {addresses[^1]}/metrics");
    }

    private static async Task AnswerAsync(HttpContext context, StandaloneOptions options, PrometheusText metrics, Func<bool> isReady)
    {
        var (path, port) = (context.Request.Path.Value ?? "", context.Connection.LocalPort);
        var response = context.Response;
        // A free port (0) cannot be told from another one; there both answer.
        var isHealth = options.Health is { } h && (h.Port == port || h.Port == 0);
        var isMetrics = options.Metrics is { } m && (m.Port == port || m.Port == 0);
        response.ContentType = "text/plain; charset=utf-8";
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method)) response.StatusCode = StatusCodes.Status405MethodNotAllowed;
        else if (isHealth && path == "/healthz") await response.WriteAsync("ok");
        else if (isHealth && path == "/readyz")
        {
            var ready = isReady();
            if (!ready) response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            await response.WriteAsync(ready ? "ok" : "not ready: the cluster has not answered yet");
        }
        else if (isMetrics && path == "/metrics")
        {
            response.ContentType = PrometheusText.ContentType;
            await response.WriteAsync(metrics.Write());
        }
        else response.StatusCode = StatusCodes.Status404NotFound;
    }

    private sealed class NoServer : IServer
    {
        public Microsoft.AspNetCore.Http.Features.IFeatureCollection Features { get; } = new Microsoft.AspNetCore.Http.Features.FeatureCollection();

        public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken) where TContext : notnull => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose()
        {
        }
    }
}
