using System.Diagnostics;

namespace KubeFlex.Bench;

/// <summary>Closed-loop load: each connection sends its next request when the last was answered.</summary>
internal static class Load
{
    public static async Task<double> PerSecondAsync(int connections, TimeSpan duration, Func<int, Func<Task>> connect)
    {
        long done = 0;
        var send = Enumerable.Range(0, connections).Select(connect).ToArray();
        await Task.WhenAll(send.Select(s => s()));
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(send.Select(s => Task.Run(async () =>
        {
            while (clock.Elapsed < duration)
            {
                await s();
                Interlocked.Increment(ref done);
            }
        })));
        return done / clock.Elapsed.TotalSeconds;
    }
}
