using KubeFlex.History.Checking;
using KubeFlex.History.Driving;

namespace KubeFlex.History.Tests.Runs;

/// <summary>Short runs of what KubeFlex.History does at length.</summary>
public sealed class FaultRunTests(ITestOutputHelper output)
{
    private async Task RunAsync(string folder, params IFault[] faults)
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        await using var run = new FaultRun(new(Repository.Server, "sqlite:" + Path.Combine(folder, "data.db"), folder, faults, seed));
        var result = await run.RunAsync(TestContext.Current.CancellationToken);
        output.WriteLine($"{result}");
        Assert.True(result.Report.Count == 0, $"seed {seed}: {result}");
        Assert.InRange(result.History.Calls.Count(call => call.Outcome == Outcome.Done), 100 * faults.Length, int.MaxValue);
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
    public async Task A_full_disk_refuses_writes_and_those_only()
    {
        await using var disk = await SmallDisk.MountAsync(64);
        if (disk is null)
        {
            const string why = "a small file system cannot be mounted here: only root may";
            if (Environment.GetEnvironmentVariable("CI") == "true") Assert.Fail(why);
            Assert.Skip(why);
        }
        await RunAsync(disk.Path, new FullDiskFault(disk), new FullDiskFault(disk), new FullDiskFault(disk));
    }
}
