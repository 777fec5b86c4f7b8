using System.CommandLine;
using System.CommandLine.Completions;
using System.Net.Http;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Completion;

/// <summary>What can be typed at a place. Somebody waits at a prompt: what cannot be found out quickly is left out, and nothing is ever said or changed.</summary>
internal sealed class Candidates(CliSession session)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Words, each with a description or an empty one, in order.</summary>
    public async Task<IReadOnlyList<(string Word, string Description)>> AtAsync(CommandLinePlace place, CancellationToken cancellation)
    {
        var found = new List<(string Word, string Description)>();
        if (place.Expects is null && place.Typed.StartsWith('-'))
        {
            found.AddRange(place.Options.SelectMany(o => o.Aliases.Prepend(o.Name).Where(n => n.StartsWith("--", StringComparison.Ordinal)).Select(n => (n, o.Description ?? ""))));
        }
        else
        {
            if (place.IsFirst && place.Expects is not Option) found.AddRange(place.Command.Subcommands.Where(c => !c.Hidden).Select(c => (c.Name, c.Description ?? "")));
            if (place.Expects is INames names) found.AddRange((await NamesAsync(names.Kind, cancellation)).Except(place.Given).Select(n => (n, "")));
            else if (place.Expects is { } symbol) found.AddRange(symbol.GetCompletions(CompletionContext.Empty).Select(c => (c.Label, c.Documentation ?? "")));
        }
        return [.. found.Where(c => c.Word.StartsWith(place.Typed, StringComparison.Ordinal)).DistinctBy(c => c.Word).Select(c => (place.Lead + c.Word, c.Description))];
    }

    private async Task<IReadOnlyList<string>> NamesAsync(NameKind kind, CancellationToken cancellation)
    {
        try
        {
            return kind switch
            {
                NameKind.Context => session.Kubeconfigs.Load().Names(KubeconfigSection.Contexts),
                NameKind.Destination => [.. await NamesAsync(NameKind.ControlPlane, cancellation), .. await NamesAsync(NameKind.Context, cancellation)],
                NameKind.ControlPlane => await ListAsync(Resources.ControlPlanes, cancellation),
                NameKind.Hook => await ListAsync(Resources.PostCreateHooks, cancellation),
                _ => [],
            };
        }
        catch (Exception e) when (e is HttpRequestException or KubeApiException or KubeconfigException or IOException or UnauthorizedAccessException or OperationCanceledException or System.Text.Json.JsonException)
        {
            return [];
        }
    }

    // No search for the hosting context, which may take seconds and is stored: the one that is known, else the current one.
    private async Task<IReadOnlyList<string>> ListAsync(ResourceRef resource, CancellationToken cancellation)
    {
        var config = session.Kubeconfigs.Load();
        var context = KubeflexExtension.HostingContext(config) is { } stored && config.ServerOf(stored) is not null ? stored : config.CurrentContext;
        if (context is null) return [];
        using var patience = new CancellationTokenSource(Patience, session.Host.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        using var connection = await session.ConnectAsync(config, context, both.Token);
        var list = await connection.Client.ListAsync(resource, null, both.Token);
        return [.. (list["items"] as JsonArray ?? []).Select(i => ControlPlaneView.Text(i?["metadata"]?["name"])).Where(n => n.Length > 0).Order(StringComparer.Ordinal)];
    }
}
