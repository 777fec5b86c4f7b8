using System.Diagnostics;
using System.Text;
using KubeFlex.Storage;

namespace KubeFlex.Bench.Stores;

/// <summary>What an open store costs that nobody uses, awake and asleep, and how long a sleeping one takes to answer again.</summary>
internal static class IdleBenchmark
{
    private const int Stores = 1_000, Keys = 1_000, Reopenings = 100;

    private static readonly byte[] Value = Encoding.ASCII.GetBytes(new string('x', 1024));

    public static async Task RunAsync(Report report)
    {
        await using (var datastore = await TemporaryDatastore.SqliteAsync()) await RunAsync(report, "SQLite", datastore.Open);
        await using var postgres = await PostgresBenchmark.StartAsync();
        await using (var datastore = await TemporaryDatastore.PostgresAsync(postgres)) await RunAsync(report, "PostgreSQL", datastore.Open);
    }

    private static async Task RunAsync(Report report, string database, Datastore datastore)
    {
        // What the first stores and the first writes of a process need once is not theirs.
        var warm = await OpenAsync(datastore, "warm", 100);
        var before = Memory();
        var stores = await OpenAsync(datastore, "idle", Stores);
        var awake = Memory();
        foreach (var store in stores) Sleep(store);
        var asleep = Memory();
        string Each(long bytes, long than) => $"{Report.Number((bytes - than) / 1024.0 / Stores, "0.0")} KiB";
        report.Add($"{database}: memory per open idle store holding one value of 1 KiB, growth over {Stores:N0}", $"heap {Each(awake.Heap, before.Heap)}, resident {Each(awake.Resident, before.Resident)}", "promise: 50 KB", "–");
        report.Add($"{database}: the same asleep", $"heap {Each(asleep.Heap, before.Heap)}", "–", "–");
        GC.KeepAlive(stores);
        // Nor the code for it that is compiled when it first runs.
        foreach (var store in warm)
        {
            Sleep(store);
            await store.ViewAsync(default);
        }

        var large = await datastore.OpenStoreAsync("large", default);
        for (var i = 0; i < Keys; i += 100)
            await large.CommitAsync(new([], [.. Enumerable.Range(i, 100).Select(n => new PutOperation(Encoding.ASCII.GetBytes($"/registry/configmaps/default/{n:0000}"), Value))], []), default);
        List<double> took = [];
        for (var i = 0; i < Reopenings; i++)
        {
            Sleep(large);
            var clock = Stopwatch.StartNew();
            var found = (await large.ViewAsync(default)).Range(new("/"u8.ToArray(), "0"u8.ToArray())).Items.Count;
            took.Add(clock.Elapsed.TotalMilliseconds);
            if (found != Keys) throw new InvalidOperationException($"{found} keys instead of {Keys}");
        }
        report.Add($"{database}: a sleeping store of {Keys:N0} keys of 1 KiB, until all of them are read, {Reopenings} times", $"first {Report.Number(took[0], "0.0")} ms, {Report.Spread(took, "0.0", " ms")}", "promise: 20 ms", "–");
    }

    private static async Task<Store[]> OpenAsync(Datastore datastore, string name, int count)
    {
        var stores = await Task.WhenAll(Enumerable.Range(0, count).Select(i => datastore.OpenStoreAsync($"{name}-{i}", default)));
        await Task.WhenAll(stores.Select(store => store.CommitAsync(new([], [new PutOperation("/registry/configmaps/default/one"u8.ToArray(), [.. Value])], []), default).AsTask()));
        return stores;
    }

    private static void Sleep(Store store)
    {
        if (!store.TryHibernate()) throw new InvalidOperationException($"{store.Name} does not fall asleep");
    }

    private static (long Heap, long Resident) Memory()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }
        using var self = Process.GetCurrentProcess();
        return (GC.GetTotalMemory(forceFullCollection: true), self.WorkingSet64);
    }
}
