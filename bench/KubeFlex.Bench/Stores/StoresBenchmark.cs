using System.Text;
using KubeFlex.Storage;

namespace KubeFlex.Bench.Stores;

/// <summary>A thousand writers: each with a store of its own in one datastore, or all on one store. In this process, without a network between.</summary>
internal static class StoresBenchmark
{
    private const int Rounds = 5, Stores = 1_000;

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(3);
    private static readonly byte[] Value = Encoding.ASCII.GetBytes(new string('x', 1024));

    public static async Task RunAsync(Report report)
    {
        await using (var datastore = await TemporaryDatastore.SqliteAsync()) await RunAsync(report, "SQLite", datastore);
        await using var postgres = await PostgresBenchmark.StartAsync();
        await using (var datastore = await TemporaryDatastore.PostgresAsync(postgres))
        {
            await using var connections = new ConnectionCount(datastore.Url);
            await RunAsync(report, "PostgreSQL", datastore);
            report.Add($"PostgreSQL: connections meanwhile, at most", $"{connections.Most}", "promise: 10", "–");
        }
    }

    private static async Task RunAsync(Report report, string database, TemporaryDatastore datastore)
    {
        var one = await datastore.Open.OpenStoreAsync("one", default);
        var many = await Task.WhenAll(Enumerable.Range(0, Stores).Select(i => datastore.Open.OpenStoreAsync($"store-{i}", default)));
        List<double> ours = [], peers = [], ratios = [];
        for (var round = -1; round < Rounds; round++)
        {
            var all = await WriteAsync(c => many[c], round + 1);
            var single = await WriteAsync(_ => one, round + 1);
            // The first round is for the compiler and the caches.
            if (round < 0) continue;
            ours.Add(all);
            peers.Add(single);
            ratios.Add(all / single);
        }
        report.Add($"{database}: {Stores:N0} stores of one datastore, a writer each, values of 1 KiB, median of {Rounds}", Report.Number(new Latencies(ours).Percentile(50)) + "/s",
            $"as many writers of one store {Report.Number(new Latencies(peers).Percentile(50))}/s", Report.Spread(ratios, "0.00", "×"));
    }

    private static Task<double> WriteAsync(Func<int, Store> store, int round) => Load.PerSecondAsync(Stores, Round, c =>
    {
        var (target, n) = (store(c), 0);
        return async () => await target.CommitAsync(new([], [new PutOperation(Encoding.ASCII.GetBytes($"put/{round}/{c}/{n++}"), Value)], []), default);
    });
}
