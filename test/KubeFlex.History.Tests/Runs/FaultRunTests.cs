using KubeFlex.History.Checking;
using KubeFlex.History.Driving;
using KubeFlex.TestShared.Postgres;

namespace KubeFlex.History.Tests.Runs;

/// <summary>Short runs of what KubeFlex.History does at length.</summary>
public sealed class FaultRunTests(ITestOutputHelper output)
{
    private Task<FaultRunResult> RunAsync(string folder, params IFault[] faults) => RunAsync("sqlite:" + Path.Combine(folder, "data.db"), folder, faults);

    private async Task<FaultRunResult> RunAsync(string datastore, string folder, IFault[] faults)
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        await using var run = new FaultRun(new(Repository.Server, datastore, folder, faults, seed));
        var result = await run.RunAsync(TestContext.Current.CancellationToken);
        output.WriteLine($"{result}");
        Assert.True(result.Report.Count == 0, $"seed {seed}: {result}");
        Assert.InRange(result.History.Calls.Count(call => call.Outcome == Outcome.Done), 100 * faults.Length, int.MaxValue);
        var asked = result.History.Calls.Where(call => call.Outcome == Outcome.Done).ToList();
        Assert.Contains(asked, call => call.Answer is TransactionAnswer { Succeeded: false });
        Assert.Contains(asked, call => call.Answer is ReadAnswer { More: true });
        Assert.Contains(asked, call => call.Request is Read { Limit: > 0, Revision: > 0 });
        Assert.Contains(asked, call => call.Request is Compaction);
        Assert.Contains(asked, call => call.Request is AskRevision);
        Assert.Contains(asked, call => call.Request is LeaseGrant);
        return result;
    }

    [Fact]
    public async Task Killed_paused_and_slowed_down_it_loses_and_reorders_nothing()
    {
        var folder = Directory.CreateTempSubdirectory("kubeflex-history-");
        try
        {
            await RunAsync(folder.FullName, new KillFault(), new PauseFault(), new SecondOwnerFault(), new KillFault(), new SlowDiskFault(folder.FullName), new KillFault());
        }
        finally
        {
            folder.Delete(true);
        }
    }

    [Fact]
    public async Task On_PostgreSQL_too_which_crashes_and_cuts_connections_and_is_taken_over()
    {
        await using var postgres = await PostgresServer.StartAsync();
        if (postgres is null)
        {
            const string why = "PostgreSQL is not installed: run tools/install-test-tools.sh";
            if (Environment.GetEnvironmentVariable("CI") == "true") Assert.Fail(why);
            Assert.Skip(why);
        }
        var folder = Directory.CreateTempSubdirectory("kubeflex-history-");
        try
        {
            var takeover = new TakeoverFault();
            await RunAsync(await postgres.CreateDatabaseAsync(), folder.FullName,
                [new CutConnectionsFault(postgres), new PostgresCrashFault(postgres), takeover, new CutConnectionsFault(postgres), takeover]);
        }
        finally
        {
            folder.Delete(true);
        }
    }

    [Fact]
    public async Task A_full_disk_refuses_writes_and_those_only()
    {
        await using var disk = await SmallDisk.MountAsync(64);
        if (disk is null)
        {
            const string why = "a small file system cannot be mounted here: only root may";
            if (Environment.GetEnvironmentVariable("CI") == "true") Assert.Fail(why);
            Assert.Skip(why);
        }
        var result = await RunAsync(disk.Path, new FullDiskFault(disk), new FullDiskFault(disk), new FullDiskFault(disk));
        // Refused, and so nowhere in the history.
        Assert.Contains(result.History.Calls, call => call is { Outcome: Outcome.Refused, Request: Transaction { Writes: true } });
    }
}
