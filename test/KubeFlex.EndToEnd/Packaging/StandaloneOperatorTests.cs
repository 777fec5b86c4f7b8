using System.Net;
using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Packaging;

/// <summary>The operator as the chart runs it, against a cluster that is not its own: here a control plane of the shared server.</summary>
public sealed class StandaloneOperatorTests(SharedServer shared)
{
    private static readonly string[] FreePorts = ["--metrics-bind-address=127.0.0.1:0", "--health-probe-bind-address=127.0.0.1:0"];

    [Fact]
    public async Task It_brings_its_definitions_makes_control_planes_and_tells_about_them()
    {
        var server = shared.Server;
        var kubeconfig = await server.CreateControlPlaneAsync("standalone");
        (await server.KubectlAsync(kubeconfig, null, "create", "namespace", "kubeflex-system")).Ok();
        using var first = Start(kubeconfig, "--leader-elect");
        await first.LineAsync(l => l.Contains(" leads: ", StringComparison.Ordinal));
        (await server.KubectlAsync(kubeconfig, null, "wait", "--for=condition=Established", "--timeout=150s", "crd/controlplanes.tenancy.kflex.kubestellar.org")).Ok();
        using var second = Start(kubeconfig, "--leader-elect", "--zap-encoder=json");

        (await server.KubectlAsync(kubeconfig, """
            apiVersion: tenancy.kflex.kubestellar.org/v1alpha1
            kind: ControlPlane
            metadata: {name: hosting}
            spec: {type: host}
            """, "apply", "-f", "-")).Ok();
        (await server.KubectlAsync(kubeconfig, null, "wait", "--for=condition=Ready", "--timeout=150s", "cp/hosting")).Ok();

        using var http = new HttpClient();
        var health = await UrlAsync(first, "health probes at ");
        Assert.Equal("ok", await http.GetStringAsync(new Uri(health, "/healthz"), TestContext.Current.CancellationToken));
        Assert.Equal("ok", await http.GetStringAsync(new Uri(health, "/readyz"), TestContext.Current.CancellationToken));
        // Counted after the status that kubectl has seen.
        var metrics = new Uri(await UrlAsync(first, "metrics at "), "/metrics");
        foreach (var line in (string[])["kubeflex_controlplanes{type=\"host\",runtime=\"\",phase=\"Ready\"} 1\n", "kubeflex_controlplane_creation_seconds_count{type=\"host\",runtime=\"\"} 1\n"])
            await Eventually.TrueAsync(async () => (await http.GetStringAsync(metrics, TestContext.Current.CancellationToken)).Contains(line, StringComparison.Ordinal), line);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri(health, "/other"), TestContext.Current.CancellationToken)).StatusCode);

        // The one that stands by is alive and ready, and does nothing.
        var standby = new Uri(await UrlAsync(second, "health probes at "), "/readyz");
        await Eventually.TrueAsync(async () => (await http.GetAsync(standby, TestContext.Current.CancellationToken)).IsSuccessStatusCode, "the second operator ready");
        Assert.DoesNotContain("kubeflex_controlplanes", await http.GetStringAsync(new Uri(await UrlAsync(second, "metrics at "), "/metrics"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        var lease = await LeaseHolderAsync(kubeconfig);
        Assert.NotEqual("", lease);

        Assert.Equal(0, await TestServer.TerminateAsync(first));
        await second.LineAsync(l => l.Contains("leads", StringComparison.Ordinal) && l.StartsWith('{'));
        Assert.NotEqual(lease, await LeaseHolderAsync(kubeconfig));
        (await server.KubectlAsync(kubeconfig, null, "delete", "cp", "hosting", "--timeout=150s")).Ok();
        Assert.Equal(0, await TestServer.TerminateAsync(second));
        Assert.Equal("", await LeaseHolderAsync(kubeconfig));

        Task<string> LeaseHolderAsync(string config) => HolderAsync(server, config);
    }

    [Fact]
    public async Task Mistakes_and_a_cluster_that_is_away_are_told_in_a_line()
    {
        var nowhere = Path.Combine(Directory.CreateTempSubdirectory("kubeflex-test-").FullName, "config");
        await File.WriteAllTextAsync(nowhere, """
            apiVersion: v1
            kind: Config
            current-context: a
            contexts: [{name: a, context: {cluster: a, user: a}}]
            clusters: [{name: a, cluster: {server: "https://127.0.0.1:1"}}]
            users: [{name: a, user: {token: t}}]
            """, TestContext.Current.CancellationToken);
        var away = await RunAsync(["--kubeconfig", nowhere, .. FreePorts]);
        Assert.Equal(1, away.ExitCode);
        Assert.Contains("https://127.0.0.1:1", away.Fails(), StringComparison.Ordinal);
        var absent = await RunAsync(["--kubeconfig", nowhere + ".absent", .. FreePorts]);
        Assert.Equal(2, absent.ExitCode);
        Assert.Contains("--kubeconfig", absent.Fails(), StringComparison.Ordinal);
        var wrong = await RunAsync(["--metrics-bind-address=8080"]);
        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("write it like :8080", wrong.Fails(), StringComparison.Ordinal);
        Directory.Delete(Path.GetDirectoryName(nowhere)!, recursive: true);
    }

    private Task<CommandResult> RunAsync(string[] args) => Command.RunAsync(Repository.Server, ["operator", .. args], shared.Server.Environment);

    private RunningCommand Start(string kubeconfig, params string[] args) =>
        Command.Start(Repository.Server, ["operator", "--kubeconfig", kubeconfig, .. FreePorts, .. args], shared.Server.Environment);

    private static async Task<string> HolderAsync(TestServer server, string kubeconfig) =>
        (await server.KubectlAsync(kubeconfig, null, "get", "lease", "c6f71c85.kflex.kubestellar.org", "-n", "kubeflex-system", "-o", "jsonpath={.spec.holderIdentity}")).Ok();

    private static async Task<Uri> UrlAsync(RunningCommand process, string what)
    {
        var line = await process.LineAsync(l => l.StartsWith(what, StringComparison.Ordinal));
        return new Uri(line[what.Length..].Split(' ')[0]);
    }
}
