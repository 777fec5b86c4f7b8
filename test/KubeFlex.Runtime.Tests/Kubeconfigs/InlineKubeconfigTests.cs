using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Runtime.Tests.Kubeconfigs;

public sealed class InlineKubeconfigTests
{
    private const string Good =
        """
        apiVersion: v1
        kind: Config
        current-context: c
        contexts: [{name: c, context: {cluster: k, user: u}}]
        clusters: [{name: k, cluster: {server: "https://k.example.com:6443/prefix"}}]
        users: [{name: u, user: {token: t}}]
        """;

    [Fact]
    public void Data_in_the_text_is_used()
    {
        using var connection = KubeconfigClient.ConnectInline(Good);
        Assert.Equal(("c", new Uri("https://k.example.com:6443/prefix/")), (connection.Context, connection.Server));
    }

    [Theory]
    [InlineData("token: t", "exec: {command: rm}", "\"exec\"")]
    [InlineData("token: t", "tokenFile: /etc/passwd", "\"tokenFile\"")]
    [InlineData("token: t", "client-key: /etc/passwd", "\"client-key\"")]
    [InlineData("token: t", "as: admin", "\"as\"")]
    [InlineData("server:", "proxy-url: http://x, server:", "\"proxy-url\"")]
    [InlineData("server:", "certificate-authority: /etc/passwd, server:", "\"certificate-authority\"")]
    [InlineData("server:", "insecure-skip-tls-verify: true, server:", "\"insecure-skip-tls-verify\"")]
    [InlineData("https://", "http://", "not an https URL")]
    [InlineData("https://", "https://user:secret@", "not an https URL")]
    [InlineData("cluster: k,", "cluster: other,", "\"other\" is missing")]
    [InlineData("current-context: c", "", "no current context")]
    [InlineData("server:", "certificate-authority-data: '*', server:", "not base64")]
    public void What_leads_elsewhere_is_refused(string part, string by, string expected) =>
        Assert.Contains(expected, Assert.Throws<KubeconfigException>(() => KubeconfigClient.ConnectInline(Good.Replace(part, by, StringComparison.Ordinal))).Message, StringComparison.Ordinal);
}
