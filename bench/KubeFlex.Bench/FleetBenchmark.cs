using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace KubeFlex.Bench;

/// <summary>A thousand control planes at once: how long each takes to be Ready, what the server weighs then, and how quick the command line is among them.</summary>
internal static class FleetBenchmark
{
    private const string Collection = "apis/tenancy.kflex.kubestellar.org/v1alpha1/controlplanes";
    private const int Count = 1000, Connections = 16, Runs = 7;

    public static async Task RunAsync(Report report)
    {
        await using var server = await Peer.KubeFlexAsync();
        using var client = server.NewClient(HttpVersion.Version20);
        await ApplyAsync(server, client, "warm", 20, Connections);
        await Task.Delay(2000);
        var (before, cpu) = (server.ResidentBytes(), server.ProcessorTime);
        var (wall, latencies, answers) = await ApplyAsync(server, client, "cp", Count, Connections);
        cpu = server.ProcessorTime - cpu;
        await Task.Delay(3000);
        var after = server.ResidentBytes();
        report.Add($"{Count} control planes applied at once over {Connections} connections, until all are Ready", $"{Report.Number(wall.TotalSeconds, "0.0")} s", $"{Report.Number(cpu.TotalMilliseconds / Count, "0.0")} ms of processor time each", "–");
        report.Add($"create to Ready among {Count} at once", $"p50 {Report.Number(latencies.Percentile(50))} ms, p99 {Report.Number(latencies.Percentile(99))} ms", "promise: p99 2000 ms", "–");
        report.Add($"of that, create to its answer (creates keep step with the operator)", $"p50 {Report.Number(answers.Percentile(50))} ms, p99 {Report.Number(answers.Percentile(99))} ms", "–", "–");
        report.Add($"resident memory of the server with its operator at {Count} control planes", $"{Report.Number(after / 1048576.0)} MiB", $"{Report.Number((after - before) / 1024.0 / Count)} KiB each", "–");
        await CommandsAsync(report, server);
        foreach (var (connections, count, prefix) in ((int, int, string)[])[(1, 200, "line"), (200, 600, "crowd")])
        {
            (wall, latencies, answers) = await ApplyAsync(server, client, prefix, count, connections);
            report.Add($"{count} more over {connections} connection{(connections == 1 ? ", one after another" : "s")}: create to Ready", $"p50 {Report.Number(latencies.Percentile(50))} ms, p99 {Report.Number(latencies.Percentile(99))} ms",
                $"create to its answer p50 {Report.Number(answers.Percentile(50))} ms, p99 {Report.Number(answers.Percentile(99))} ms", $"{Report.Number(wall.TotalSeconds, "0.0")} s in all");
        }
    }

    /// <summary>Posts the objects as quickly as the server takes them, watching all the while.</summary>
    private static async Task<(TimeSpan Wall, Latencies ToReady, Latencies ToAnswer)> ApplyAsync(Peer server, HttpClient watcher, string prefix, int count, int connections)
    {
        var (posted, answered, ready) = (new ConcurrentDictionary<string, long>(), new ConcurrentDictionary<string, long>(), new ConcurrentDictionary<string, long>());
        using var watch = await watcher.GetAsync(new Uri($"{Collection}?watch=true&timeoutSeconds=300", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await watch.EnsureSuccessStatusCode().Content.ReadAsStreamAsync());
        var clients = Enumerable.Range(0, Math.Min(connections, count)).Select(_ => server.NewClient(HttpVersion.Version11)).ToList();
        var begun = Stopwatch.GetTimestamp();
        var next = -1;
        var posting = Task.WhenAll(clients.Select(client => Task.Run(async () =>
        {
            for (var i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
            {
                posted[$"{prefix}-{i}"] = Stopwatch.GetTimestamp();
                using var body = new StringContent($$$"""{"apiVersion":"tenancy.kflex.kubestellar.org/v1alpha1","kind":"ControlPlane","metadata":{"name":"{{{prefix}}}-{{{i}}}"},"spec":{"type":"k8s"}}""", Encoding.UTF8, "application/json");
                using var created = await client.PostAsync(new Uri(Collection, UriKind.Relative), body);
                created.EnsureSuccessStatusCode();
                answered[$"{prefix}-{i}"] = Stopwatch.GetTimestamp();
            }
        })));
        while (ready.Count < count && await lines.ReadLineAsync() is { } line)
        {
            // The client shares the processors: a line without the words is not worth parsing.
            if (!line.Contains("\"Available\"", StringComparison.Ordinal) || JsonNode.Parse(line)?["object"] is not { } cp) continue;
            if (cp["status"]?["conditions"] is JsonArray conditions && conditions.Any(c => (string?)c?["type"] == "Ready" && (string?)c["status"] == "True"))
                if ((string)cp["metadata"]!["name"]! is var name && posted.ContainsKey(name)) ready.TryAdd(name, Stopwatch.GetTimestamp());
        }
        await posting;
        clients.ForEach(c => c.Dispose());
        if (ready.Count < count) throw new InvalidOperationException($"only {ready.Count} of {count} became Ready");
        Latencies Since(ConcurrentDictionary<string, long> to) => new([.. to.Select(r => Stopwatch.GetElapsedTime(posted[r.Key], r.Value).TotalMilliseconds)]);
        return (Stopwatch.GetElapsedTime(begun, ready.Values.Max()), Since(ready), Since(answered));
    }

    private static async Task CommandsAsync(Report report, Peer server)
    {
        var kubeconfig = Path.Combine(server.Directory, "bench.kubeconfig");
        File.Copy(Path.Combine(server.Directory, "admin.kubeconfig"), kubeconfig);
        List<double> create = [], usable = [], list = [], peer = [];
        for (var i = 0; i < Runs; i++)
        {
            create.Add(await CommandLine.TimeAsync(Peer.Launcher, kubeconfig, "create", $"cli-{i}"));
            if (CommandLine.Kubectl is { } kubectl) usable.Add(await CommandLine.TimeAsync(kubectl, kubeconfig, "get", "namespaces"));
            await CommandLine.TimeAsync(Peer.Launcher, kubeconfig, "ctx");
            list.Add(await CommandLine.TimeAsync(Peer.Launcher, kubeconfig, "list"));
            if (CommandLine.Kubectl is { } program) peer.Add(await CommandLine.TimeAsync(program, kubeconfig, "get", "controlplanes"));
        }
        string Median(List<double> of) => of.Count == 0 ? "–" : $"{Report.Number(new Latencies(of).Percentile(50))} ms";
        report.Add($"kflex create from Enter to the context, beside {Count} others, median of {Runs}", Median(create), "promise: 500 ms", usable.Count == 0 ? "–" : $"first kubectl in it {Median(usable)}");
        report.Add($"kflex list with {Count} control planes, process start included, median of {Runs}", Median(list), $"kubectl get controlplanes {Median(peer)}", "promise: 500 ms");
    }
}
