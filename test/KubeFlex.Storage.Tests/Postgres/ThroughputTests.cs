using System.Diagnostics;
using KubeFlex.Storage.Tests.Support;
using Npgsql;
using static KubeFlex.Storage.Tests.Support.Words;

namespace KubeFlex.Storage.Tests.Postgres;

/// <summary>Group commit pays: ratios within one run, which a busy machine changes little.</summary>
public sealed class ThroughputTests(PostgresFixture postgres, ITestOutputHelper output)
{
    private static readonly byte[] Value = new byte[1024];

    private static async Task<double> PutAsync(Store[] stores, int clients, TimeSpan time, List<double>? latencies = null)
    {
        var started = Stopwatch.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(async () =>
        {
            var mine = new List<double>();
            for (var i = 0; Stopwatch.GetElapsedTime(started) < time; i++)
            {
                var start = Stopwatch.GetTimestamp();
                await stores[client % stores.Length].CommitAsync(Do(new PutOperation(B($"{client}-{i % 100}"), Value)), default);
                mine.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
            if (latencies is not null) lock (latencies) latencies.AddRange(mine);
            return mine.Count;
        })));
        return counts.Sum() / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static async Task<double> PlainAsync(NpgsqlDataSource source, int connections, TimeSpan time)
    {
        var started = Stopwatch.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, connections).Select(client => Task.Run(async () =>
        {
            await using var connection = await source.OpenConnectionAsync();
            await using var insert = new NpgsqlCommand("insert into plain (client, number, value) values ($1, $2, $3)", connection)
            {
                Parameters = { new() { Value = client }, new() { Value = 0 }, new() { Value = Value } },
            };
            await insert.PrepareAsync();
            var count = 0;
            for (; Stopwatch.GetElapsedTime(started) < time; count++)
            {
                insert.Parameters[1].Value = count;
                await insert.ExecuteNonQueryAsync();
            }
            return count;
        })));
        return counts.Sum() / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <summary>Measures up to three times: whoever else works on this machine comes and goes, what is missing in the program stays.</summary>
    private async Task OnceAsync(Func<Task<(bool Good, string Said)>> measure)
    {
        var said = new List<string>();
        for (var good = false; !good;)
        {
            (good, var what) = await measure();
            output.WriteLine(what);
            said.Add(what);
            Assert.True(good || said.Count < 3, string.Join('\n', said));
        }
    }

    [Fact]
    public async Task On_SQLite_clients_share_a_commit_too()
    {
        await using var test = new TestDatastore();
        await using var datastore = await Datastore.OpenSqliteAsync(test.Path, new() { HibernateAfter = TimeSpan.Zero }, default);
        var one = await datastore.OpenStoreAsync("one", default);
        var many = await Task.WhenAll(Enumerable.Range(0, 1000).Select(i => datastore.OpenStoreAsync($"many{i}", default)));
        foreach (var store in many.Append(one)) await store.GetAsync("a");
        var time = TimeSpan.FromSeconds(1.5);
        await PutAsync([one], 64, time / 3);
        await OnceAsync(async () =>
        {
            var single = await PutAsync([one], 1, time);
            var grouped = await PutAsync([one], 64, time);
            var wide = await PutAsync([one], 1000, time);
            var spread = await PutAsync(many, 1000, time);
            // Far below what is measured: it must not fail because others work on the disk. Without group commit both would be 1 and less.
            return (grouped > 2 * single && spread > 2 * single,
                $"1 client {single:0}/s; 64 clients {grouped:0}/s; 1,000 clients of one store {wide:0}/s, of 1,000 stores {spread:0}/s");
        });
    }

    [Fact]
    public async Task Many_clients_share_a_commit_and_many_stores_cost_what_one_does()
    {
        var url = await postgres.NewUrlAsync();
        var plainUrl = DatastoreUrl.Parse(url).Postgres!;
        await using var source = NpgsqlDataSource.Create(plainUrl.Connection);
        await using (var create = source.CreateCommand("create table plain (client int, number int, value bytea, primary key (client, number))")) await create.ExecuteNonQueryAsync();
        await using var datastore = await Datastore.OpenPostgresAsync(url, new() { HibernateAfter = TimeSpan.Zero }, default);
        var one = await datastore.OpenStoreAsync("one", default);
        var many = await Task.WhenAll(Enumerable.Range(0, 1000).Select(i => datastore.OpenStoreAsync($"many{i}", default)));
        foreach (var store in many.Append(one)) await store.GetAsync("a");
        var time = TimeSpan.FromSeconds(1.5);
        await PutAsync([one], 64, time / 3);

        await OnceAsync(async () =>
        {
            await using (var empty = source.CreateCommand("truncate plain")) await empty.ExecuteNonQueryAsync();
            var plain = await PlainAsync(source, 16, time);
            var latencies = new List<double>();
            var grouped = await PutAsync([one], 64, time, latencies);
            var wide = await PutAsync([one], 1000, time);
            var spread = await PutAsync(many, 1000, time);
            latencies.Sort();
            // Half of what is measured on a quiet machine: it must not fail because others work there.
            return (grouped > 1.5 * plain && spread > 0.4 * wide,
                $"16 plain connections {plain:0}/s; 64 clients {grouped:0}/s, p50 {latencies[latencies.Count / 2]:0.0} ms, p99 {latencies[latencies.Count * 99 / 100]:0.0} ms; 1,000 clients of one store {wide:0}/s, of 1,000 stores {spread:0}/s");
        });
    }
}
