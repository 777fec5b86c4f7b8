using KubeFlex.Operator.Tenants;

namespace KubeFlex.Operator.Tests.Tenants;

public sealed class ServiceGatewayTests
{
    [Theory]
    [InlineData("https://cp1.cp1-system.svc.cluster.local", "https://127.0.0.1:7000", "cp1.cp1-system.svc.cluster.local")]
    [InlineData("https://vcluster.cp1-system", "https://127.0.0.1:7000", "vcluster.cp1-system")]
    [InlineData("https://k3s.cp1-system.svc", "https://127.0.0.1:7000", "k3s.cp1-system.svc")]
    public void Names_of_Services_lead_to_the_gateway_and_stay_the_ones_to_verify(string server, string leadsTo, string verified)
    {
        var led = ServiceGateway.Lead(Kubeconfig(server), "127.0.0.1:7000");
        Assert.Contains($"server: {leadsTo}\n", led, StringComparison.Ordinal);
        Assert.Contains($"tls-server-name: {verified}\n", led, StringComparison.Ordinal);
        Assert.Contains("token: secret", led, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://api.example.com:6443")]
    [InlineData("https://192.0.2.7")]
    [InlineData("no URL")]
    public void Other_addresses_stay(string server) => Assert.Equal(Kubeconfig(server), ServiceGateway.Lead(Kubeconfig(server), "127.0.0.1:7000"));

    [Fact]
    public void What_is_no_kubeconfig_is_left_to_who_reads_it() => Assert.Equal("a: [", ServiceGateway.Lead("a: [", "127.0.0.1:7000"));

    private static string Kubeconfig(string server) => $"""
        apiVersion: v1
        kind: Config
        clusters:
        - name: a
          cluster:
            server: "{server}"
        users:
        - name: a
          user:
            token: secret
        """;
}
