using System.Security.Cryptography.X509Certificates;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Runtime.Tests.Kubeconfigs;

public sealed class InClusterClientTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task Uses_the_mounted_authority_and_the_token_as_it_is_now()
    {
        var authority = TlsServer.Authority("cluster");
        await using var server = new TlsServer(TlsServer.Leaf(authority, "CN=server", null, withLoopback: true));
        directory.Write("ca.crt", authority.ExportCertificatePem());
        directory.Write("token", "first\n");
        directory.Write("namespace", "kubeflex-system");
        var port = new Uri(server.Url).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        string? Environment(string name) => name switch { "KUBERNETES_SERVICE_HOST" => "127.0.0.1", "KUBERNETES_SERVICE_PORT" => port, _ => null };

        Assert.True(InClusterClient.IsAvailable(Environment, directory.Path));
        Assert.Equal("kubeflex-system", InClusterClient.Namespace(directory.Path));
        using var connection = InClusterClient.Connect(Environment, directory.Path);
        await connection.Client.GetDocumentAsync("version", TestContext.Current.CancellationToken);
        directory.Write("token", "second\n");
        await connection.Client.GetDocumentAsync("version", TestContext.Current.CancellationToken);
        Assert.Collection(server.Requests,
            r => Assert.Contains("Bearer first", r.Head, StringComparison.Ordinal),
            r => Assert.Contains("Bearer second", r.Head, StringComparison.Ordinal));
    }

    [Fact]
    public void Is_not_available_outside_of_a_pod()
    {
        Assert.False(InClusterClient.IsAvailable(_ => null, directory.Path));
        Assert.False(InClusterClient.IsAvailable(_ => "1", directory.Path));
        Assert.Null(InClusterClient.Namespace(directory.Path));
        Assert.Contains("--kubeconfig", Assert.Throws<KubeconfigException>(() => InClusterClient.Connect(_ => null, directory.Path)).WayOut, StringComparison.Ordinal);
    }
}
