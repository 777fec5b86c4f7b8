using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Pods;

/// <summary>
/// The pod of Deployment <c>kubeflex-storage</c>: the real program with the container's arguments, but for addresses and paths, and a file for a database. As a
/// kubelet does, it starts when the secret that it mounts is there, and brings changes of the secret into the files.
/// </summary>
internal sealed class StoragePod : IAsyncDisposable
{
    private const string Mount = "/etc/kubeflex/storage";

    private readonly DirectoryInfo files = Directory.CreateTempSubdirectory("kubeflex-storage-");
    private readonly SemaphoreSlim gate = new(1, 1);
    private IReadOnlyList<string>? arguments;
    private bool mounted;
    private RunningCommand? process;

    /// <summary>The port of etcd's API; 0 while it does not run.</summary>
    public int Port { get; private set; }

    /// <summary>Everything it said.</summary>
    public string Said { get; private set; } = "";

    /// <summary>The Deployment as it is: runs, or not.</summary>
    public Task RunAsync(JsonObject deployment, bool stuck) => ChangeAsync(async () =>
    {
        arguments = [.. deployment["spec"]!["template"]!["spec"]!["containers"]![0]!["args"]!.AsArray().Select(a => (string)a!)];
        if (stuck) await EndAsync();
    }, start: !stuck);

    /// <summary>The secret as it is.</summary>
    public Task MountAsync(JsonObject secret) => ChangeAsync(async () =>
    {
        foreach (var (key, value) in secret["data"]!.AsObject()) await File.WriteAllBytesAsync(Path.Combine(files.FullName, key), Convert.FromBase64String((string)value!));
        mounted = true;
    }, start: true);

    /// <summary>What an API server's pod does first: asks for a key with the certificate that it mounts. An HTTP client for more of the kind.</summary>
    public async Task OpenAsync(Func<string, string> client, CancellationToken cancellation)
    {
        using var http = Connect(client);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/etcdserverpb.KV/Range")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent([0, 0, 0, 0, 3, 10, 1, (byte)'k']) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } },
        };
        request.Headers.Add("te", "trailers");
        using var response = await http.SendAsync(request, cancellation);
        await response.Content.ReadAsByteArrayAsync(cancellation);
        var trailers = response.TrailingHeaders.Concat(response.Headers).ToDictionary(h => h.Key, h => string.Join(",", h.Value), StringComparer.OrdinalIgnoreCase);
        if (trailers["grpc-status"] != "0") throw new HttpRequestException($"the storage refuses: {trailers.GetValueOrDefault("grpc-message")}");
    }

    /// <summary>Names of all stores, as the operator's certificate lists them.</summary>
    public async Task<IReadOnlyList<string>> StoresAsync(Func<string, string> administrator)
    {
        using var http = Connect(administrator);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/stores") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var response = await http.SendAsync(request);
        return [.. JsonNode.Parse(await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync())!["stores"]!.AsArray().Select(s => (string)s!)];
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        gate.Dispose();
        files.Delete(true);
    }

    private async Task ChangeAsync(Func<Task> change, bool start)
    {
        await gate.WaitAsync();
        try
        {
            await change();
            if (start && mounted && process is null && arguments is not null) await StartAsync(arguments);
        }
        finally
        {
            gate.Release();
        }
    }

    private async Task StartAsync(IReadOnlyList<string> args)
    {
        var port = Path.Combine(files.FullName, "port");
        process = Command.Start(Repository.Server,
        [
            "storage", "serve", "--port-file", port,
            .. args.Select(a => a.StartsWith("--listen-etcd=", StringComparison.Ordinal) ? "--listen-etcd=https://127.0.0.1:0"
                : a.StartsWith("--listen-metrics=", StringComparison.Ordinal) ? "--listen-metrics=http://127.0.0.1:0" : a.Replace(Mount, files.FullName, StringComparison.Ordinal)),
        ], new Dictionary<string, string?> { ["KUBEFLEX_DATASTORE"] = "sqlite:" + Path.Combine(files.FullName, "data.db") });
        await process.LineAsync(l => l.StartsWith("KubeFlex storage serves", StringComparison.Ordinal));
        Port = int.Parse((await File.ReadAllTextAsync(port)).Trim(), System.Globalization.CultureInfo.InvariantCulture);
    }

    private async Task EndAsync()
    {
        if (process is null) return;
        Port = 0;
        Assert.Equal(0, await TestServer.TerminateAsync(process));
        Said += process.Said;
        process.Dispose();
        process = null;
    }

    private HttpClient Connect(Func<string, string> secret)
    {
        using var pem = X509Certificate2.CreateFromPem(secret("tls.crt"), secret("tls.key"));
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(secret("ca.crt"));
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(authorities);
        var handler = new SocketsHttpHandler();
        (handler.SslOptions.ClientCertificates, handler.SslOptions.CertificateChainPolicy, handler.SslOptions.TargetHost) =
            ([X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null)], policy, "kubeflex-storage.kubeflex-system.svc");
        return new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{Port}") };
    }
}
