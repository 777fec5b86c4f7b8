using System.Net.Http;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Runtime.Tests.Kubeconfigs;

public sealed class KubeconfigClientTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly X509Certificate2 authority = TlsServer.Authority("right");
    private readonly X509Certificate2 stranger = TlsServer.Authority("wrong");

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task Trusts_a_bundle_and_shows_its_client_certificate_under_the_path_prefix()
    {
        await using var server = new TlsServer(TlsServer.Leaf(authority, "CN=server", null, withLoopback: true));
        using var mine = TlsServer.Leaf(authority, "CN=kubernetes-admin, O=system:masters", null, withLoopback: false);
        var key = mine.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem();
        directory.Write("client.crt", mine.ExportCertificatePem());
        directory.Write("client.key", key);
        using var connection = await ConnectAsync($"server: {server.Url}/controlplanes/cp1, certificate-authority-data: {Data(stranger, authority)}",
            "client-certificate: client.crt, client-key: client.key");
        await connection.Client.GetAsync(Resources.Namespaces.Named("default"), default);
        var seen = Assert.Single(server.Requests);
        Assert.Contains("CN=kubernetes-admin", seen.ClientSubject, StringComparison.Ordinal);
        Assert.StartsWith("GET /controlplanes/cp1/api/v1/namespaces/default ", seen.Head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refuses_a_server_of_another_authority()
    {
        await using var server = new TlsServer(TlsServer.Leaf(stranger, "CN=server", null, withLoopback: true));
        using var connection = await ConnectAsync($"server: {server.Url}, certificate-authority-data: {Data(authority)}", "token: t");
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => connection.Client.GetRawAsync("version", default));
        Assert.IsType<AuthenticationException>(failure.InnerException);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Refuses_a_certificate_for_another_name_unless_told_to_skip()
    {
        await using var server = new TlsServer(TlsServer.Leaf(authority, "CN=server", "elsewhere.example", withLoopback: false));
        using (var strict = await ConnectAsync($"server: {server.Url}, certificate-authority-data: {Data(authority)}", "token: t"))
            await Assert.ThrowsAsync<HttpRequestException>(() => strict.Client.GetRawAsync("version", default));
        using var lax = await ConnectAsync($"server: {server.Url}, insecure-skip-tls-verify: true", "token: t");
        Assert.Equal("{}", await lax.Client.GetRawAsync("version", default));
    }

    [Fact]
    public async Task Tls_server_name_goes_into_the_handshake_and_is_what_the_certificate_must_bear()
    {
        await using var server = new TlsServer(TlsServer.Leaf(authority, "CN=server", "cp1.localtest.me", withLoopback: false));
        using (var right = await ConnectAsync($"server: {server.Url}, tls-server-name: cp1.localtest.me, certificate-authority-data: {Data(authority)}", "token: t"))
            Assert.Equal("{}", await right.Client.GetRawAsync("version", default));
        var seen = Assert.Single(server.Requests);
        Assert.Equal("cp1.localtest.me", seen.ServerName);
        Assert.Contains($"Host: {new Uri(server.Url).Authority}", seen.Head, StringComparison.Ordinal);

        using var wrong = await ConnectAsync($"server: {server.Url}, tls-server-name: cp2.localtest.me, certificate-authority-data: {Data(authority)}", "token: t");
        await Assert.ThrowsAsync<HttpRequestException>(() => wrong.Client.GetRawAsync("version", default));
    }

    [Fact]
    public async Task A_token_file_is_read_for_every_request()
    {
        await using var server = new TlsServer(TlsServer.Leaf(authority, "CN=server", null, withLoopback: true));
        directory.Write("token", "one\n");
        using var connection = await ConnectAsync($"server: {server.Url}, certificate-authority-data: {Data(authority)}", "tokenFile: token");
        await connection.Client.GetRawAsync("version", default);
        directory.Write("token", "two\n");
        await connection.Client.GetRawAsync("version", default);
        Assert.Contains("Bearer one", server.Requests[0].Head, StringComparison.Ordinal);
        Assert.Contains("Bearer two", server.Requests[1].Head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_credential_plugin_is_asked_again_after_401()
    {
        if (OperatingSystem.IsWindows()) return;
        await using var server = new TlsServer(TlsServer.Leaf(authority, "CN=server", null, withLoopback: true));
        // First a token that the server refuses, then a good one; the plugin lies beside the kubeconfig.
        var plugin = directory.Write("plugin", """
            #!/bin/sh
            token=bad; [ -f "$STATE" ] && token=good; : >"$STATE"
            printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' "$token"
            """);
        File.SetUnixFileMode(plugin, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var user = $"exec: {{apiVersion: client.authentication.k8s.io/v1, command: ./plugin, env: [{{name: STATE, value: {directory.File("state")}}}]}}";
        using var connection = await ConnectAsync($"server: {server.Url}, certificate-authority-data: {Data(authority)}", user);
        Assert.Equal("{}", await connection.Client.GetRawAsync("version", default));
        Assert.Equal(2, server.Requests.Count);
    }

    [Theory]
    [InlineData("server: 'http://[nonsense'", "token: t", "is not a URL")]
    [InlineData("server: https://x, certificate-authority-data: bm90IHBlbQ==", "token: t", "no certificate")]
    [InlineData("server: https://x, certificate-authority: nowhere.crt", "token: t", "nowhere.crt")]
    [InlineData("server: https://x", "exec: {command: ./no-such-plugin}", "no-such-plugin")]
    [InlineData("server: https://x", "client-certificate-data: bm90IHBlbQ==", "client certificate")]
    public async Task What_cannot_be_used_is_named(string cluster, string user, string expected)
    {
        var failure = await Assert.ThrowsAsync<KubeconfigException>(() => ConnectAsync(cluster, user));
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    private Task<KubeConnection> ConnectAsync(string cluster, string user)
    {
        var file = directory.Write("config", $"""
            contexts:
            - name: c
              context: {"{"}cluster: k, user: u{"}"}
            clusters:
            - name: k
              cluster: {"{"}{cluster}{"}"}
            users:
            - name: u
              user: {"{"}{user}{"}"}
            """);
        return KubeconfigClient.ConnectAsync(Stores.Of(file).Load(), "c", TimeProvider.System, default);
    }

    private static string Data(params X509Certificate2[] authorities) =>
        Convert.ToBase64String(Encoding.ASCII.GetBytes(string.Join('\n', authorities.Select(a => a.ExportCertificatePem()))));
}
