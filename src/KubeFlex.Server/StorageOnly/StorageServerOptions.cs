using System.Net;
using System.Net.Sockets;
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
    public const string Usage = """
        kubeflex-server storage serve --datastore URL [--listen-etcd URL] [--port-file FILE]
                                      [--cert-file FILE --key-file FILE --trusted-ca-file FILE]

          --datastore        the database: sqlite:FILE or postgres://USER@HOST:PORT/DATABASE?sslmode=... (default $KUBEFLEX_DATASTORE)
          --listen-etcd      http://ADDRESS:PORT, https://ADDRESS:PORT or unix:PATH (default http://127.0.0.1:2379; port 0 takes a free one)
          --port-file        the port is written here as soon as it answers
          --cert-file        https: the server's certificate (PEM)
          --key-file         https: its key (PEM)
          --trusted-ca-file  https: authorities of the clients' certificates (PEM); every client needs one
        """;

    private static readonly string[] Names = ["--datastore", "--listen-etcd", "--port-file", "--cert-file", "--key-file", "--trusted-ca-file"];

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
        return errors.Count > 0 ? (null, errors) : (new(datastore!, listen!, values.GetValueOrDefault("--port-file"),
            values.GetValueOrDefault("--cert-file"), values.GetValueOrDefault("--key-file"), values.GetValueOrDefault("--trusted-ca-file")), []);
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
        if (Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.AbsolutePath == "/" && url.Count(c => c == ':') > 1)
        {
            var host = uri.Host == "localhost" ? "127.0.0.1" : uri.Host.Trim('[', ']');
            if (IPAddress.TryParse(host, out var address))
            {
                // Without TLS nobody is asked who he is: only this machine may reach it.
                if (uri.Scheme == "http" && !IPAddress.IsLoopback(address))
                    return (null, false, $"--listen-etcd \"{url}\" would let the network read and write everything: use https, or http on 127.0.0.1");
                return (new IPEndPoint(address, uri.Port), uri.Scheme == "https", null);
            }
        }
        return (null, false, $"--listen-etcd \"{url}\" is no address: write it like http://127.0.0.1:0, https://0.0.0.0:2379 or unix:/run/kubeflex/etcd.sock");
    }
}
