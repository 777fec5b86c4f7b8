using System.Net;
using System.Net.Http;
using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Sharing;

/// <summary>What servers on one database take from each other, they take from nobody else.</summary>
public sealed class TrustTests(SharingFixture postgres) : IClassFixture<SharingFixture>
{
    [Fact]
    public async Task Headers_of_servers_are_worth_nothing_from_clients()
    {
        await using var servers = await SharedServers.StartAsync(postgres);
        var config = await File.ReadAllLinesAsync(servers.A.AdminKubeconfig);
        var pem = Convert.FromBase64String(config.Single(l => l.Contains("client-certificate-data", StringComparison.Ordinal)).Split(':')[1].Trim());
        using var admin = System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadCertificate(pem);
        foreach (var server in (TestServer[])[servers.A, servers.B])
        {
            using var nobody = RawClient.Create(server, null);
            nobody.DefaultRequestHeaders.Add("Kubeflex-Peer-Certificate", Convert.ToBase64String(admin.RawDataMemory.Span));
            nobody.DefaultRequestHeaders.Add("Kubeflex-Peer-Control-Plane", "/");
            Assert.Equal(HttpStatusCode.Forbidden, (await nobody.GetAsync("api/v1/secrets")).StatusCode);
            nobody.DefaultRequestHeaders.Add("Kubeflex-Peer-Task", "close");
            Assert.Equal(HttpStatusCode.Forbidden, (await nobody.PostAsync("api/v1/namespaces/default/configmaps", new StringContent("{}"))).StatusCode);
            // An administrator is one, but no server.
            using var somebody = RawClient.Create(server, server.AdminKubeconfig);
            somebody.DefaultRequestHeaders.Add("Kubeflex-Peer-Task", "place");
            Assert.Contains("NamespaceList", await (await somebody.GetAsync("api/v1/namespaces")).Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_directory_of_another_identity_is_refused()
    {
        var database = await postgres.NewDatabaseAsync();
        await using var alone = await TestServer.StartAsync();
        Assert.Equal(0, await alone.TerminateAsync());
        await using var first = new TestServer { Datastore = database };
        await first.StartProcessAsync();
        await using var other = new TestServer(alone.Data) { Datastore = database };
        var refused = await Command.RunAsync(Repository.Server, ["--data-dir", alone.Data, "--listen", "127.0.0.1:0"], other.Environment);
        Assert.Contains("another identity", refused.Fails(), StringComparison.Ordinal);
    }
}
