using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;

namespace KubeFlex.Bench.Etcd;

/// <summary>Our storage behind its etcd face against Debian's etcd, on the same disk, values of 1 KiB; rounds alternate, medians count.</summary>
internal static class EtcdBenchmark
{
    private const int Rounds = 5;
    private const int ListKeys = 1_000;
    private const int Watchers = 1_000, WatchConnections = 10, WatchedPuts = 200;

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(3);
    private static readonly byte[] Value = Encoding.ASCII.GetBytes(new string('x', 1024));

    public static async Task RunAsync(Report report)
    {
        await using var storage = await Peer.StorageAsync();
        await using var etcd = await Peer.EtcdAsync();
        foreach (var clients in (int[])[1, 16, 64])
            await CompareAsync(report, $"put of 1 KiB, {clients} client{(clients == 1 ? "" : "s")}", "/s", storage, etcd, async (peer, round) => (await PutsAsync(peer.Url, clients, Round, $"{round + 1}")).PerSecond);
        foreach (var peer in (Peer[])[storage, etcd]) Fill(peer);
        foreach (var clients in (int[])[1, 16])
        {
            await CompareAsync(report, $"range of one key, {clients} client{(clients == 1 ? "" : "s")}", "/s", storage, etcd, (peer, _) => RangesAsync(peer, clients, EtcdMessages.Range("list/0500")));
            await CompareAsync(report, $"range of {ListKeys:N0} keys, {clients} client{(clients == 1 ? "" : "s")}", "/s", storage, etcd, (peer, _) => RangesAsync(peer, clients, EtcdMessages.Range("list/", "list0")));
        }
        await CompareAsync(report, $"{Watchers:N0} watchers of one key, events delivered", "/s", storage, etcd, FanOutAsync);
    }

    private static async Task CompareAsync(Report report, string what, string unit, Peer storage, Peer etcd, Func<Peer, int, Task<double>> measure)
    {
        List<double> ours = [], peers = [], ratios = [];
        for (var round = -1; round < Rounds; round++)
        {
            var (a, b) = (await measure(storage, round), await measure(etcd, round));
            // The first round is for the compiler and the caches.
            if (round < 0) continue;
            ours.Add(a);
            peers.Add(b);
            ratios.Add(a / b);
        }
        double Median(List<double> values) => new Latencies(values).Percentile(50);
        report.Add($"etcd face: {what}, median of {Rounds}", Report.Number(Median(ours)) + unit, $"etcd {Report.Number(Median(peers))}{unit}",
            $"{Report.Number(Median(ratios), "0.00")}× ({Report.Number(ratios.Min(), "0.00")} to {Report.Number(ratios.Max(), "0.00")})");
    }

    /// <summary>Load alone.</summary>
    public static async Task PutAsync(Uri url, int clients, int seconds, int? shared)
    {
        var result = await PutsAsync(url, clients, TimeSpan.FromSeconds(seconds), Guid.NewGuid().ToString("N"), shared);
        Console.WriteLine($"{Report.Number(result.PerSecond)} puts/s, p50 {Report.Number(result.Latencies.Percentile(50), "0.0")} ms, p99 {Report.Number(result.Latencies.Percentile(99), "0.0")} ms");
    }

    /// <summary>One round of puts of new keys, a connection per client unless they have to share.</summary>
    public static async Task<LoadResult> PutsAsync(Uri url, int clients, TimeSpan duration, string prefix, int? shared = null)
    {
        var connections = Enumerable.Range(0, shared ?? clients).Select(_ => EtcdConnection.Open(url, "KV/Put")).ToArray();
        var count = new int[clients];
        byte[] Next(int c) => EtcdMessages.Put($"put/{prefix}/{c}/{count[c]++}", Value);
        // One client alone is answered soonest when its thread waits for it.
        var result = clients > 1 ? await Task.Run(() => EtcdClients.Run(connections, clients, duration, Next)) : await ThreadedLoad.RunAsync(clients, duration, c => () => connections[c].Call(Next(c)));
        foreach (var connection in connections) connection.Dispose();
        return result;
    }

    private static void Fill(Peer peer)
    {
        using var connection = EtcdConnection.Open(peer.Url, "KV/Put");
        for (var i = 0; i < ListKeys; i++) connection.Call(EtcdMessages.Put($"list/{i:0000}", Value));
    }

    private static async Task<double> RangesAsync(Peer peer, int clients, byte[] request)
    {
        var connections = Enumerable.Range(0, clients).Select(_ => EtcdConnection.Open(peer.Url, "KV/Range")).ToArray();
        var result = await ThreadedLoad.RunAsync(clients, Round, c => () => connections[c].Call(request));
        foreach (var connection in connections) connection.Dispose();
        return result.PerSecond;
    }

    /// <summary>From the first put until every watcher has every event.</summary>
    private static async Task<double> FanOutAsync(Peer peer, int round)
    {
        var key = $"watched/{round + 1}";
        var watching = Enumerable.Range(0, WatchConnections).Select(_ =>
        {
            var connection = EtcdConnection.Open(peer.Url, "Watch/Watch");
            for (var i = 0; i < Watchers / WatchConnections; i++) connection.Send(EtcdMessages.Watch(key), begin: i == 0);
            var frames = new FrameCounter(connection);
            frames.Read(Watchers / WatchConnections);
            return (connection, frames);
        }).ToArray();
        using var writer = EtcdConnection.Open(peer.Url, "KV/Put");
        var message = EtcdMessages.Put(key, Value);
        var clock = Stopwatch.StartNew();
        var reading = watching.Select(w => Task.Factory.StartNew(() => w.frames.ReadEvents(Watchers / WatchConnections * WatchedPuts), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
        for (var i = 0; i < WatchedPuts; i++) writer.Call(message);
        await Task.WhenAll(reading);
        var seconds = clock.Elapsed.TotalSeconds;
        foreach (var (connection, _) in watching) connection.Dispose();
        return Watchers * WatchedPuts / seconds;
    }

    /// <summary>Counts gRPC messages, and by their length the events in them: servers put several into one message as they like.</summary>
    private sealed class FrameCounter(EtcdConnection connection)
    {
        private readonly byte[] header = new byte[5];
        private int headerBytes;
        private int body;

        public void Read(int messages)
        {
            var seen = 0;
            while (seen < messages) Count(connection.Receive(), _ => seen++);
        }

        public void ReadEvents(int events)
        {
            // An event holds its value of 1 KiB and less than half as much beside it.
            var seen = 0;
            while (seen < events) Count(connection.Receive(), bytes => seen += bytes / 1024);
        }

        private void Count(ReadOnlySpan<byte> span, Action<int> message)
        {
            while (!span.IsEmpty)
            {
                if (body > 0)
                {
                    var skip = Math.Min(body, span.Length);
                    body -= skip;
                    span = span[skip..];
                    continue;
                }
                header[headerBytes++] = span[0];
                span = span[1..];
                if (headerBytes < 5) continue;
                headerBytes = 0;
                body = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(1));
                message(body);
            }
        }
    }
}
