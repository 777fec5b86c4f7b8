using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KubeFlex.Runtime.Certificates;
using KubeFlex.Server.Processes;
using KubeFlex.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeFlex.Server.Tests.Processes;

public sealed class StoreAccessTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("kubeflex-stores-");

    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    public void Dispose() => directory.Delete(true);

    [Fact]
    public async Task A_certificate_opens_one_store_and_no_other()
    {
        await using var datastore = await Datastore.OpenSqliteAsync(Path.Combine(directory.FullName, "data.db"), new DatastoreOptions(), Cancellation);
        await using var access = new StoreAccess(_ => { }, () => 0, TimeProvider.System, NullLoggerFactory.Instance);
        foreach (var name in new[] { "a.process", "b.process" })
        {
            await access.AdmitAsync(await datastore.OpenStoreAsync(name, Cancellation), Cancellation);
            // PutRequest { key: "k", value: store's name }
            var (status, _) = await CallAsync(access, access.Issue(name).Client, "KV/Put", [10, 1, (byte)'k', 18, 9, .. Encoding.ASCII.GetBytes(name)]);
            Assert.Equal("0", status);
        }
        foreach (var (name, other) in new[] { ("a.process", "b.process"), ("b.process", "a.process") })
        {
            var (status, body) = await CallAsync(access, access.Issue(name).Client, "KV/Range", [10, 1, (byte)'k']);
            Assert.Equal("0", status);
            Assert.Contains(name, body, StringComparison.Ordinal);
            Assert.DoesNotContain(other, body, StringComparison.Ordinal);
        }

        // PERMISSION_DENIED: a store that is not let in, or no longer.
        Assert.Equal("7", (await CallAsync(access, access.Issue("c.process").Client, "KV/Range", [10, 1, (byte)'k'])).Status);
        access.Dismiss("a.process");
        Assert.Equal("7", (await CallAsync(access, access.Issue("a.process").Client, "KV/Range", [10, 1, (byte)'k'])).Status);

        // No certificate, or one of another authority with the right name in it, does not get through TLS.
        using var stranger = CertificateAuthority.Create("kubeflex-storage", TimeProvider.System);
        await Assert.ThrowsAsync<HttpRequestException>(() => CallAsync(access, stranger.IssueClient("b.process"), "KV/Range", [10, 1, (byte)'k']));
        await Assert.ThrowsAsync<HttpRequestException>(() => CallAsync(access, null, "KV/Range", [10, 1, (byte)'k']));
    }

    [Fact]
    public async Task Near_its_end_the_servers_certificate_is_renewed_on_the_same_port()
    {
        var time = new ShiftedTime();
        await using var datastore = await Datastore.OpenSqliteAsync(Path.Combine(directory.FullName, "data.db"), new DatastoreOptions(), Cancellation);
        await using var access = new StoreAccess(_ => { }, () => 0, time, NullLoggerFactory.Instance);
        await access.AdmitAsync(await datastore.OpenStoreAsync("a.process", Cancellation), Cancellation);
        var url = access.Url;
        // Valid now, by the real clock that TLS goes by; the server's certificate is looked at from a day when the first one has ended.
        var client = access.Issue("a.process").Client;
        var later = time.GetUtcNow() + TimeSpan.FromDays(500);
        await Assert.ThrowsAsync<HttpRequestException>(() => CallAsync(access, client, "KV/Range", [10, 1, (byte)'k'], later));
        time.Shift = TimeSpan.FromDays(250);
        await access.OpenAsync(Cancellation);
        Assert.Equal(url, access.Url);
        Assert.Equal("0", (await CallAsync(access, client, "KV/Range", [10, 1, (byte)'k'], later)).Status);
    }

    private static async Task<(string Status, string Body)> CallAsync(StoreAccess access, IssuedCertificate? client, string method, byte[] message, DateTimeOffset? now = null)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(access.Issue("any").CaPem);
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        if (now is { } at) (handler.SslOptions.CertificateChainPolicy.VerificationTime, handler.SslOptions.CertificateChainPolicy.VerificationTimeIgnored) = (at.UtcDateTime, false);
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        if (client is not null) handler.SslOptions.ClientCertificates = [client.ToCertificate()];
        using var http = new HttpClient(handler) { BaseAddress = new Uri(access.Url) };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/etcdserverpb." + method)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent([0, 0, 0, 0, (byte)message.Length, .. message]) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } },
        };
        request.Headers.Add("te", "trailers");
        using var response = await http.SendAsync(request, Cancellation);
        var body = await response.Content.ReadAsStringAsync(Cancellation);
        return (response.TrailingHeaders.TryGetValues("grpc-status", out var status) || response.Headers.TryGetValues("grpc-status", out status) ? status.Single() : "none", body);
    }

    private sealed class ShiftedTime : TimeProvider
    {
        public TimeSpan Shift { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Shift;
    }
}
