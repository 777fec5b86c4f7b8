using System.Globalization;
using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Server;

public sealed class CrashTests
{
    [Fact]
    public async Task Control_planes_that_were_being_made_at_kill_9_become_ready_afterwards()
    {
        await using var server = await TestServer.StartAsync();
        var listen = new Uri(server.Url).Authority;
        string[] names = [.. Enumerable.Range(0, 12).Select(i => $"crash-{i}")];
        var apply = server.KubectlAsync(server.AdminKubeconfig, ManyControlPlanesTests.Manifest(names), "apply", "-f", "-");
        await Eventually.TrueAsync(async () => (await server.HostingAsync("get", "controlplanes", "-o", "name")).Output.Contains("crash-2", StringComparison.Ordinal), "the first control planes");
        await server.KillAsync();
        await apply;

        await server.StartProcessAsync(listen);
        (await server.KubectlAsync(server.AdminKubeconfig, ManyControlPlanesTests.Manifest(names), "apply", "-f", "-")).Ok();
        (await server.HostingAsync(["wait", .. names.Select(n => $"controlplane/{n}"), "--for=condition=Ready", "--timeout=150s"])).Ok();
        foreach (var name in (string[])[names[0], names[2], names[^1]])
        {
            var config = Path.Combine(server.Home, $"{name}.kubeconfig");
            File.Copy(server.AdminKubeconfig, config);
            (await Command.RunAsync(Repository.Cli, ["--kubeconfig", config, "ctx", name], server.Environment)).Ok();
            (await server.KubectlAsync(config, null, "create", "configmap", "works")).Ok();
            (await server.KubectlAsync(config, null, "get", "namespace", "default", "kube-system")).Ok();
        }
    }

    [Fact]
    public async Task Resource_versions_go_on_and_clients_that_wait_see_the_server_again()
    {
        await using var server = await TestServer.StartAsync();
        var listen = new Uri(server.Url).Authority;
        var tenant = await server.CreateControlPlaneAsync("steady");
        (await server.KubectlAsync(tenant, null, "create", "deployment", "web", "--image=i")).Ok();
        var before = await VersionAsync("deploy/web");
        using var rollout = Command.Start(Tools.Kubectl, ["--kubeconfig", tenant, "rollout", "status", "deploy/web", "--timeout=150s"], server.Environment);
        await rollout.LineAsync(l => l.Contains("Waiting for deployment", StringComparison.Ordinal));

        for (var i = 0; i < 2; i++)
        {
            await server.KillAsync();
            await server.StartProcessAsync(listen);
            (await server.KubectlAsync(tenant, null, "create", "configmap", $"after-{i}")).Ok();
            var after = await VersionAsync($"cm/after-{i}");
            Assert.True(after > before, $"{after} after {before}");
            before = after;
        }
        await Kubectl.RolloutTests.CompleteAsync(server, tenant, "default");
        Assert.Contains("successfully rolled out", (await rollout.EndAsync(Command.Patience)).Ok(), StringComparison.Ordinal);

        async Task<long> VersionAsync(string what) =>
            long.Parse((await server.KubectlAsync(tenant, null, "get", what, "-o", "jsonpath={.metadata.resourceVersion}")).Ok(), CultureInfo.InvariantCulture);
    }
}
