using System.Net.Http;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Tenancy;

/// <summary>
/// Finds the hosting cluster: the current context if it serves control planes, else the stored one, else any that serves them. What was
/// found is stored (but for <paramref name="remember"/>), and said when it is a guess.
/// </summary>
internal sealed class HostingResolver(CliSession session, bool remember = true)
{
    public const string InitHint = "Start the embedded one: kflex init --embedded. Or name the context of a cluster where KubeFlex runs: kflex config set-hosting CONTEXT";
    // Longer than a busy machine takes to wake a server; a dead address refuses at once.
    private static readonly TimeSpan ProbePatience = TimeSpan.FromSeconds(10);

    /// <summary>A connection to the hosting cluster.</summary>
    public async Task<KubeConnection> ConnectAsync(CancellationToken cancellation)
    {
        var config = session.Kubeconfigs.Load();
        return await session.ConnectAsync(config, await ResolveAsync(config, cancellation), cancellation);
    }

    /// <summary>The name of the hosting context.</summary>
    public async Task<string> ResolveAsync(Kubeconfig config, CancellationToken cancellation)
    {
        var current = config.CurrentContext;
        var stored = KubeflexExtension.HostingContext(config);
        var storedIsUsable = stored is not null && config.ServerOf(stored) is not null;
        // A control plane does not host control planes: no need to ask it.
        if (current is not null && current != stored && !IsTenant(config, current) && config.ServerOf(current) is not null && await ServesAsync(config, current, cancellation))
        {
            if (!storedIsUsable) await StoreAsync(current, cancellation);
            return current;
        }
        if (storedIsUsable) return stored!;

        var candidates = config.Names(KubeconfigSection.Contexts).Where(c => c != current && !IsTenant(config, c) && config.ServerOf(c) is not null)
            .OrderByDescending(c => KubeflexExtension.IsHosting(config, c)).ToList();
        var answers = await Task.WhenAll(candidates.Select(c => ServesAsync(config, c, cancellation)));
        var index = Array.IndexOf(answers, true);
        if (index < 0)
            throw new CliException(stored is null ? $"no hosting context is known in {config.Location}, and none of its contexts serves control planes"
                : $"the stored hosting context \"{stored}\" is not in {config.Location} or has no server, and no other context serves control planes", ExitCodes.NotFound, InitHint);
        session.Talk.Say($"Using context \"{candidates[index]}\" as the hosting one: it serves control planes.");
        await StoreAsync(candidates[index], cancellation);
        return candidates[index];
    }

    /// <summary>True when the context's server knows the resource controlplanes.</summary>
    public async Task<bool> ServesAsync(Kubeconfig config, string context, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(ProbePatience, session.Host.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        try
        {
            using var connection = await session.ConnectAsync(config, context, both.Token);
            var text = await connection.Client.GetRawAsync($"apis/{Resources.ControlPlanes.Group}/{Resources.ControlPlanes.Version}", both.Token);
            return text.Contains("\"controlplanes\"", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is HttpRequestException or KubeApiException or KubeconfigException or IOException
            || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            session.Talk.Explain($"context \"{context}\" does not serve control planes: {e.Message}");
            return false;
        }
    }

    private static bool IsTenant(Kubeconfig config, string context) => ControlPlaneEntries.IsManaged(config, context) && !KubeflexExtension.IsHosting(config, context);

    private async Task StoreAsync(string context, CancellationToken cancellation)
    {
        if (!remember) return;
        try
        {
            await session.Kubeconfigs.EditAsync(config => KubeflexExtension.SetHostingContext(config, context, session.Host.Time), cancellation);
        }
        catch (KubeconfigException e)
        {
            // It is found again the next time; who only reads can do with a kubeconfig that only can be read.
            session.Talk.Explain($"the hosting context is not remembered: {e.Message}");
        }
    }
}
