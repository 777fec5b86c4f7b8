using System.Net;

namespace KubeFlex.Cli.Tenancy;

/// <summary>Which URLs an adopted cluster may be reached at. The operator follows them, from where it runs.</summary>
internal static class AdoptedServer
{
    /// <summary>Fails with the rule that <paramref name="url"/> breaks; <paramref name="source"/> says where it comes from.</summary>
    public static void Check(string url, string source, bool mayBeLocal)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0)
            throw Bad(url, source, "is not a URL with http or https");
        if (uri.UserInfo.Length > 0) throw Bad(url, source, "has a user in it");
        if (uri.Query.Length > 0) throw Bad(url, source, "has a query (?...) in it");
        if (uri.Fragment.Length > 0) throw Bad(url, source, "has a fragment (#...) in it");
        if (!mayBeLocal && IsLocal(uri))
            throw new CliException($"{source} {url} means this machine, and the operator runs elsewhere", ExitCodes.Usage,
                "Give the URL at which the operator reaches the cluster: --url-override https://HOST:PORT (for a kind cluster, https://NAME-control-plane:6443)");
    }

    /// <summary>Whatever the port: the host counts.</summary>
    public static bool IsLocal(Uri uri)
    {
        var host = uri.IdnHost.TrimEnd('.');
        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && (IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)));
    }

    private static CliException Bad(string url, string source, string why) => new($"{source} \"{url}\" {why}", ExitCodes.Usage, "Write it like https://api.example.com:6443");
}
