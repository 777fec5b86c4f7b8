using KubeFlex.Bench.Etcd;
using KubeFlex.TestShared.Postgres;

namespace KubeFlex.Bench.Stores;

/// <summary>
/// Our storage on PostgreSQL behind its etcd face against plain connections to the same server that insert one row per commit; rounds take turns. The
/// database's own commit time is that of one such connection alone, which shares the disk with nobody.
/// </summary>
internal static class PostgresBenchmark
{
    private const int Rounds = 5, Clients = 64, Connections = 16;

    /// <summary>Of the clients that share: an API server sends all its requests over one.</summary>
    private const int Shared = 4;

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(3);

    public static async Task RunAsync(Report report)
    {
        await using var postgres = await StartAsync();
        var database = await postgres.CreateDatabaseAsync();
        await using var storage = await Peer.StorageAsync(PlainInserts.WithoutTls(database));
        await using var plain = await PlainInserts.CreateAsync(await postgres.CreateDatabaseAsync(), Connections);
        List<double> ours = [], peers = [], ratios = [], p99 = [], alone = [], over = [], crowded = [], sharing = [], sharingRatios = [];
        await using var connections = new ConnectionCount(database);
        for (var round = -1; round < Rounds; round++)
        {
            var puts = await EtcdBenchmark.PutsAsync(storage.Url, Clients, Round, $"{round + 1}");
            var shared = await EtcdBenchmark.PutsAsync(storage.Url, Clients, Round, $"{round + 1}/shared", Shared);
            var rows = await plain.RunAsync(Connections, Round, $"{round + 1}");
            var one = await plain.RunAsync(1, Round, $"{round + 1}/alone");
            // The first round is for the compiler and the caches.
            if (round < 0) continue;
            ours.Add(puts.PerSecond);
            peers.Add(rows.PerSecond);
            ratios.Add(puts.PerSecond / rows.PerSecond);
            sharing.Add(shared.PerSecond);
            sharingRatios.Add(shared.PerSecond / rows.PerSecond);
            p99.Add(puts.Latencies.Percentile(99));
            crowded.Add(rows.Latencies.Percentile(99));
            alone.Add(one.Latencies.Percentile(99));
            over.Add(p99[^1] - alone[^1]);
        }
        report.Add($"PostgreSQL: put of 1 KiB through the etcd face, {Clients} clients, median of {Rounds}", Report.Number(new Latencies(ours).Percentile(50)) + "/s",
            $"{Connections} plain connections, one row per commit {Report.Number(new Latencies(peers).Percentile(50))}/s", Report.Spread(ratios, "0.00", "×"));
        report.Add($"PostgreSQL: the same, the {Clients} clients over {Shared} connections", Report.Number(new Latencies(sharing).Percentile(50)) + "/s", "the same", Report.Spread(sharingRatios, "0.00", "×"));
        report.Add($"PostgreSQL: p99 of the puts of the first line, median of {Rounds}", Report.Spread(p99, "0.0", " ms"),
            $"p99 of a row's commit: one plain connection {Report.Spread(alone, "0.0", " ms")}, {Connections} of them {Report.Spread(crowded, "0.0", " ms")}", $"{Report.Spread(over, "+0.0;-0.0", " ms")} over the one's");
        report.Add("PostgreSQL: connections of the storage meanwhile, at most", $"{connections.Most}", "promise: 10", "–");
    }

    public static async Task<PostgresServer> StartAsync() => await PostgresServer.StartAsync() ?? throw new InvalidOperationException("PostgreSQL is not installed (Debian: postgresql)");
}
