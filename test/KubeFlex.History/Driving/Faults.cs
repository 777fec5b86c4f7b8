using System.Diagnostics;
using System.Globalization;

namespace KubeFlex.History.Driving;

/// <summary>Something that goes wrong below running clients. It returns when the server can serve again.</summary>
internal interface IFault
{
    string Name { get; }

    Task InjectAsync(FaultRun run, Random random, CancellationToken cancellation);
}

/// <summary>kill -9, and a new process on the same data.</summary>
internal sealed class KillFault : IFault
{
    public string Name => "kill";

    public async Task InjectAsync(FaultRun run, Random random, CancellationToken cancellation)
    {
        await run.Server.KillAsync();
        await run.RestartAsync(cancellation);
    }
}

/// <summary>SIGSTOP for a while: connections stay, nobody answers.</summary>
internal sealed class PauseFault : IFault
{
    public string Name => "pause";

    public async Task InjectAsync(FaultRun run, Random random, CancellationToken cancellation)
    {
        await run.Server.PauseAsync();
        await Task.Delay(random.Next(100, 1_500), cancellation);
        await run.Server.ContinueAsync();
    }
}

/// <summary>The file system of the data has no byte left for a while; every second time the server is killed meanwhile.</summary>
internal sealed class FullDiskFault(SmallDisk disk) : IFault
{
    // What the database has room for in its files goes on, so this may never come.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private int times;

    public string Name => "full-disk";

    public async Task InjectAsync(FaultRun run, Random random, CancellationToken cancellation)
    {
        var refused = run.Refused;
        disk.Fill();
        await Task.Delay(random.Next(300, 1_200), cancellation);
        for (var wait = Stopwatch.StartNew(); run.Refused == refused && wait.Elapsed < Patience;) await Task.Delay(20, cancellation);
        var kill = times++ % 2 == 1;
        if (kill) await run.Server.KillAsync();
        disk.Free();
        if (kill) await run.RestartAsync(cancellation);
    }
}

/// <summary>A neighbour writes and syncs without pause on the same disk, so that every commit waits for it.</summary>
internal sealed class SlowDiskFault(string folder) : IFault
{
    private const int Piece = 4 << 20;

    public string Name => "slow-disk";

    public async Task InjectAsync(FaultRun run, Random random, CancellationToken cancellation)
    {
        var file = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"neighbour-{Environment.ProcessId}"));
        var length = TimeSpan.FromMilliseconds(random.Next(500, 2_000));
        await Task.Run(() =>
        {
            using var stream = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            var piece = new byte[Piece];
            random.NextBytes(piece);
            for (var watch = Stopwatch.StartNew(); watch.Elapsed < length;)
            {
                stream.Position = stream.Position > 64 << 20 ? 0 : stream.Position;
                stream.Write(piece);
                stream.Flush(flushToDisk: true);
            }
        }, cancellation);
    }
}

/// <summary>A second server on the same data, of which only one may run. On SQLite it must be refused, and the first goes on as if nothing had happened.</summary>
internal sealed class SecondOwnerFault : IFault
{
    public string Name => "second-owner";

    public async Task InjectAsync(FaultRun run, Random random, CancellationToken cancellation)
    {
        await using var second = new ServerProcess(run.Server.Program, run.Server.Datastore, run.Server.Folder);
        try
        {
            await second.StartAsync(cancellation);
        }
        catch (InvalidOperationException)
        {
            // It ended by itself, as it should.
            return;
        }
        throw new InvalidOperationException($"two servers run on {run.Server.Folder}");
    }
}
