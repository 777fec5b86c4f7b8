using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Fleet;

public sealed class PaceTests
{
    private const int Count = 200, Connections = 32;
    private const string Collection = "apis/tenancy.kflex.kubestellar.org/v1alpha1/controlplanes";

    /// <summary>What is accepted is finished before more is accepted: without that, nearly all would be accepted before the first few are Ready.</summary>
    [Fact]
    public async Task A_flood_of_creates_keeps_step_with_the_operator()
    {
        await using var server = await TestServer.StartAsync();
        using var client = RawClient.Create(server, server.AdminKubeconfig);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(3));
        using var watch = await client.GetAsync(new Uri($"{Collection}?watch=true&timeoutSeconds=300", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, limit.Token);
        using var lines = new StreamReader(await watch.EnsureSuccessStatusCode().Content.ReadAsStreamAsync(limit.Token));

        var posting = Parallel.ForEachAsync(Enumerable.Range(0, Count), new ParallelOptions { MaxDegreeOfParallelism = Connections, CancellationToken = limit.Token }, async (i, cancellation) =>
        {
            using var body = new StringContent($$$"""{"apiVersion":"tenancy.kflex.kubestellar.org/v1alpha1","kind":"ControlPlane","metadata":{"name":"flood-{{{i}}}"},"spec":{"type":"k8s"}}""", Encoding.UTF8, "application/json");
            using var answer = await client.PostAsync(new Uri(Collection, UriKind.Relative), body, cancellation);
            Assert.Equal(System.Net.HttpStatusCode.Created, answer.StatusCode);
        });
        var (accepted, ready, most) = (new HashSet<string>(), new HashSet<string>(), 0);
        while (ready.Count < Count && await lines.ReadLineAsync(limit.Token) is { } line)
        {
            var obj = JsonNode.Parse(line)!["object"]!;
            var name = (string)obj["metadata"]!["name"]!;
            accepted.Add(name);
            if ((obj["status"]?["conditions"] as JsonArray ?? []).Any(c => (string?)c!["type"] == "Ready" && (string?)c["status"] == "True")) ready.Add(name);
            most = Math.Max(most, accepted.Count - ready.Count);
        }
        await posting;
        Assert.Equal(Count, ready.Count);
        Assert.InRange(most, 1, Count / 2);

        // One that comes alone is served at once by a server at rest, whoever posts it.
        (await server.KubectlAsync(server.AdminKubeconfig, """
            apiVersion: tenancy.kflex.kubestellar.org/v1alpha1
            kind: ControlPlane
            metadata: {name: alone}
            spec: {type: k8s}
            """, "apply", "-f", "-")).Ok();
        (await server.KubectlAsync(server.AdminKubeconfig, null, "wait", "--for=condition=Ready", "--timeout=60s", "controlplane/alone")).Ok();
        Assert.DoesNotContain(" fail: ", server.Said, StringComparison.Ordinal);
    }
}
