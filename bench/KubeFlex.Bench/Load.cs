using System.Diagnostics;

namespace KubeFlex.Bench;

/// <summary>Closed-loop load: each connection sends its next request when the last was answered.</summary>
internal static class Load
{
    public static async Task<double> PerSecondAsync(int connections, TimeSpan duration, Func<int, Func<Task>> connect) => (await RunAsync(connections, duration, connect)).PerSecond;

    public static async Task<LoadResult> RunAsync(int connections, TimeSpan duration, Func<int, Func<Task>> connect)
    {
        var send = Enumerable.Range(0, connections).Select(connect).ToArray();
        await Task.WhenAll(send.Select(s => s()));
        var took = send.Select(_ => new List<double>()).ToArray();
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(send.Select((s, c) => Task.Run(async () =>
        {
            for (var began = clock.Elapsed; began < duration;)
            {
                await s();
                var ended = clock.Elapsed;
                took[c].Add((ended - began).TotalMilliseconds);
                began = ended;
            }
        })));
        return new(took.Sum(t => t.Count) / clock.Elapsed.TotalSeconds, new([.. took.SelectMany(t => t)]));
    }
}

/// <summary>The same with a thread per connection, for clients that block.</summary>
internal static class ThreadedLoad
{
    public static async Task<LoadResult> RunAsync(int connections, TimeSpan duration, Func<int, Action> connect)
    {
        var send = Enumerable.Range(0, connections).Select(connect).ToArray();
        var took = send.Select(_ => new List<double>()).ToArray();
        using var ready = new Barrier(connections + 1);
        var clock = new Stopwatch();
        var threads = send.Select((s, c) => Task.Factory.StartNew(() =>
        {
            s();
            ready.SignalAndWait();
            ready.SignalAndWait();
            for (var began = clock.Elapsed; began < duration;)
            {
                s();
                var ended = clock.Elapsed;
                took[c].Add((ended - began).TotalMilliseconds);
                began = ended;
            }
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
        ready.SignalAndWait();
        clock.Start();
        ready.SignalAndWait();
        await Task.WhenAll(threads);
        return new(took.Sum(t => t.Count) / clock.Elapsed.TotalSeconds, new([.. took.SelectMany(t => t)]));
    }
}

/// <summary>What a round of load gave.</summary>
internal sealed record LoadResult(double PerSecond, Latencies Latencies);
