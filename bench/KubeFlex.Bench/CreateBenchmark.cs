using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace KubeFlex.Bench;

/// <summary>CREATE of ConfigMaps in a tenant against puts of the same size into Debian's etcd, on the same disk.</summary>
internal static class CreateBenchmark
{
    private const int Connections = 16;
    private const int ObjectBytes = 1024;

    public static string ConfigMap(string name) =>
        $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name}}}"},"data":{"payload":"{{{new string('x', 600)}}}"}}""";

    public static async Task RunAsync(Report report)
    {
        await using var server = await Peer.KubeFlexAsync();
        await using var etcd = await Peer.EtcdAsync();
        var (prefix, certificate) = await ControlPlaneBenchmark.TenantAsync(server, "create");
        server.Become(certificate);
        List<double> ours = [], peers = [];
        // Not counted: what is measured is a server that has run for a while, not its compiler.
        await CreatesAsync(server, prefix, -1);
        await PutsAsync(etcd, -1);
        for (var round = 0; round < 3; round++)
        {
            ours.Add(await CreatesAsync(server, prefix, round));
            peers.Add(await PutsAsync(etcd, round));
        }
        var (a, b) = (new Latencies(ours).Percentile(50), new Latencies(peers).Percentile(50));
        report.Add($"CREATE of a ConfigMap (about {ObjectBytes} bytes stored) in a tenant, {Connections} connections, median of 3", $"{Report.Number(a)}/s", $"etcd put {Report.Number(b)}/s", $"{Report.Number(a / b, "0.00")}×");
    }

    private static Task<double> CreatesAsync(Peer server, string prefix, int round)
    {
        var path = new Uri($"{prefix}api/v1/namespaces/default/configmaps", UriKind.Relative);
        return Load.PerSecondAsync(Connections, TimeSpan.FromSeconds(4), connection =>
        {
            var client = server.NewClient(HttpVersion.Version11);
            var n = 0;
            return async () =>
            {
                using var body = new StringContent(ConfigMap($"c-{round + 1}-{connection}-{n++}"), Encoding.UTF8, "application/json");
                using var response = await client.PostAsync(path, body);
                await response.EnsureSuccessStatusCode().Content.CopyToAsync(Stream.Null);
            };
        });
    }

    private static Task<double> PutsAsync(Peer etcd, int round)
    {
        var value = Encoding.ASCII.GetBytes(new string('x', ObjectBytes));
        return Load.PerSecondAsync(Connections, TimeSpan.FromSeconds(4), connection =>
        {
            var client = etcd.NewClient(HttpVersion.Version20);
            var n = 0;
            return async () =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(etcd.Url, "etcdserverpb.KV/Put"))
                {
                    Version = HttpVersion.Version20,
                    VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                    Content = new ByteArrayContent(PutRequest(Encoding.ASCII.GetBytes($"/registry/configmaps/default/c-{round + 1}-{connection}-{n++}"), value))
                    {
                        Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") },
                    },
                };
                request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
                using var response = await client.SendAsync(request);
                await response.EnsureSuccessStatusCode().Content.CopyToAsync(Stream.Null);
                var status = response.TrailingHeaders.TryGetValues("grpc-status", out var values) ? values.First() : "missing";
                if (status != "0") throw new InvalidOperationException($"etcd answered grpc-status {status}");
            };
        });
    }

    // etcdserverpb.PutRequest { bytes key = 1; bytes value = 2; } in a gRPC frame: one byte "not compressed", four bytes length.
    private static byte[] PutRequest(byte[] key, byte[] value)
    {
        using var frame = new MemoryStream();
        frame.Write(new byte[5]);
        foreach (var (tag, field) in ((byte, byte[])[])[(0x0a, key), (0x12, value)])
        {
            frame.WriteByte(tag);
            for (var length = field.Length; ; length >>= 7)
            {
                if (length < 0x80) { frame.WriteByte((byte)length); break; }
                frame.WriteByte((byte)(length | 0x80));
            }
            frame.Write(field);
        }
        var bytes = frame.ToArray();
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(1), bytes.Length - 5);
        return bytes;
    }
}
