using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Server;

public sealed class RestartTests
{
    [Fact]
    public async Task After_kill_9_every_acknowledged_object_is_there_and_control_planes_are_ready()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateControlPlaneAsync("durable");
        var acknowledged = new List<string>();
        using var stop = new CancellationTokenSource();
        var listen = new Uri(server.Url).Authority;
        var writer = Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                var result = await server.KubectlAsync(tenant, null, "create", "configmap", $"c{i}", $"--from-literal=n={i}");
                if (result.ExitCode == 0)
                    lock (acknowledged) acknowledged.Add($"configmap/c{i}");
            }
        });
        while (Count() < 10) await Task.WhenAny(writer, Task.Delay(20));
        await server.KillAsync();
        await stop.CancelAsync();
        await writer;

        // Same port, so that kubeconfigs written before the crash go on working.
        await server.StartProcessAsync(listen);
        var present = (await server.KubectlAsync(tenant, null, "get", "configmaps", "-o", "name")).Ok().Split('\n').ToHashSet(StringComparer.Ordinal);
        Assert.All(acknowledged, name => Assert.Contains(name, present));
        (await server.KubectlAsync(server.AdminKubeconfig, null, "wait", "controlplane/durable", "--for=condition=Ready", "--timeout=150s")).Ok();
        (await server.KubectlAsync(tenant, null, "create", "configmap", "afterwards")).Ok();

        int Count()
        {
            lock (acknowledged) return acknowledged.Count;
        }
    }

    [Fact]
    public async Task A_watch_resumes_from_its_last_version_after_a_restart()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateControlPlaneAsync("watched");
        (await server.KubectlAsync(tenant, null, "create", "configmap", "before")).Ok();
        var version = (await server.KubectlAsync(tenant, null, "get", "configmap", "before", "-o", "jsonpath={.metadata.resourceVersion}")).Ok();
        (await server.KubectlAsync(tenant, null, "create", "configmap", "missed")).Ok();
        var listen = new Uri(server.Url).Authority;
        await server.KillAsync();
        await server.StartProcessAsync(listen);
        (await server.KubectlAsync(tenant, null, "create", "configmap", "later")).Ok();
        var events = (await server.KubectlAsync(tenant, null, "get", "--raw",
            $"/api/v1/namespaces/default/configmaps?watch=1&timeoutSeconds=1&resourceVersion={version}")).Ok();
        Assert.Contains("\"missed\"", events, StringComparison.Ordinal);
        Assert.Contains("\"later\"", events, StringComparison.Ordinal);
        Assert.DoesNotContain("\"before\"", events, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sigterm_ends_in_order_even_with_watches_open()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateControlPlaneAsync("orderly");
        using var watch = Command.Start(Tools.Kubectl, ["--kubeconfig", tenant, "get", "configmaps", "-A", "-w"], server.Environment);
        await watch.LineAsync(l => l.Contains("kube-root-ca.crt", StringComparison.Ordinal));
        Assert.Equal(0, await server.TerminateAsync());
        Assert.False(File.Exists(Path.Combine(server.Data, "server.json")));
    }
}
