using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KubeFlex.Server.Configuration;
using KubeFlex.Server.StorageOnly;

namespace KubeFlex.Server.Tests.StorageOnly;

public sealed class StorageServerTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("kubeflex-serve-");

    public void Dispose() => directory.Delete(true);

    private string File(string name) => Path.Combine(directory.FullName, name);

    [Theory]
    [InlineData("", "--datastore is missing")]
    [InlineData("--datastore mysql:x", "is no kind of datastore")]
    [InlineData("--datastore sqlite:a --listen-etcd 127.0.0.1:1", "is no address")]
    [InlineData("--datastore sqlite:a --listen-etcd http://127.0.0.1", "is no address")]
    [InlineData("--datastore sqlite:a --listen-etcd http://0.0.0.0:1", "use https")]
    [InlineData("--datastore sqlite:a --listen-etcd https://127.0.0.1:1 --cert-file c --key-file k", "--trusted-ca-file is missing")]
    [InlineData("--datastore sqlite:a --listen-etcd http://127.0.0.1:1 --cert-file c", "needs --listen-etcd https")]
    [InlineData("--datastore sqlite:a --listen-etcd unix:/tmp/s --port-file p", "no port")]
    [InlineData("--datastore sqlite:a --stores many", "expected single or by-certificate")]
    [InlineData("--datastore sqlite:a --stores by-certificate", "without TLS no client has a certificate")]
    [InlineData("--datastore sqlite:a --listen-metrics https://127.0.0.1:1", "write it like http://0.0.0.0:2381")]
    [InlineData("--datastore sqlite:a --listen-metrics 2381", "write it like http://0.0.0.0:2381")]
    [InlineData("--datastore sqlite:a --what", "unknown argument")]
    [InlineData("--datastore", "needs a value")]
    public void Nonsense_is_refused(string line, string expected)
    {
        var (options, errors) = StorageServerOptions.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), _ => null);
        Assert.Null(options);
        Assert.Contains(errors, error => error.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public async Task It_serves_on_a_free_port_until_it_is_told_to_stop()
    {
        using var stop = new CancellationTokenSource();
        var serving = StorageServer.MainAsync(["--datastore", "sqlite:" + File("a.db"), "--listen-etcd=http://127.0.0.1:0", "--port-file", File("port")], stop.Token);
        using var client = new HttpClient();
        Assert.Contains("3.6.", await VersionAsync(client, $"http://127.0.0.1:{await PortAsync(serving)}"), StringComparison.Ordinal);
        await stop.CancelAsync();
        Assert.Equal(ExitCode.Ok, await serving);
    }

    [Fact]
    public async Task A_socket_that_a_killed_server_left_is_replaced_and_a_file_is_not()
    {
        // Closing does not remove it, no more than dying does.
        using (var left = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)) left.Bind(new UnixDomainSocketEndPoint(File("left")));
        if (!System.IO.File.Exists(File("left"))) await System.IO.File.WriteAllBytesAsync(File("left"), []);
        using var stop = new CancellationTokenSource();
        var serving = StorageServer.MainAsync(["--datastore", "sqlite:" + File("a.db"), "--listen-etcd", "unix:" + File("left")], stop.Token);
        using (var client = new HttpClient(new SocketsHttpHandler { ConnectCallback = async (_, _) => new NetworkStream(await ConnectAsync(File("left"), serving), true) }))
            Assert.Contains("3.6.", await VersionAsync(client, "http://localhost"), StringComparison.Ordinal);
        await stop.CancelAsync();
        Assert.Equal(ExitCode.Ok, await serving);

        await System.IO.File.WriteAllTextAsync(File("notes"), "mine");
        Assert.Equal(ExitCode.Usage, await StorageServer.MainAsync(["--datastore", "sqlite:" + File("a.db"), "--listen-etcd", "unix:" + File("notes")], default));
        Assert.Equal("mine", await System.IO.File.ReadAllTextAsync(File("notes")));
    }

    [Fact]
    public async Task With_tls_only_clients_of_the_authority_get_in()
    {
        using var ca = Issue("ca", null);
        using var server = Issue("server", ca);
        using var good = Issue("client", ca);
        using var otherCa = Issue("ca", null);
        using var bad = Issue("client", otherCa);
        await System.IO.File.WriteAllTextAsync(File("ca.pem"), ca.ExportCertificatePem());
        await System.IO.File.WriteAllTextAsync(File("server.pem"), server.ExportCertificatePem());
        await System.IO.File.WriteAllTextAsync(File("server.key"), server.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        using var stop = new CancellationTokenSource();
        var serving = StorageServer.MainAsync(["--datastore", "sqlite:" + File("a.db"), "--listen-etcd", "https://127.0.0.1:0", "--port-file", File("port"),
            "--cert-file", File("server.pem"), "--key-file", File("server.key"), "--trusted-ca-file", File("ca.pem")], stop.Token);
        var url = $"https://127.0.0.1:{await PortAsync(serving)}";
        using (var client = Client(good)) Assert.Contains("3.6.", await VersionAsync(client, url), StringComparison.Ordinal);
        using (var client = Client(bad)) await Assert.ThrowsAnyAsync<HttpRequestException>(() => VersionAsync(client, url));
        using (var client = Client(null)) await Assert.ThrowsAnyAsync<HttpRequestException>(() => VersionAsync(client, url));
        await stop.CancelAsync();
        Assert.Equal(ExitCode.Ok, await serving);
    }

    [Fact]
    public async Task A_taken_port_has_its_own_exit_code()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        Assert.Equal(ExitCode.PortTaken, await StorageServer.MainAsync(["--datastore", "sqlite:" + File("a.db"), "--listen-etcd", $"http://127.0.0.1:{port}"], default));
    }

    private static async Task<Socket> ConnectAsync(string path, Task<int> serving)
    {
        while (true)
        {
            Assert.False(serving.IsCompleted, "it ended");
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
                return socket;
            }
            catch (SocketException)
            {
                socket.Dispose();
                await Task.Delay(10);
            }
        }
    }

    private async Task<string> PortAsync(Task<int> serving)
    {
        // The file appears as a whole, when it answers.
        while (!System.IO.File.Exists(File("port")))
        {
            Assert.False(serving.IsCompleted, "it ended");
            await Task.Delay(10);
        }
        return (await System.IO.File.ReadAllTextAsync(File("port"))).Trim();
    }

    private static async Task<string> VersionAsync(HttpClient client, string url)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url + "/version") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var response = await client.SendAsync(request);
        return await response.Content.ReadAsStringAsync();
    }

    private static HttpClient Client(X509Certificate2? certificate)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, server, _, _) => server?.Subject == "CN=server";
        if (certificate is not null) handler.SslOptions.ClientCertificates = [certificate];
        return new(handler);
    }

    private static X509Certificate2 Issue(string name, X509Certificate2? issuer)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(issuer is null, false, 0, true));
        if (issuer is not null) request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.1"), new("1.3.6.1.5.5.7.3.2")], false));
        var (from, to) = (new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2090, 1, 1, 0, 0, 0, TimeSpan.Zero));
        if (issuer is null) return request.CreateSelfSigned(from, to);
        using var signed = request.Create(issuer, from, to, RandomNumberGenerator.GetBytes(8));
        using var whole = signed.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), null, X509KeyStorageFlags.Exportable);
    }
}
