using KubeFlex.Cli.Embedded;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Tests.Embedded;

public sealed class HostingEntryTests : IDisposable
{
    private readonly Harness.Cli cli = new();

    public void Dispose() => cli.Dispose();

    [Theory]
    [InlineData("U0FNRQ==", "https://127.0.0.1:2222/controlplanes/cp1")]
    [InlineData("T1RIRVI=", "https://127.0.0.1:1111/controlplanes/cp1")]
    public async Task Control_planes_move_along_with_the_same_server_and_only_with_it(string authority, string expected)
    {
        cli.WriteKubeconfig("""
            contexts:
            - {name: kubeflex-hosting, context: {cluster: kubeflex-hosting, user: kubeflex-hosting-admin}}
            - {name: cp1, context: {cluster: cp1-cluster, user: cp1-admin}}
            - {name: mine, context: {cluster: mine, user: kubeflex-hosting-admin}}
            clusters:
            - {name: kubeflex-hosting, cluster: {server: "https://127.0.0.1:1111", certificate-authority-data: U0FNRQ==}}
            - {name: cp1-cluster, cluster: {server: "https://127.0.0.1:1111/controlplanes/cp1", certificate-authority-data: Q1Ax}}
            - {name: mine, cluster: {server: "https://127.0.0.1:1111/mine"}}
            users: []
            """);
        var directory = new DataDirectory(cli.Home, IsStandard: false);
        await File.WriteAllTextAsync(directory.AdminKubeconfig, $$"""
            contexts: [{name: kubeflex-hosting, context: {cluster: kubeflex-hosting, user: kubeflex-hosting-admin} }]
            clusters: [{name: kubeflex-hosting, cluster: {server: "https://127.0.0.1:2222", certificate-authority-data: {{authority}} } }]
            users: [{name: kubeflex-hosting-admin, user: {token: t} }]
            """);
        var host = new CliHost(TextWriter.Null, TextWriter.Null, TextReader.Null, false, false, _ => null, cli.Home, cli.Home, TimeProvider.System);

        Assert.Equal("kubeflex-hosting", await HostingEntry.InstallAsync(new CliSession(host, null, true, 0), directory, makeCurrent: true, default));

        Assert.Equal("https://127.0.0.1:2222", cli.Kubeconfig.ServerOf("kubeflex-hosting"));
        Assert.Equal(expected, cli.Kubeconfig.ServerOf("cp1"));
        Assert.Equal("https://127.0.0.1:1111/mine", cli.Kubeconfig.ServerOf("mine"));
        Assert.Equal("127.0.0.1:2222", directory.LastAddress(TimeProvider.System));
    }
}
