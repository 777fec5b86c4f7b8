using System.CommandLine;
using System.Net.Http;
using System.Reflection;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Commands;

/// <summary>Versions of this program and of the hosting cluster, if that can be reached.</summary>
internal sealed class VersionCommand(CliApp app) : Verb(app, "version", "Print the versions of kflex and of the hosting cluster.")
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var mine = typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
        await session.Host.Out.WriteLineAsync($"Kubeflex version: v{mine}");
        await session.Host.Out.WriteLineAsync($"Kubernetes version: {await KubernetesAsync(session, cancellation)}");
        return ExitCodes.Ok;
    }

    // The version is worth a look at the known contexts, not a search.
    private static async Task<string> KubernetesAsync(CliSession session, CancellationToken cancellation)
    {
        var config = session.Kubeconfigs.Load();
        var context = KubeflexExtension.HostingContext(config) is { } stored && config.ServerOf(stored) is not null ? stored : config.CurrentContext;
        if (context is null) return "unknown (no context)";
        using var patience = new CancellationTokenSource(Patience, session.Host.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        try
        {
            using var connection = await session.ConnectAsync(config, context, both.Token);
            return ControlPlaneView.Text(JsonNode.Parse(await connection.Client.GetRawAsync("version", both.Token))?["gitVersion"]);
        }
        catch (Exception e) when (e is HttpRequestException or KubeApiException or KubeconfigException or IOException or System.Text.Json.JsonException
            || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            session.Talk.Explain(e.Message);
            return $"unknown (the server of context \"{context}\" does not answer)";
        }
    }
}
