using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Server;

public sealed class ManyControlPlanesTests
{
    internal static string Manifest(IEnumerable<string> names) => string.Join("\n---\n", names.Select(name => $$"""
        apiVersion: tenancy.kflex.kubestellar.org/v1alpha1
        kind: ControlPlane
        metadata: {name: {{name}}}
        spec: {type: k8s}
        """));

    [Fact]
    public async Task Fifty_at_once_become_ready_and_go_again_without_a_trace()
    {
        await using var server = await TestServer.StartAsync();
        var file = Path.Combine(server.Data, "kubeflex.db");
        var (objects, stores) = (await ObjectsAsync(server), Database.Stores(file));
        (await server.KubectlAsync(server.AdminKubeconfig, Manifest(Enumerable.Range(0, 50).Select(i => $"many-{i}")), "apply", "-f", "-")).Ok();
        (await server.HostingAsync("wait", "controlplane", "--all", "--for=condition=Ready", "--timeout=150s")).Ok();
        foreach (var name in (string[])["many-0", "many-25", "many-49"])
        {
            (await server.KflexAsync("ctx", name)).Ok();
            Assert.Equal("ok", (await server.KubectlAsync(server.Kubeconfig, null, "get", "--raw", "/readyz")).Ok());
        }

        // One with a datastore of its own, with objects in it, and with a hook that made something cluster-wide.
        (await server.KubectlAsync(server.AdminKubeconfig, """
            apiVersion: tenancy.kflex.kubestellar.org/v1alpha1
            kind: PostCreateHook
            metadata: {name: wide}
            spec:
              templates:
              - apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRole
                metadata: {name: "wide-{{.ControlPlaneName}}"}
                rules: []
            """, "apply", "-f", "-")).Ok();
        var tenant = await server.CreateControlPlaneAsync("dedicated", "-b", "dedicated", "-p", "wide");
        (await server.KubectlAsync(tenant, null, "create", "configmap", "inside")).Ok();
        (await server.HostingAsync("wait", "controlplane/dedicated", "--for=jsonpath={.status.postCreateHooks.wide}=true", "--timeout=150s")).Ok();
        (await server.HostingAsync("get", "clusterrole", "wide-dedicated")).Ok();
        Assert.Equal(["dedicated"], Database.Stores(Path.Combine(server.Data, "dedicated", "dedicated.db")));
        Assert.DoesNotContain("dedicated", Database.Stores(file));

        (await server.HostingAsync("delete", "controlplane", "--all", "--wait", "--timeout=150s")).Ok();
        (await server.HostingAsync("delete", "postcreatehook", "wide")).Ok();
        await Eventually.TrueAsync(async () => objects.SetEquals(await ObjectsAsync(server)), "the hosting control plane as it was");
        Assert.Empty(Directory.GetFiles(Path.Combine(server.Data, "dedicated")));
        await Eventually.TrueAsync(() => Task.FromResult(Database.Stores(file).SequenceEqual(stores) && Database.StrayRows(file) == 0), "the database without rows of those that are gone");
        Assert.DoesNotContain(" fail: ", server.Said, StringComparison.Ordinal);
    }

    /// <summary>Every object but events, which live on for an hour as on any cluster.</summary>
    internal static async Task<HashSet<string>> ObjectsAsync(TestServer server)
    {
        var kinds = (await server.HostingAsync("api-resources", "--verbs=list", "-o", "name")).Ok().Split('\n').Where(k => !k.StartsWith("events", StringComparison.Ordinal));
        var names = (await server.HostingAsync("get", string.Join(',', kinds), "-A", "-o", "jsonpath={range .items[*]}{.kind}/{.metadata.namespace}/{.metadata.name}{\"\\n\"}{end}")).Ok();
        return [.. names.Split('\n')];
    }

    [Fact]
    public async Task A_dedicated_datastore_survives_a_restart()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateControlPlaneAsync("own", "--backend-type", "dedicated");
        (await server.KubectlAsync(tenant, null, "create", "configmap", "kept")).Ok();
        var listen = new Uri(server.Url).Authority;
        await server.KillAsync();
        await server.StartProcessAsync(listen);
        Assert.Equal("configmap/kept", (await server.KubectlAsync(tenant, null, "get", "configmap", "kept", "-o", "name")).Ok());
    }
}
