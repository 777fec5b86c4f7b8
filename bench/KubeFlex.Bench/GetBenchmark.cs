using System.Net;
using System.Text;

namespace KubeFlex.Bench;

/// <summary>GET of one ConfigMap in a tenant against a bare endpoint that returns the same bytes.</summary>
internal static class GetBenchmark
{
    private const int Connections = 16;

    public static async Task RunAsync(Report report)
    {
        await using var server = await Peer.KubeFlexAsync();
        await using var bare = await Peer.BareAsync();
        var (prefix, certificate) = await ControlPlaneBenchmark.TenantAsync(server, "get");
        server.Become(certificate);
        var path = new Uri($"{prefix}api/v1/namespaces/default/configmaps/measured", UriKind.Relative);
        byte[] bytes;
        using (var client = server.NewClient(HttpVersion.Version11))
        {
            using var created = await client.PostAsync(new Uri($"{prefix}api/v1/namespaces/default/configmaps", UriKind.Relative), new StringContent(CreateBenchmark.ConfigMap("measured"), Encoding.UTF8, "application/json"));
            created.EnsureSuccessStatusCode();
            bytes = await client.GetByteArrayAsync(path);
        }
        using (var client = bare.NewClient(HttpVersion.Version11)) await client.PutAsync(new Uri("x", UriKind.Relative), new ByteArrayContent(bytes));

        List<double> ours = [], peers = [];
        // Not counted: what is measured is a server that has run for a while, not its compiler.
        await MeasureAsync(server, path);
        await MeasureAsync(bare, new Uri("x", UriKind.Relative));
        for (var round = 0; round < 3; round++)
        {
            ours.Add(await MeasureAsync(server, path));
            peers.Add(await MeasureAsync(bare, new Uri("x", UriKind.Relative)));
        }
        var (a, b) = (new Latencies(ours).Percentile(50), new Latencies(peers).Percentile(50));
        report.Add($"GET of a ConfigMap of {bytes.Length} bytes in a tenant, {Connections} connections, median of 3", $"{Report.Number(a)}/s", $"bare Kestrel HTTPS {Report.Number(b)}/s", $"{Report.Number(a / b, "0.00")}×");
    }

    private static Task<double> MeasureAsync(Peer peer, Uri path) => Load.PerSecondAsync(Connections, TimeSpan.FromSeconds(4), _ =>
    {
        var client = peer.NewClient(HttpVersion.Version11);
        return async () =>
        {
            using var response = await client.GetAsync(path);
            await response.EnsureSuccessStatusCode().Content.CopyToAsync(Stream.Null);
        };
    });
}
