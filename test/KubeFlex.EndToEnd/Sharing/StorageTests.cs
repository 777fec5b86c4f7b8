using System.Net;
using System.Security.Cryptography.X509Certificates;
using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Sharing;

/// <summary>Two servers of the storage alone: one serves, the other stands by.</summary>
public sealed class StorageTests(SharingFixture postgres) : IClassFixture<SharingFixture>
{
    [Fact]
    public async Task The_second_answers_as_one_that_is_not_the_leader_until_the_first_is_gone()
    {
        var folder = Directory.CreateTempSubdirectory("kubeflex-etcd-");
        var environment = new Dictionary<string, string?> { ["KUBEFLEX_DATASTORE"] = await postgres.NewDatabaseAsync(), ["ETCDCTL_API"] = "3" };
        using var first = await StartAsync("first");
        using var second = await StartAsync("second");
        (await EtcdctlAsync("first", "put", "greeting", "hello")).Ok();
        Assert.Contains("leader changed", (await EtcdctlAsync("second", "get", "greeting")).Fails(), StringComparison.Ordinal);
        first.Process.Kill();
        await Eventually.TrueAsync(async () => (await EtcdctlAsync("second", "get", "greeting")).Output.Contains("hello", StringComparison.Ordinal), "the second serves", 60);
        (await EtcdctlAsync("second", "put", "greeting", "hello again")).Ok();
        Assert.Equal(0, await TestServer.TerminateAsync(second));
        folder.Delete(true);

        async Task<RunningCommand> StartAsync(string name)
        {
            var server = Command.Start(Repository.Server, ["storage", "serve", "--listen-etcd", "http://127.0.0.1:0", "--port-file", Path.Combine(folder.FullName, name)], environment);
            await server.LineAsync(l => l.StartsWith("KubeFlex storage serves", StringComparison.Ordinal));
            return server;
        }

        async Task<CommandResult> EtcdctlAsync(string server, params string[] args) => await Command.RunAsync(Tools.Etcdctl,
            ["--endpoints", $"127.0.0.1:{(await File.ReadAllTextAsync(Path.Combine(folder.FullName, server))).Trim()}", "--command-timeout=2s", .. args], environment);
    }

