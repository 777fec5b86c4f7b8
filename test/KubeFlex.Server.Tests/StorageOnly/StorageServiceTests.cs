using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KubeFlex.Operator;
using KubeFlex.Runtime.Certificates;
using KubeFlex.Server.Configuration;
using KubeFlex.Server.StorageOnly;
using KubeFlex.Storage;

namespace KubeFlex.Server.Tests.StorageOnly;

/// <summary><c>storage serve --stores by-certificate</c>, over TLS.</summary>
public sealed class StorageServiceTests : IAsyncDisposable
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("kubeflex-service-");
    private readonly CertificateAuthority authority = CertificateAuthority.Create("kubeflex-storage", TimeProvider.System);
    private readonly CancellationTokenSource stop = new();
    private CancellationTokenSource? running;
    private Task<int>? serving;
    private string url = "";

    private string File(string name) => Path.Combine(directory.FullName, name);

    private IssuedCertificate Administrator => authority.IssueClient("operator", StorageServiceIdentity.AdministratorGroup);

    private IssuedCertificate Client(string store) => authority.IssueClient(store, StorageServiceIdentity.StoreGroup);

    [Fact]
    public async Task A_certificate_opens_its_own_store_and_no_other()
    {
        await StartAsync();
        foreach (var store in new[] { "a.1", "b.1" }) Assert.Equal(HttpStatusCode.Created, (await AdministerAsync(HttpMethod.Put, "/stores/" + store)).Code);
        Assert.Equal(HttpStatusCode.OK, (await AdministerAsync(HttpMethod.Put, "/stores/a.1")).Code);
        await PutAsync("a.1");
        await PutAsync("b.1");
        Assert.Contains("a.1", (await RangeAsync(Client("a.1"))).Body, StringComparison.Ordinal);
        Assert.DoesNotContain("b.1", (await RangeAsync(Client("a.1"))).Body, StringComparison.Ordinal);
        Assert.Contains("b.1", (await RangeAsync(Client("b.1"))).Body, StringComparison.Ordinal);
        Assert.Equal("""{"stores":["a.1","b.1"]}""", (await AdministerAsync(HttpMethod.Get, "/stores")).Body);
    }

    [Fact]
    public async Task Who_may_see_nothing_is_told_why()
    {
        await StartAsync();
        await AdministerAsync(HttpMethod.Put, "/stores/a.1");
        foreach (var (client, why) in new[]
        {
            (Client("c.1"), "store \"c.1\" does not exist"),
            (authority.IssueClient("a.1"), "names no store: it must be O=kubeflex:store, CN=<store>"),
            (authority.IssueClient("a.1", "kubeflex:other"), "names no store"),
            (authority.IssueClient("a.1", StorageServiceIdentity.StoreGroup, StorageServiceIdentity.AdministratorGroup), "names no store"),
            (authority.IssueClient("kubeflex:storage-service", StorageServiceIdentity.StoreGroup), "names no store"),
            (Administrator, "opens no store"),
        })
        {
            var (status, _, message) = await RangeAsync(client);
            // PERMISSION_DENIED
            Assert.Equal("7", status);
            Assert.Contains(why, message, StringComparison.Ordinal);
        }
        // None, or one of another authority, does not get through TLS.
        using var stranger = CertificateAuthority.Create("kubeflex-storage", TimeProvider.System);
        await Assert.ThrowsAsync<HttpRequestException>(() => RangeAsync(null));
        await Assert.ThrowsAsync<HttpRequestException>(() => RangeAsync(stranger.IssueClient("a.1", StorageServiceIdentity.StoreGroup)));
    }

    [Fact]
    public async Task Only_the_administrator_administers()
    {
        await StartAsync();
        await AdministerAsync(HttpMethod.Put, "/stores/a.1");
        foreach (var (method, path) in new[] { (HttpMethod.Get, "/stores"), (HttpMethod.Put, "/stores/x"), (HttpMethod.Delete, "/stores/a.1"), (HttpMethod.Get, "/stores/a.1") })
        {
            var (code, body) = await AdministerAsync(method, path, Client("a.1"));
            Assert.Equal((HttpStatusCode.Forbidden, """{"error":"only the administrator\u0027s certificate may do this"}"""), (code, body));
        }
        Assert.Equal(HttpStatusCode.NotFound, (await AdministerAsync(HttpMethod.Get, "/stores/x")).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await AdministerAsync(HttpMethod.Delete, "/stores/x")).Code);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await AdministerAsync(HttpMethod.Post, "/stores/x")).Code);
        foreach (var name in new[] { "Upper", "kubeflex:storage-service", "a/b", "-a", new string('a', 65) })
            Assert.Equal(HttpStatusCode.BadRequest, (await AdministerAsync(HttpMethod.Put, "/stores/" + name)).Code);
        Assert.Equal("""{"stores":["a.1"]}""", (await AdministerAsync(HttpMethod.Get, "/stores")).Body);
    }

    [Fact]
    public async Task A_deleted_store_does_not_come_back_however_its_client_insists()
    {
        await StartAsync();
        await AdministerAsync(HttpMethod.Put, "/stores/a.1");
        await PutAsync("a.1");
        using var insisting = Connect(Client("a.1"));
        using var deleted = new CancellationTokenSource();
        var clients = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            var refused = 0;
            // A while longer than the deletion takes, as API servers do.
            while (refused < 20)
            {
                var (status, _, _) = await CallAsync(insisting, "KV/Range", [10, 1, (byte)'k']);
                Assert.True(status is "0" or "7" or "14", status);
                if (status == "7") refused++;
            }
        }, Cancellation)).ToList();
        Assert.Equal(HttpStatusCode.NoContent, (await AdministerAsync(HttpMethod.Delete, "/stores/a.1")).Code);
        await Task.WhenAll(clients);
        Assert.Equal("""{"stores":[]}""", (await AdministerAsync(HttpMethod.Get, "/stores")).Body);
        await StopAsync();
        await using var datastore = await Datastore.OpenSqliteAsync(File("data.db"), new(), Cancellation);
        Assert.Equal(["kubeflex:storage-service"], await datastore.ListStoresAsync(Cancellation));
    }

    [Fact]
    public async Task Stores_are_there_after_a_restart_and_made_again_one_is_empty()
    {
        await StartAsync();
        await AdministerAsync(HttpMethod.Put, "/stores/a.1");
        await PutAsync("a.1");
        await StopAsync();
        await StartAsync();
        Assert.Equal("""{"name":"a.1"}""", (await AdministerAsync(HttpMethod.Get, "/stores/a.1")).Body);
        Assert.Contains("a.1", (await RangeAsync(Client("a.1"))).Body, StringComparison.Ordinal);
        await AdministerAsync(HttpMethod.Delete, "/stores/a.1");
        await AdministerAsync(HttpMethod.Put, "/stores/a.1");
        var (status, body, _) = await RangeAsync(Client("a.1"));
        Assert.Equal("0", status);
        Assert.DoesNotContain("a.1", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Renewed_certificates_and_authorities_count_without_a_restart()
    {
        await StartAsync();
        await AdministerAsync(HttpMethod.Put, "/stores/a.1");
        using var next = CertificateAuthority.Create("kubeflex-storage", TimeProvider.System);
        var client = next.IssueClient("a.1", StorageServiceIdentity.StoreGroup);
        await Assert.ThrowsAsync<HttpRequestException>(() => RangeAsync(client));
        // Half of them: the certificate and the key do not belong together, and what was before still counts.
        var serving = authority.IssueServing("renewed", ["localhost"], [IPAddress.Loopback]);
        await System.IO.File.WriteAllTextAsync(File("tls.crt"), serving.CertificatePem, Cancellation);
        Assert.Equal("CN=kubeflex-storage", await ServerAsync());
        await System.IO.File.WriteAllTextAsync(File("tls.key"), serving.KeyPem, Cancellation);
        Assert.Equal("CN=renewed", await ServerAsync());
        await System.IO.File.WriteAllTextAsync(File("ca.crt"), authority.CertificatePem + next.CertificatePem, Cancellation);
        Assert.Equal("0", (await RangeAsync(client)).Status);
        Assert.Equal("0", (await RangeAsync(Client("a.1"))).Status);
    }

    public async ValueTask DisposeAsync()
    {
        if (serving is not null) await StopAsync();
        stop.Dispose();
        authority.Dispose();
        directory.Delete(true);
    }

    private async Task StartAsync()
    {
        var serves = authority.IssueServing("kubeflex-storage", ["localhost"], [IPAddress.Loopback]);
        await System.IO.File.WriteAllTextAsync(File("tls.crt"), serves.CertificatePem, Cancellation);
        await System.IO.File.WriteAllTextAsync(File("tls.key"), serves.KeyPem, Cancellation);
        await System.IO.File.WriteAllTextAsync(File("ca.crt"), authority.CertificatePem, Cancellation);
        running = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        System.IO.File.Delete(File("port"));
        serving = StorageServer.MainAsync(["--datastore", "sqlite:" + File("data.db"), "--stores", "by-certificate", "--listen-etcd", "https://127.0.0.1:0", "--port-file", File("port"),
            "--cert-file", File("tls.crt"), "--key-file", File("tls.key"), "--trusted-ca-file", File("ca.crt")], running.Token);
        while (!System.IO.File.Exists(File("port")))
        {
            Assert.False(serving.IsCompleted, "it ended");
            await Task.Delay(10, Cancellation);
        }
        url = $"https://127.0.0.1:{(await System.IO.File.ReadAllTextAsync(File("port"), Cancellation)).Trim()}";
    }

    private async Task StopAsync()
    {
        await running!.CancelAsync();
        Assert.Equal(ExitCode.Ok, await serving!);
        running.Dispose();
        serving = null;
    }

    // PutRequest { key: "k", value: the store's name }
    private async Task PutAsync(string store)
    {
        using var http = Connect(Client(store));
        Assert.Equal("0", (await CallAsync(http, "KV/Put", [10, 1, (byte)'k', 18, (byte)store.Length, .. Encoding.ASCII.GetBytes(store)])).Status);
    }

    private async Task<(string Status, string Body, string Message)> RangeAsync(IssuedCertificate? client)
    {
        using var http = Connect(client);
        return await CallAsync(http, "KV/Range", [10, 1, (byte)'k']);
    }

    private async Task<string> ServerAsync()
    {
        var subject = "";
        using var http = Connect(Client("a.1"), seen => subject = seen.Subject);
        await CallAsync(http, "KV/Range", [10, 1, (byte)'k']);
        return subject;
    }

    private async Task<(HttpStatusCode Code, string Body)> AdministerAsync(HttpMethod method, string path, IssuedCertificate? client = null)
    {
        using var http = Connect(client ?? Administrator);
        using var request = new HttpRequestMessage(method, path) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var response = await http.SendAsync(request, Cancellation);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Cancellation));
    }

    private HttpClient Connect(IssuedCertificate? client, Action<X509Certificate2>? seen = null)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, server, _, _) =>
        {
            seen?.Invoke((X509Certificate2)server!);
            return server!.Issuer.Contains("CN=kubeflex-storage", StringComparison.Ordinal);
        };
        if (client is not null) handler.SslOptions.ClientCertificates = [client.ToCertificate()];
        return new HttpClient(handler) { BaseAddress = new Uri(url) };
    }

    private static async Task<(string Status, string Body, string Message)> CallAsync(HttpClient http, string method, byte[] message)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/etcdserverpb." + method)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent([0, 0, 0, 0, (byte)message.Length, .. message]) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } },
        };
        request.Headers.Add("te", "trailers");
        using var response = await http.SendAsync(request, Cancellation);
        var body = await response.Content.ReadAsStringAsync(Cancellation);
        string Trailer(string name) => response.TrailingHeaders.TryGetValues(name, out var values) || response.Headers.TryGetValues(name, out values) ? values.Single() : "";
        return (Trailer("grpc-status"), body, Trailer("grpc-message"));
    }
}
