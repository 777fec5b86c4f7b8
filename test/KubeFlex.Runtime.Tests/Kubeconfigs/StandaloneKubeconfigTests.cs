using System.Text;
using KubeFlex.Runtime.Certificates;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Runtime.Tests.Kubeconfigs;

public sealed class StandaloneKubeconfigTests
{
    [Fact]
    public void Paths_are_relative_to_the_file_of_their_entry_not_of_the_context()
    {
        using var directory = new TemporaryDirectory();
        using var authority = CertificateAuthority.Create("ca", TimeProvider.System);
        var client = authority.IssueClient("me");
        var (first, second) = (Path.Combine(directory.Path, "one", "config"), Path.Combine(directory.Path, "two", "config"));
        foreach (var file in new[] { first, second }) Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(Path.Combine(directory.Path, "one", "ca.pem"), authority.CertificatePem);
        File.WriteAllText(Path.Combine(directory.Path, "two", "c.pem"), client.CertificatePem);
        File.WriteAllText(Path.Combine(directory.Path, "two", "k.pem"), client.KeyPem);
        File.WriteAllText(first, """
            clusters: [{name: c, cluster: {server: "https://x", certificate-authority: ca.pem}}]
            contexts: [{name: k, context: {cluster: c, user: u, extensions: [{name: foreign, extension: {a: 1}}]}}]
            """);
        File.WriteAllText(second, "users: [{name: u, user: {client-certificate: c.pem, client-key: ./k.pem}}]");
        var config = Stores.Of(first, second).Load();

        var made = StandaloneKubeconfig.Extract(config, "k", "https://y:1");

        string Data(string? base64) => Encoding.UTF8.GetString(Convert.FromBase64String(base64!));
        var (cluster, user) = (made["clusters"]![0]!["cluster"]!, made["users"]![0]!["user"]!);
        Assert.Equal("https://y:1", (string?)cluster["server"]);
        Assert.Equal(authority.CertificatePem, Data((string?)cluster["certificate-authority-data"]));
        Assert.Null(cluster["certificate-authority"]);
        Assert.Equal(client.CertificatePem, Data((string?)user["client-certificate-data"]));
        Assert.Equal(client.KeyPem, Data((string?)user["client-key-data"]));
        // The user's own files are as they were.
        Assert.Equal("ca.pem", (string?)config.Find(KubeconfigSection.Clusters, "c")!["certificate-authority"]);
    }

    [Theory]
    [InlineData("{exec: {command: x}}", "exec")]
    [InlineData("{auth-provider: {name: gcp}}", "auth-provider")]
    [InlineData("{}", "no credentials")]
    [InlineData("{tokenFile: missing}", "token file")]
    public void What_cannot_be_taken_along_is_refused(string user, string why)
    {
        using var directory = new TemporaryDirectory();
        var file = Path.Combine(directory.Path, "config");
        File.WriteAllText(file, $$$"""
            clusters: [{name: c, cluster: {server: "https://x"}}]
            contexts: [{name: k, context: {cluster: c, user: u}}]
            users: [{name: u, user: {{{user}}} }]
            """);
        var failure = Assert.Throws<KubeconfigException>(() => StandaloneKubeconfig.Extract(Stores.Of(file).Load(), "k", null));
        Assert.Contains(why, failure.Message, StringComparison.Ordinal);
    }
}
