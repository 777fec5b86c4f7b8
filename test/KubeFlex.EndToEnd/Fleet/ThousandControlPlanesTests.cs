using System.Text.Json.Nodes;
using KubeFlex.EndToEnd.Harness;
using KubeFlex.EndToEnd.Server;

namespace KubeFlex.EndToEnd.Fleet;

public sealed class ThousandControlPlanesTests
{
    private const int Count = 1000;
    private const string Collection = "apis/tenancy.kflex.kubestellar.org/v1alpha1/controlplanes";

    [Fact]
    public async Task A_thousand_at_once_become_ready_and_go_without_a_trace()
    {
        await using var server = await TestServer.StartAsync();
        var file = Path.Combine(server.Data, "kubeflex.db");
        var (objects, stores) = (await ManyControlPlanesTests.ObjectsAsync(server), Database.Stores(file));
        // Among them five with a datastore of their own, and five with a hook that makes something cluster-wide.
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
        using var client = RawClient.Create(server, server.AdminKubeconfig);
        await Parallel.ForEachAsync(Enumerable.Range(0, Count), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, cancellation) =>
        {
            var spec = (i % 200) switch { 1 => ""","backend":"dedicated" """, 2 => ""","postCreateHooks":[{"hookName":"wide"}]""", _ => "" };
            using var body = new StringContent($$$"""{"apiVersion":"tenancy.kflex.kubestellar.org/v1alpha1","kind":"ControlPlane","metadata":{"name":"m-{{{i}}}"},"spec":{"type":"k8s"{{{spec}}}}}""",
                System.Text.Encoding.UTF8, "application/json");
            using var answer = await client.PostAsync(new Uri(Collection, UriKind.Relative), body, cancellation);
            answer.EnsureSuccessStatusCode();
        });
        await Eventually.TrueAsync(async () => (await ItemsAsync(client)).Count(IsReady) == Count, $"{Count} control planes Ready", 180);

        foreach (var name in (string[])["m-0", "m-1", "m-2", "m-500", $"m-{Count - 1}"])
        {
            (await server.KflexAsync("ctx", name)).Ok();
            Assert.Equal("ok", (await server.KubectlAsync(server.Kubeconfig, null, "get", "--raw", "/readyz")).Ok());
        }
        Assert.Equal(Count, (await server.KflexAsync("list", "-o", "name")).Ok().Split('\n').Length);
        await Eventually.TrueAsync(async () => (await client.GetStringAsync(new Uri("metrics", UriKind.Relative)))
            .Contains($$"""kubeflex_controlplanes{type="k8s",runtime="InProcess",phase="Ready"} {{Count}}""", StringComparison.Ordinal), "the metric that counts them");
        Assert.Contains($"kubeflex_controlplanes_open {Count}\n", await client.GetStringAsync(new Uri("metrics", UriKind.Relative)), StringComparison.Ordinal);
        Assert.Equal(Count / 200, Directory.GetFiles(Path.Combine(server.Data, "dedicated"), "*.db").Length);

        (await Command.RunAsync(Repository.Cli, ["delete", "--all", "--yes", "--timeout=3m"], server.Environment, limit: TimeSpan.FromMinutes(4))).Ok();
        (await server.HostingAsync("delete", "postcreatehook", "wide")).Ok();
        Assert.Empty(await ItemsAsync(client));
        await Eventually.TrueAsync(async () => objects.SetEquals(await ManyControlPlanesTests.ObjectsAsync(server)), "the hosting control plane as it was");
        Assert.Empty(Directory.GetFiles(Path.Combine(server.Data, "dedicated")));
        await Eventually.TrueAsync(() => Task.FromResult(Database.Stores(file).SequenceEqual(stores) && Database.StrayRows(file) == 0), "the database without rows of those that are gone", 120);
        Assert.Equal("kubeflex-hosting", (await server.KubectlAsync(server.Kubeconfig, null, "config", "get-contexts", "-o", "name")).Ok());
        Assert.DoesNotContain(" fail: ", server.Said, StringComparison.Ordinal);
    }

    private static async Task<List<JsonNode?>> ItemsAsync(HttpClient client) =>
        [.. JsonNode.Parse(await client.GetStringAsync(new Uri(Collection, UriKind.Relative)))!["items"]!.AsArray()];

    private static bool IsReady(JsonNode? cp) =>
        (cp!["status"]?["conditions"] as JsonArray ?? []).Any(c => (string?)c!["type"] == "Ready" && (string?)c["status"] == "True")
        && (cp["spec"]!["postCreateHooks"] is null || (bool?)cp["status"]?["postCreateHookCompleted"] == true);
}