    [Fact]
    public async Task With_a_store_per_certificate_one_is_ready_and_the_other_takes_over()
    {
        var folder = Directory.CreateTempSubdirectory("kubeflex-service-");
        var database = await postgres.NewDatabaseAsync();
        // A schema of its own, as the chart has it.
        var environment = new Dictionary<string, string?> { ["KUBEFLEX_DATASTORE"] = $"{database}{(database.Contains('?', StringComparison.Ordinal) ? '&' : '?')}schema=kubeflex_storage", ["ETCDCTL_API"] = "3" };
        using var authority = new TestAuthority("storage-ca");
        await WriteAsync("server", authority.IssueServing("kubeflex-storage"));
        await WriteAsync("a", authority.IssueClient("a.1", "kubeflex:store"));
        await WriteAsync("b", authority.IssueClient("b.1", "kubeflex:store"));
        await File.WriteAllTextAsync(At("ca.crt"), authority.Certificate.ExportCertificatePem());
        using var http = Administrator(authority);

        using var first = await StartAsync("first");
        await first.LineAsync(l => l.StartsWith("KubeFlex storage serves", StringComparison.Ordinal));
        using var second = await StartAsync("second");
        await second.LineAsync(l => l.Contains("stands by", StringComparison.Ordinal));
        Assert.Equal(("200 ok", "503 not ready: another server serves, and this one stands by"), (await ProbeAsync(first, "/readyz"), await ProbeAsync(second, "/readyz")));
        Assert.Equal("200 ok", await ProbeAsync(second, "/livez"));
        Assert.Contains("kubeflex_storage_serves 0\n", await ProbeAsync(second, "/metrics"), StringComparison.Ordinal);
        Assert.False(File.Exists(At("second")));

        foreach (var store in (string[])["a.1", "b.1"]) Assert.Equal(HttpStatusCode.Created, (await AdministerAsync("first", HttpMethod.Put, store)).StatusCode);
        foreach (var client in (string[])["a", "b"]) (await EtcdctlAsync("first", client, "put", "whose", client)).Ok();
        Assert.Equal("whose\na", (await EtcdctlAsync("first", "a", "get", "", "--prefix")).Ok());
        Assert.Contains("kubeflex_storage_stores 2\n", await ProbeAsync(first, "/metrics"), StringComparison.Ordinal);
        (await Command.RunAsync(Tools.Etcdctl, ["--endpoints", await EndpointAsync("first"), "--command-timeout=2s", "--cacert", At("ca.crt"), "get", "whose"], environment)).Fails();

        first.Process.Kill();
        await second.LineAsync(l => l.StartsWith("KubeFlex storage serves", StringComparison.Ordinal));
        Assert.Equal("200 ok", await ProbeAsync(second, "/readyz"));
        Assert.Equal("whose\na", (await EtcdctlAsync("second", "a", "get", "", "--prefix")).Ok());
        Assert.Equal(HttpStatusCode.NoContent, (await AdministerAsync("second", HttpMethod.Delete, "a.1")).StatusCode);
        Assert.Contains("store \"a.1\" does not exist", (await EtcdctlAsync("second", "a", "get", "whose")).Fails(), StringComparison.Ordinal);
        Assert.Equal("whose\nb", (await EtcdctlAsync("second", "b", "get", "", "--prefix")).Ok());

        // Stopped so long that the third has taken over, the second ends when it goes on, with all its connections.
        using var third = await StartAsync("third");
        await third.LineAsync(l => l.Contains("stands by", StringComparison.Ordinal));
        TestServer.Signal(second, 19);
        await third.LineAsync(l => l.StartsWith("KubeFlex storage serves", StringComparison.Ordinal));
        (await EtcdctlAsync("third", "b", "put", "whose", "still b")).Ok();
        TestServer.Signal(second, 18);
        Assert.Equal(1, (await second.EndAsync(TimeSpan.FromSeconds(30))).ExitCode);
        Assert.Contains("Another server has taken over", second.Said, StringComparison.Ordinal);
        Assert.Equal("whose\nstill b", (await EtcdctlAsync("third", "b", "get", "", "--prefix")).Ok());
        Assert.Equal(0, await TestServer.TerminateAsync(third));
        folder.Delete(true);

        string At(string name) => Path.Combine(folder.FullName, name);

        async Task WriteAsync(string name, X509Certificate2 certificate)
        {
            await File.WriteAllTextAsync(At(name + ".crt"), certificate.ExportCertificatePem());
            await File.WriteAllTextAsync(At(name + ".key"), certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        }

        async Task<RunningCommand> StartAsync(string name)
        {
            var server = Command.Start(Repository.Server, ["storage", "serve", "--stores=by-certificate", "--listen-etcd=https://127.0.0.1:0", "--port-file", At(name),
                "--cert-file", At("server.crt"), "--key-file", At("server.key"), "--trusted-ca-file", At("ca.crt"), "--listen-metrics=http://127.0.0.1:0"], environment);
            await server.LineAsync(l => l.StartsWith("health and metrics at ", StringComparison.Ordinal));
            return server;
        }

        async Task<string> EndpointAsync(string server) => $"127.0.0.1:{(await File.ReadAllTextAsync(At(server))).Trim()}";

        async Task<CommandResult> EtcdctlAsync(string server, string client, params string[] args) => await Command.RunAsync(Tools.Etcdctl,
            ["--endpoints", await EndpointAsync(server), "--command-timeout=5s", "--cacert", At("ca.crt"), "--cert", At(client + ".crt"), "--key", At(client + ".key"), .. args], environment);

        async Task<HttpResponseMessage> AdministerAsync(string server, HttpMethod method, string store)
        {
            using var request = new HttpRequestMessage(method, $"https://{await EndpointAsync(server)}/stores/{store}") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            return await http.SendAsync(request);
        }
    }

    private static HttpClient Administrator(TestAuthority authority)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(authority.Certificate);
        var handler = new SocketsHttpHandler();
        (handler.SslOptions.ClientCertificates, handler.SslOptions.CertificateChainPolicy) = ([authority.IssueClient("admin", "kubeflex:store-administrator")], policy);
        return new HttpClient(handler);
    }

    private static async Task<string> ProbeAsync(RunningCommand server, string path)
    {
        const string said = "health and metrics at ";
        using var http = new HttpClient();
        using var response = await http.GetAsync(new Uri((await server.LineAsync(l => l.StartsWith(said, StringComparison.Ordinal)))[said.Length..] + path));
        return $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}";
    }
}
