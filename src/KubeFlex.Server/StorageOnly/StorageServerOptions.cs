using System.Net;
using System.Net.Sockets;
using KubeFlex.Operator;
using KubeFlex.Storage;

namespace KubeFlex.Server.StorageOnly;

/// <summary>What <c>storage serve</c> is started with.</summary>
/// <param name="Datastore">The database.</param>
/// <param name="Listen">Address and port, or a unix socket.</param>
/// <param name="PortFile">Where the port is written once it answers, or null.</param>
/// <param name="CertificateFile">PEM; with it the face speaks TLS.</param>
/// <param name="KeyFile">PEM.</param>
/// <param name="ClientCaFile">PEM; clients need a certificate of one of these authorities.</param>
internal sealed record StorageServerOptions(DatastoreUrl Datastore, EndPoint Listen, string? PortFile, string? CertificateFile, string? KeyFile, string? ClientCaFile)
{
    /// <summary>A store per client certificate; else one named "default" for everybody.</summary>
    public bool ByCertificate { get; init; }

    /// <summary>Where health and metrics are, or null for nowhere.</summary>
    public IPEndPoint? Metrics { get; init; }

    public const string Usage = $"""
        kubeflex-server storage serve --datastore URL [--listen-etcd URL] [--port-file FILE] [--stores single|by-certificate] [--listen-metrics URL]
                                      [--cert-file FILE --key-file FILE --trusted-ca-file FILE]

          --datastore        the database: sqlite:FILE or postgres://USER@HOST:PORT/DATABASE?sslmode=... (default $KUBEFLEX_DATASTORE)
          --listen-etcd      http://ADDRESS:PORT, https://ADDRESS:PORT or unix:PATH (default http://127.0.0.1:2379; port 0 takes a free one)
          --port-file        the port is written here as soon as it answers
          --cert-file        https: the server's certificate (PEM)
          --key-file         https: its key (PEM)
          --trusted-ca-file  https: authorities of the clients' certificates (PEM); every client needs one. All three are read anew when they change
          --stores           single (default): one store, "default", for every client. by-certificate: the one that the client's certificate names
                             (O={StorageServiceIdentity.StoreGroup}, CN=<store>), of those that an administrator (O={StorageServiceIdentity.AdministratorGroup}) has made at /stores
          --listen-metrics   http://ADDRESS:PORT for /livez, /readyz and /metrics (default: none)
        """;

    private static readonly string[] Names = ["--datastore", "--listen-etcd", "--port-file", "--cert-file", "--key-file", "--trusted-ca-file", "--stores", "--listen-metrics"];

    /// <summary>Reads the arguments; collects every error before it answers.</summary>
    public static (StorageServerOptions? Options, IReadOnlyList<string> Errors) Parse(IReadOnlyList<string> args, Func<string, string?> environment)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var errors = new List<string>();
        for (var i = 0; i < args.Count; i++)
        {
            var (name, value) = args[i].Split('=', 2) is [var n, var v] ? (n, v) : (args[i], null);
            if (!Names.Contains(name)) errors.Add($"unknown argument \"{name}\": expected one of {string.Join(", ", Names)}");
            else if (value is null && i + 1 >= args.Count) errors.Add($"{name} needs a value");
            else values[name] = value ?? args[++i];
        }

        DatastoreUrl? datastore = null;
        if (!values.TryGetValue("--datastore", out var text)) text = environment("KUBEFLEX_DATASTORE");
        if (string.IsNullOrEmpty(text)) errors.Add("--datastore is missing: write --datastore sqlite:FILE or --datastore postgres://USER@HOST:PORT/DATABASE");
        else if (!DatastoreUrl.TryParse(text, out datastore, out var unusable)) errors.AddRange(unusable.Select(error => $"--datastore: {error}"));

        var url = values.GetValueOrDefault("--listen-etcd", "http://127.0.0.1:2379");
        var (listen, https, wrong) = Address(url);
        if (wrong is not null) errors.Add(wrong);
        if (listen is UnixDomainSocketEndPoint && values.ContainsKey("--port-file")) errors.Add("--port-file makes no sense with a unix socket, which has no port");

        string[] tls = ["--cert-file", "--key-file", "--trusted-ca-file"];
        if (https) errors.AddRange(tls.Where(name => !values.ContainsKey(name)).Select(name => $"{name} is missing: https needs {string.Join(", ", tls)}"));
        else if (wrong is null && tls.FirstOrDefault(values.ContainsKey) is { } given) errors.Add($"{given} needs --listen-etcd https://ADDRESS:PORT");

        var stores = values.GetValueOrDefault("--stores", "single");
        if (stores is not ("single" or "by-certificate")) errors.Add($"--stores \"{stores}\": expected single or by-certificate");
        else if (stores == "by-certificate" && wrong is null && !https) errors.Add("--stores by-certificate needs --listen-etcd https://ADDRESS:PORT: without TLS no client has a certificate");
        IPEndPoint? metrics = null;
        if (values.TryGetValue("--listen-metrics", out var probes) && (metrics = Metered(probes)) is null)
            errors.Add($"--listen-metrics \"{probes}\" is no address: write it like http://0.0.0.0:2381");
        return errors.Count > 0 ? (null, errors) : (new(datastore!, listen!, values.GetValueOrDefault("--port-file"),
            values.GetValueOrDefault("--cert-file"), values.GetValueOrDefault("--key-file"), values.GetValueOrDefault("--trusted-ca-file"))
        {
            ByCertificate = stores == "by-certificate",
            Metrics = metrics,
        }, []);
    }

    private static IPEndPoint? Metered(string url) => url.StartsWith("http://", StringComparison.Ordinal) && Endpoint(url) is { } endpoint ? endpoint : null;

    private static IPEndPoint? Endpoint(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.AbsolutePath != "/" || url.Count(c => c == ':') <= 1) return null;
        var host = uri.Host == "localhost" ? "127.0.0.1" : uri.Host.Trim('[', ']');
        return IPAddress.TryParse(host, out var address) ? new IPEndPoint(address, uri.Port) : null;
    }

    private static (EndPoint? Listen, bool Https, string? Error) Address(string url)
    {
        if (url.StartsWith("unix:", StringComparison.Ordinal))
        {
            var path = url["unix:".Length..];
            if (path.StartsWith("//", StringComparison.Ordinal)) path = path[2..];
            // sockaddr_un holds 108 bytes on Linux and 104 on macOS, with the final zero.
            if (path.Length is > 0 and <= 100) return (new UnixDomainSocketEndPoint(path), false, null);
            return (null, false, $"--listen-etcd \"{url}\": the path of a unix socket has 1 to 100 characters");
        }
        if (Endpoint(url) is { } endpoint)
        {
            var https = url.StartsWith("https:", StringComparison.OrdinalIgnoreCase);
            // Without TLS nobody is asked who he is: only this machine may reach it.
            return https || IPAddress.IsLoopback(endpoint.Address) ? (endpoint, https, null)
                : (null, false, $"--listen-etcd \"{url}\" would let the network read and write everything: use https, or http on 127.0.0.1");
        }
        return (null, false, $"--listen-etcd \"{url}\" is no address: write it like http://127.0.0.1:0, https://0.0.0.0:2379 or unix:/run/kubeflex/etcd.sock");
    }
}
