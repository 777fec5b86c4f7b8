using System.Net;
using System.Net.Sockets;
using KubeFlex.Cli.Installation;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Diagnosis;

/// <summary>Names and ports of the servers that the contexts lead to.</summary>
internal sealed class NetworkChecks(CliSession session, Kubeconfig config)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Servers of control planes and of the hosting cluster; foreign contexts are their owners' business.</summary>
    public async Task<IReadOnlyList<Finding>> LookAsync(string? domain, CancellationToken cancellation)
    {
        var servers = config.Names(KubeconfigSection.Contexts).Where(c => ControlPlaneEntries.IsManaged(config, c) || KubeflexExtension.IsHosting(config, c))
            .Select(c => (Context: c, Url: Uri.TryCreate(config.ServerOf(c), UriKind.Absolute, out var url) ? url : null)).Where(s => s.Url is not null)
            .GroupBy(s => s.Url!.Authority).Select(g => (Contexts: g.Select(s => s.Context).ToList(), Url: g.First().Url!)).ToList();
        var findings = (await Task.WhenAll(servers.Select(s => ServerAsync(s.Contexts, s.Url, cancellation)))).ToList();
        // Control planes of the embedded server are reached by path; the names are for those who want them.
        var name = $"kflex-doctor.{domain ?? InstallSettings.StandardDomain}";
        if (await ResolveAsync(name, cancellation) is null && (domain is not null || servers.Count == 0 || servers.Any(s => s.Url.Host.EndsWith("." + InstallSettings.StandardDomain, StringComparison.Ordinal))))
            findings.Add(Finding.Warning("dns", $"names below {name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..]} do not resolve", "Without a resolver that knows them use the addresses in the kubeconfigs, or choose another domain: kflex init --domain DOMAIN"));
        return findings;
    }

    private async Task<Finding> ServerAsync(List<string> contexts, Uri url, CancellationToken cancellation)
    {
        var whose = contexts.Count == 1 ? $"context {contexts[0]}" : $"{contexts.Count} contexts, such as {contexts[0]}";
        if (await ResolveAsync(url.IdnHost, cancellation) is not { } addresses)
            return Finding.Critical("dns", $"{url.Host}, the server of {whose}, does not resolve", $"Check the name, or add it to the hosts file of this machine: 127.0.0.1 {url.Host} for a cluster on it.");
        return await ConnectsAsync(addresses, url.Port, cancellation) is { } why
            ? Finding.Critical("ports", $"{url.Authority}, the server of {whose}, cannot be reached: {why}", url.IsLoopback ? "If it is KubeFlex's own server, start it: kflex init --embedded" : "Check firewalls, and that the ingress passes this port on.")
            : Finding.Ok("ports", $"{url.Authority}, the server of {whose}, can be reached");
    }

    private async Task<IPAddress[]?> ResolveAsync(string host, CancellationToken cancellation)
    {
        if (IPAddress.TryParse(host.Trim('[', ']'), out var address)) return [address];
        try
        {
            var found = await Deadline.WithinAsync(Patience, session.Host.Time, token => Dns.GetHostAddressesAsync(host, token), () => new CliException("no answer", ExitCodes.Timeout), cancellation);
            return found.Length > 0 ? found : null;
        }
        catch (Exception e) when (e is SocketException or CliException)
        {
            return null;
        }
    }

    private async Task<string?> ConnectsAsync(IPAddress[] addresses, int port, CancellationToken cancellation)
    {
        try
        {
            return await Deadline.WithinAsync(Patience, session.Host.Time, async token =>
            {
                using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(addresses, port, token);
                return (string?)null;
            }, () => new CliException($"no answer within {Patience.TotalSeconds:0} s", ExitCodes.Timeout), cancellation);
        }
        catch (Exception e) when (e is SocketException or CliException)
        {
            return e.Message;
        }
    }
}
