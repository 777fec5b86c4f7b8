using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;

namespace KubeFlex.Bench;

/// <summary>A server process in a directory of its own, gone with it when disposed.</summary>
internal sealed class Peer : IAsyncDisposable
{
    private Peer(Process process, string directory) => (Process, Directory) = (process, directory);

    public Process Process { get; }
    public string Directory { get; }
    public Uri Url { get; private set; } = new("https://invalid/");
    public X509Certificate2? Client { get; private set; }

    /// <summary>What people type.</summary>
    public static string Launcher => Path.Combine(Root, "kflex");

    public TimeSpan ProcessorTime
    {
        get
        {
            Process.Refresh();
            return Process.TotalProcessorTime;
        }
    }

    public static string Root
    {
        get
        {
            var directory = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(directory!.FullName, "KubeFlex.slnx"))) directory = directory.Parent;
            return directory.FullName;
        }
    }

    private static string ServerExecutable => ((string[])[Path.Combine(Root, "artifacts", "kflex", "kubeflex-server"), Path.Combine(Root, "artifacts", "bin", "KubeFlex.Server", "release", "kubeflex-server")])
        .First(File.Exists);

    public static async Task<Peer> KubeFlexAsync()
    {
        var peer = Launch(ServerExecutable, d => ["--data-dir", d, "--listen", "127.0.0.1:0"]);
        var file = Path.Combine(peer.Directory, "server.json");
        await AppearsAsync(peer, file);
        peer.Url = new Uri((string)JsonNode.Parse(await File.ReadAllTextAsync(file))!["url"]! + "/");
        var kubeconfig = await File.ReadAllLinesAsync(Path.Combine(peer.Directory, "admin.kubeconfig"));
        string Field(string name) => System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(kubeconfig.First(l => l.Contains(name, StringComparison.Ordinal)).Split(':')[1].Trim()));
        using var pem = X509Certificate2.CreateFromPem(Field("client-certificate-data"), Field("client-key-data"));
        peer.Client = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        return peer;
    }

    /// <summary>The storage alone, with etcd's API in front of it; on SQLite unless a datastore is named.</summary>
    public static async Task<Peer> StorageAsync(string? datastore = null)
    {
        var peer = Launch(ServerExecutable, d => ["storage", "serve", "--datastore", datastore ?? "sqlite:" + Path.Combine(d, "etcd.db"), "--listen-etcd", "http://127.0.0.1:0", "--port-file", Path.Combine(d, "port")]);
        var file = Path.Combine(peer.Directory, "port");
        await AppearsAsync(peer, file);
        peer.Url = new Uri($"http://127.0.0.1:{(await File.ReadAllTextAsync(file)).Trim()}/");
        return peer;
    }

    /// <summary>A server that has just been started on a port of our choice and need not answer yet: for measuring starts.</summary>
    public static Task<Peer> StartingAsync(bool bare)
    {
        var port = FreePort();
        var peer = bare
            ? Launch(Environment.ProcessPath!, d => ["bare", Path.Combine(d, "url"), $"{port}"])
            : Launch(ServerExecutable, d => ["--data-dir", d, "--listen", $"127.0.0.1:{port}"]);
        peer.Url = new Uri($"https://127.0.0.1:{port}/");
        return Task.FromResult(peer);
    }

    public static async Task<Peer> BareAsync()
    {
        var peer = Launch(Environment.ProcessPath!, d => ["bare", Path.Combine(d, "url")]);
        var file = Path.Combine(peer.Directory, "url");
        await AppearsAsync(peer, file);
        peer.Url = new Uri(await File.ReadAllTextAsync(file) + "/");
        return peer;
    }

    public static async Task<Peer> EtcdAsync()
    {
        var (client, server) = (FreePort(), FreePort());
        var peer = Launch("etcd", d => ["--data-dir", Path.Combine(d, "etcd"), "--listen-client-urls", $"http://127.0.0.1:{client}", "--advertise-client-urls", $"http://127.0.0.1:{client}",
            "--listen-peer-urls", $"http://127.0.0.1:{server}", "--initial-advertise-peer-urls", $"http://127.0.0.1:{server}", "--initial-cluster", $"default=http://127.0.0.1:{server}", "--logger", "zap", "--log-level", "error"]);
        peer.Url = new Uri($"http://127.0.0.1:{client}/");
        using var http = new HttpClient();
        for (var i = 0; ; i++)
        {
            try
            {
                if ((await http.GetStringAsync(new Uri(peer.Url, "health"))).Contains("true", StringComparison.Ordinal)) return peer;
            }
            catch (HttpRequestException) when (i < 200)
            {
            }
            await Task.Delay(50);
        }
    }

    /// <summary>A client with one connection of its own.</summary>
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5359", Justification = "The peers were started by this process on the loopback address.")]
    public HttpClient NewClient(Version version) => new(new SocketsHttpHandler
    {
        MaxConnectionsPerServer = 1,
        SslOptions = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
            ClientCertificates = Client is null ? null : [Client],
            LocalCertificateSelectionCallback = Client is null ? null : (_, _, _, _, _) => Client,
        },
    }) { BaseAddress = Url, DefaultRequestVersion = version, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };

    /// <summary>New clients use this certificate from now on.</summary>
    public void Become(X509Certificate2 certificate) => Client = certificate;

    public long ResidentBytes()
    {
        Process.Refresh();
        return Process.WorkingSet64;
    }

    public async ValueTask DisposeAsync()
    {
        if (!Process.HasExited) Process.Kill(entireProcessTree: true);
        await Process.WaitForExitAsync();
        Process.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    /// <summary>Beside the repository, so that all peers write to the same real disk (and not to a tmpfs).</summary>
    public static string NewDirectory()
    {
        var parent = System.IO.Directory.CreateDirectory(Path.Combine(Root, "artifacts", "bench")).FullName;
        return System.IO.Directory.CreateDirectory(Path.Combine(parent, Guid.NewGuid().ToString("N")[..8])).FullName;
    }

    private static Peer Launch(string program, Func<string, string[]> args)
    {
        var directory = NewDirectory();
        var start = new ProcessStartInfo(program, args(directory)) { RedirectStandardOutput = true, RedirectStandardError = true };
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, e) => { if (e.Data is { } line && line.Contains("fail", StringComparison.Ordinal)) Console.Error.WriteLine(line); };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new Peer(process, directory);
    }

    private static async Task AppearsAsync(Peer peer, string file)
    {
        while (!File.Exists(file))
        {
            if (peer.Process.HasExited) throw new InvalidOperationException($"{peer.Process.StartInfo.FileName} ended with {peer.Process.ExitCode}");
            await Task.Delay(1);
        }
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
