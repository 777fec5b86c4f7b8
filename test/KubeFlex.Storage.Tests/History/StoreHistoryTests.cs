using KubeFlex.History.Checking;
using KubeFlex.History.Driving;
using KubeFlex.Storage.Dialects.Sqlite;
using KubeFlex.Storage.Tests.Support;

namespace KubeFlex.Storage.Tests.History;

/// <summary>Recorded histories of the store itself, over a disk that is slow, full now and then, and reopened.</summary>
public sealed class StoreHistoryTests(ITestOutputHelper output)
{
    private const int Clients = 8, Rounds = 4;

    private static readonly DatastoreOptions Options = new() { HibernateAfter = TimeSpan.Zero, WatchBufferEvents = 50 };

    [Fact]
    public async Task On_a_slow_disk_that_refuses_now_and_then_nothing_is_lost_or_reordered()
    {
        var (report, calls) = await RunAsync(random => dialect => new(dialect, random) { Failing = 30 });
        Assert.True(report.Count == 0, $"{report}");
        Assert.Contains(calls, call => call is { Outcome: Outcome.Refused, Request: KubeFlex.History.Checking.Transaction });
        Assert.InRange(calls.Count(call => call.Outcome == Outcome.Done), 200, int.MaxValue);
    }

    [Fact]
    public async Task The_checker_finds_out_about_a_database_that_forgets()
    {
        var (report, _) = await RunAsync(random => dialect => new(dialect, random) { Forgotten = 1_000, Slowest = 5 });
        Assert.Contains(report.Violations, violation => violation.Kind is Wrong.LostWrite or Wrong.RevisionOrder or Wrong.RealTime);
    }

    private async Task<(Report Report, IReadOnlyCollection<Call> Calls)> RunAsync(Func<Random, Func<Dialects.IDialect, UnsteadyDialect>> unsteady)
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var folder = Directory.CreateTempSubdirectory("kubeflex-history-");
        try
        {
            var make = unsteady(new(seed));
            var recorder = new Recorder();
            Datastore? datastore = null;
            Store store = null!;
            async Task ReopenAsync()
            {
                if (datastore is not null) await datastore.DisposeAsync();
                datastore = Datastore.Open(make(SqliteDialect.Open(Path.Combine(folder.FullName, "data.db"), "pragma synchronous=off")), Options);
                Volatile.Write(ref store, await datastore.OpenStoreAsync("test", default));
            }

            await ReopenAsync();
            var witness = new StoreWatch(recorder, () => Volatile.Read(ref store), new("witness", "", "\uffff", true, []));
            var objects = new StoreWatch(recorder, () => Volatile.Read(ref store), new("objects", "/registry/configmaps/", "/registry/configmaps0", true, []));
            using var quiet = new CancellationTokenSource();
            Task[] watches = [Task.Run(() => witness.RunAsync(quiet.Token)), Task.Run(() => objects.RunAsync(quiet.Token))];
            using var end = new CancellationTokenSource();
            var clients = Enumerable.Range(0, Clients).Select(i => Task.Run(() =>
                new KubeClient(new StoreClient(i, recorder, () => Volatile.Read(ref store)), new(seed + i), 12, () => Math.Min(witness.Reached, objects.Reached)).RunAsync(end.Token))).ToArray();
            for (var round = 1; round < Rounds; round++)
            {
                await Task.Delay(600);
                await ReopenAsync();
            }
            await Task.Delay(600);
            await end.CancelAsync();
            await Task.WhenAll(clients);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            while (Math.Min(witness.Reached, objects.Reached) < store.Revision && !patience.IsCancellationRequested) await Task.Delay(10);
            await quiet.CancelAsync();
            await Task.WhenAll(watches);
            await datastore!.DisposeAsync();
            var report = HistoryChecker.Check(new([.. recorder.Calls], [objects.Log], witness.Log));
            output.WriteLine($"{recorder.Calls.Count} requests, {witness.Log.Sessions.Count} and {objects.Log.Sessions.Count} watches; {report}");
            return (report, recorder.Calls);
        }
        finally
        {
            folder.Delete(true);
        }
    }
}
