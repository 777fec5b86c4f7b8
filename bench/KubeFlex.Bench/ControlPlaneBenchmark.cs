using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace KubeFlex.Bench;

/// <summary>Create to Ready of control planes in a row, and the memory that each leaves behind.</summary>
internal static class ControlPlaneBenchmark
{
    private const string Collection = "apis/tenancy.kflex.kubestellar.org/v1alpha1/controlplanes";
    private const int Count = 200;

    public static async Task RunAsync(Report report)
    {
        await using var server = await Peer.KubeFlexAsync();
        using var client = server.NewClient(HttpVersion.Version20);
        for (var i = 0; i < 5; i++) await CreateAsync(client, $"warm-{i}");
        await Task.Delay(2000);
        var before = server.ResidentBytes();
        var latencies = new List<double>();
        for (var i = 0; i < Count; i++) latencies.Add(await CreateAsync(client, $"cp-{i}"));
        await Task.Delay(2000);
        var perControlPlane = (server.ResidentBytes() - before) / (double)Count / 1024;
        var l = new Latencies(latencies);
        report.Add($"create to Ready, {Count} in a row", $"p50 {Report.Number(l.Percentile(50), "0.0")} ms, p99 {Report.Number(l.Percentile(99), "0.0")} ms", "promise: 60 ms, 250 ms", "–");
        report.Add($"resident memory per idle control plane, growth over {Count}", $"{Report.Number(perControlPlane)} KiB", "promise: 1024 KiB", "–");
    }

    private static async Task<double> CreateAsync(HttpClient client, string name)
    {
        using var watch = await client.GetAsync(new Uri($"{Collection}?watch=true&fieldSelector=metadata.name%3D{name}&timeoutSeconds=60", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await watch.EnsureSuccessStatusCode().Content.ReadAsStreamAsync());
        var clock = Stopwatch.StartNew();
        using var body = new StringContent($$$"""{"apiVersion":"tenancy.kflex.kubestellar.org/v1alpha1","kind":"ControlPlane","metadata":{"name":"{{{name}}}"},"spec":{"type":"k8s"}}""", Encoding.UTF8, "application/json");
        using var created = await client.PostAsync(new Uri(Collection, UriKind.Relative), body);
        created.EnsureSuccessStatusCode();
        while (await lines.ReadLineAsync() is { } line)
        {
            if (JsonNode.Parse(line)?["object"]?["status"]?["conditions"] is JsonArray conditions
                && conditions.Any(c => (string?)c?["type"] == "Ready" && (string?)c["status"] == "True"))
                return clock.Elapsed.TotalMilliseconds;
        }
        throw new InvalidOperationException($"{name} never became Ready");
    }

    /// <summary>A control plane to measure in; returns the path prefix and a client certificate of its own.</summary>
    public static async Task<(string Prefix, System.Security.Cryptography.X509Certificates.X509Certificate2 Certificate)> TenantAsync(Peer server, string name)
    {
        using var client = server.NewClient(HttpVersion.Version20);
        await CreateAsync(client, name);
        var secret = JsonNode.Parse(await client.GetStringAsync(new Uri($"api/v1/namespaces/{name}-system/secrets/admin-kubeconfig", UriKind.Relative)))!;
        var kubeconfig = Encoding.UTF8.GetString(Convert.FromBase64String((string)secret["data"]!["kubeconfig"]!)).Split('\n');
        string Field(string field) => Encoding.UTF8.GetString(Convert.FromBase64String(kubeconfig.First(l => l.Contains(field, StringComparison.Ordinal)).Split(':')[1].Trim()));
        using var pem = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(Field("client-certificate-data"), Field("client-key-data"));
        return ($"controlplanes/{name}/", System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadPkcs12(
            pem.Export(System.Security.Cryptography.X509Certificates.X509ContentType.Pkcs12), null));
    }
}
