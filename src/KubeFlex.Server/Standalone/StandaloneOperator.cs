using System.Diagnostics.Metrics;
using KubeFlex.Operator;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;
using KubeFlex.Runtime.Leases;
using KubeFlex.Server.Configuration;
using KubeFlex.Server.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Server.Standalone;

/// <summary>
/// The operator alone, against a cluster that exists: what the Helm chart deploys. Nothing is stored here, so any number may stand by; with leader
/// election one of them works.
/// </summary>
internal sealed partial class StandaloneOperator(StandaloneOptions options, Func<string, string?> environment, TimeProvider time)
{
    private const string LeaseName = "c6f71c85.kflex.kubestellar.org";
    private const string SystemNamespace = "kubeflex-system";

    public static async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        if (args is ["--help" or "-h" or "help"])
        {
            Console.WriteLine(StandaloneOptions.Usage);
            return ExitCode.Ok;
        }
        var (options, errors) = StandaloneOptions.Parse(args);
        if (options is null)
        {
            foreach (var error in errors) Console.Error.WriteLine($"kubeflex-server operator: {error}");
            Console.Error.WriteLine(StandaloneOptions.Usage);
            return ExitCode.Usage;
        }
        try
        {
            return await new StandaloneOperator(options, Environment.GetEnvironmentVariable, TimeProvider.System).RunAsync(CancellationToken.None);
        }
        catch (StartupException e)
        {
            Console.Error.WriteLine($"kubeflex-server operator: {e.Message}");
            return e.ExitCode;
        }
        catch (KubeconfigException e)
        {
            Console.Error.WriteLine($"kubeflex-server operator: {e.Message}. {e.WayOut}");
            return ExitCode.Usage;
        }
    }

    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        using var connection = await ConnectAsync(cancellation);
        using var meter = new Meter("KubeFlex.Operator");
        using var metrics = new PrometheusText(meter);
        var ready = false;
        await using var app = ProbeServer.Build(options, metrics, () => Volatile.Read(ref ready));
        var logs = app.Services.GetRequiredService<ILoggerFactory>();
        var log = logs.CreateLogger("KubeFlex.Server");
        await ProbeServer.StartAsync(app, options, cancellation);

        var lifetime = app.Services.GetRequiredService<IHostApplicationLifetime>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping, cancellation);
        var settings = new OperatorOptions { DefaultRuntime = "Pods", Pods = options.Pods, InstallCrds = options.InstallCrds, Meter = meter };
        if (options.Workers is { } workers) settings = settings with { Workers = workers };
        var operatorHost = new OperatorHost(connection.Client, null, settings, time, logs);
        var code = ExitCode.Ok;
        try
        {
            Starting(log, await VersionAsync(connection, stop.Token), connection.Server);
            Volatile.Write(ref ready, true);
            if (options.LeaderElect) await Elector(connection, logs).RunAsync(operatorHost.RunAsync, stop.Token);
            else await operatorHost.RunAsync(stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
#pragma warning disable CA1031 // Whatever ends the operator ends the process, with an exit code that says so; the kubelet starts it again.
        catch (Exception e)
#pragma warning restore CA1031
        {
            // A cluster that refuses or does not answer needs no stack trace.
            if (e is KubeApiException or HttpRequestException or LeadershipLostException) Ended(log, null, connection.Server, e.Message);
            else Ended(log, e, connection.Server, e.Message);
            code = ExitCode.Failure;
        }
        await app.StopAsync(CancellationToken.None);
        return code;
    }

    // The order of Kubernetes' own controllers: flag, variable, pod, home.
    private async Task<KubeConnection> ConnectAsync(CancellationToken cancellation)
    {
        var variable = environment("KUBECONFIG");
        if (string.IsNullOrEmpty(options.Kubeconfig) && string.IsNullOrEmpty(variable) && InClusterClient.IsAvailable(environment)) return InClusterClient.Connect(environment);
        var config = new KubeconfigStore(KubeconfigPaths.Resolve(options.Kubeconfig, variable, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile)), time).Load();
        var context = options.Context ?? config.CurrentContext
            ?? throw new KubeconfigException($"no current context in {config.Location}, and this is no pod with a service account", "Name one with --kubeconfig and --context.");
        return await KubeconfigClient.ConnectAsync(config, context, time, cancellation);
    }

    private static async Task<string> VersionAsync(KubeConnection connection, CancellationToken cancellation) =>
        (string?)(await connection.Client.GetDocumentAsync("version", cancellation))["gitVersion"] ?? "?";

    private LeaderElector Elector(KubeConnection connection, ILoggerFactory logs) => new(connection.Client, new LeaderElectionOptions
    {
        Lease = Resources.Leases.In(options.LeaseNamespace ?? InClusterClient.Namespace() ?? SystemNamespace).Named(LeaseName),
        Identity = $"{Environment.MachineName}_{Guid.NewGuid()}",
    }, time, logs.CreateLogger("KubeFlex.Operator.LeaderElection"));

    [LoggerMessage(120, LogLevel.Information, "the operator works for Kubernetes {Version} at {Server}")]
    private static partial void Starting(ILogger logger, string version, Uri server);

    [LoggerMessage(121, LogLevel.Critical, "the operator for {Server} ended: {Why}")]
    private static partial void Ended(ILogger logger, Exception? error, Uri server, string why);
}
