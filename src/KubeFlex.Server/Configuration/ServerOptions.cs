using System.Net;
using System.Text.RegularExpressions;
using KubeFlex.Storage;

namespace KubeFlex.Server.Configuration;

/// <summary>What a server is started with.</summary>
/// <param name="DataDirectory">Where everything is kept.</param>
/// <param name="Listen">Address and port; port 0 takes a free one.</param>
/// <param name="Domain">Control planes answer at <c>&lt;name&gt;.&lt;domain&gt;</c> besides <c>/controlplanes/&lt;name&gt;</c>.</param>
/// <param name="Datastore">Where objects are kept; null for a SQLite file in the data directory.</param>
internal sealed partial record ServerOptions(string DataDirectory, IPEndPoint Listen, string Domain, DatastoreUrl? Datastore)
{
    /// <summary>Directory of stock binaries, or null.</summary>
    public string? BinaryAssets { get; init; }

    /// <summary>Where clients and other servers reach this one; null for where it listens.</summary>
    public string? AdvertiseUrl { get; init; }

    /// <summary>Several servers may share the datastore.</summary>
    public bool Shares => Datastore is { File: null };

    /// <summary>What named <see cref="BinaryAssets"/>, for messages.</summary>
    public string BinaryAssetsSource { get; init; } = "";

    public const string Usage = """
        kubeflex-server [--data-dir DIR] [--listen ADDRESS:PORT] [--domain DOMAIN] [--datastore URL] [--advertise-url URL] [--binary-assets-dir DIR]
        kubeflex-server operator [flags]      only the operator, for an existing cluster; see: kubeflex-server operator --help

          --data-dir  directory for everything the server keeps (default: $KUBEFLEX_HOME, else ~/.kubeflex)
          --listen    address and port to serve on (default 127.0.0.1:9443; port 0 takes a free one)
          --domain    control planes also answer at <name>.<domain> (default localtest.me)
          --datastore where objects are kept: sqlite:FILE or postgres://USER@HOST:PORT/DATABASE (default: $KUBEFLEX_DATASTORE, else a SQLite file in the data directory)
          --advertise-url  where clients and the other servers on the same PostgreSQL database reach this one, https://HOST:PORT
                      (default: where it listens; needed with --listen 0.0.0.0:PORT and PostgreSQL)
          --binary-assets-dir  directory with kube-apiserver and kube-controller-manager, for control planes of runtime Process
                      (default: $KUBEBUILDER_ASSETS; without one they are refused)
        """;

    private const string AssetsFlag = Processes.BinaryAssets.Flag, AssetsVariable = Processes.BinaryAssets.Variable;

    /// <summary>Reads the arguments; collects every error before it answers.</summary>
    public static (ServerOptions? Options, IReadOnlyList<string> Errors) Parse(IReadOnlyList<string> args, Func<string, string?> environment)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var errors = new List<string>();
        for (var i = 0; i < args.Count; i++)
        {
            var (name, value) = args[i].Split('=', 2) is [var n, var v] ? (n, v) : (args[i], null);
            if (name is not ("--data-dir" or "--listen" or "--domain" or "--datastore" or "--advertise-url" or AssetsFlag)) errors.Add($"unknown argument \"{name}\": expected --data-dir, --listen, --domain, --datastore, --advertise-url or {AssetsFlag}");
            else if (value is null && i + 1 >= args.Count) errors.Add($"{name} needs a value");
            else values[name] = value ?? args[++i];
        }

        var directory = values.GetValueOrDefault("--data-dir") ?? environment("KUBEFLEX_HOME");
        if (string.IsNullOrEmpty(directory))
            directory = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".kubeflex");
        var listen = values.GetValueOrDefault("--listen", "127.0.0.1:9443");
        if (!IPEndPoint.TryParse(listen.Replace("localhost:", "127.0.0.1:", StringComparison.Ordinal), out var endpoint) || !listen.Contains(':', StringComparison.Ordinal))
            errors.Add($"--listen \"{listen}\" is no address and port: write it like 127.0.0.1:9443, or [::1]:0 for a free port");
        var domain = values.GetValueOrDefault("--domain", "localtest.me").ToLowerInvariant();
        if (domain.Length > 180 || !DomainPattern().IsMatch(domain))
            errors.Add($"--domain \"{domain}\" is no DNS name: write it like localtest.me");
        var (url, source) = values.TryGetValue("--datastore", out var flag) ? (flag, "--datastore") : (environment("KUBEFLEX_DATASTORE"), "KUBEFLEX_DATASTORE");
        DatastoreUrl? datastore = null;
        if (!string.IsNullOrEmpty(url) || source == "--datastore")
        {
            if (!DatastoreUrl.TryParse(url ?? "", out datastore, out var wrong)) errors.AddRange(wrong.Select(error => $"{source}: {error}"));
        }
        var (assets, assetsSource) = values.TryGetValue(AssetsFlag, out var given) ? (given, AssetsFlag) : (environment(AssetsVariable), AssetsVariable);
        if (given is not null && !Directory.Exists(given)) errors.Add($"{AssetsFlag} \"{given}\" is no directory: name the one that holds kube-apiserver and kube-controller-manager");
        if (values.TryGetValue("--advertise-url", out var advertise))
        {
            if (!Uri.TryCreate(advertise, UriKind.Absolute, out var uri) || uri.Scheme != "https" || uri.PathAndQuery != "/" || uri.UserInfo.Length > 0 || uri.Fragment.Length > 0)
                errors.Add($"--advertise-url \"{advertise}\" is no server's address: write it like https://server1.example.com:9443");
            else if (uri.IdnHost.EndsWith("." + domain, StringComparison.OrdinalIgnoreCase))
                errors.Add($"--advertise-url \"{advertise}\": a name under {domain} is a control plane's; take another name, or another --domain");
            advertise = advertise.TrimEnd('/');
        }
        else if (endpoint is not null && datastore is { File: null } && (endpoint.Address.Equals(IPAddress.Any) || endpoint.Address.Equals(IPAddress.IPv6Any)))
            errors.Add($"--listen {listen} takes all addresses: with PostgreSQL, which other servers may share, say where they reach this one: --advertise-url https://HOST:{endpoint.Port}");
        return errors.Count > 0 ? (null, errors) : (new ServerOptions(Path.GetFullPath(directory), endpoint!, domain, datastore)
        {
            BinaryAssets = string.IsNullOrEmpty(assets) ? null : Path.GetFullPath(assets),
            BinaryAssetsSource = assetsSource,
            AdvertiseUrl = advertise,
        }, []);
    }

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")]
    private static partial Regex DomainPattern();
}
