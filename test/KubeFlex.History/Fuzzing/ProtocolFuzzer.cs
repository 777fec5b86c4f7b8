using System.Diagnostics;
using System.Net.Sockets;
using Google.Protobuf;
using KubeFlex.Etcd.Protocol;
using KubeFlex.History.Driving;

namespace KubeFlex.History.Fuzzing;

/// <summary>Sends what no client should to a server that runs, and asks after each round whether it is well.</summary>
internal sealed class ProtocolFuzzer(ServerProcess server, int seed)
{
    private const int Round = 50, AtOnce = 8;

    /// <summary>What a server may have grown by: caches, the pool's buffers, and what valid requests among the others stored.</summary>
    private const long Growth = 300L << 20;

    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(20);

    /// <summary>Runs so many cases; the exception tells the seed and the case.</summary>
    public async Task RunAsync(int cases, CancellationToken cancellation)
    {
        var id = server.Id;
        using var etcd = new EtcdConnection(server.Url);
        await AskAsync(etcd, cancellation);
        var before = server.ResidentBytes();
        for (var at = 0; at < cases; at += Round)
        {
            await Parallel.ForEachAsync(Enumerable.Range(at, Math.Min(Round, cases - at)), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation }, async (i, stop) =>
            {
                // Each case by itself can be had again.
                var mill = new FrameMill(new(seed ^ (i * 7919)));
                if (i % 2 == 0) await CallAsync(etcd, mill, i, stop);
                else await ConnectAsync(mill, i, stop);
            });
            if (!server.Running || server.Id != id) throw new InvalidOperationException($"seed {seed}, before case {at + Round}: the server ended\n{server.Said}");
            await AskAsync(etcd, cancellation);
            var now = server.ResidentBytes();
            if (now > before + Growth) throw new InvalidOperationException($"seed {seed}, before case {at + Round}: the server grew from {before} to {now} bytes");
        }
    }

    private async Task CallAsync(EtcdConnection etcd, FrameMill mill, int number, CancellationToken stop)
    {
        var (method, body) = (mill.Method(), mill.Body());
        var clock = Stopwatch.StartNew();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(Hang);
        try
        {
            // Streams are closed by the client's end of the body, calls by their answer; two seconds are for those that wait for something.
            var code = await etcd.SendAsync(method, body, "2S", patience.Token);
            // Unknown: what nobody expected.
            if (code == 2) throw new InvalidOperationException($"seed {seed}, case {number}: {method} failed on {Convert.ToHexString(body)}\n{server.Said}");
        }
        catch (IOException e)
        {
            // The server may break off what makes no sense, but it may not leave it.
            if (clock.Elapsed >= Hang) throw new TimeoutException($"seed {seed}, case {number}: {method} hangs on {Convert.ToHexString(body)}", e);
        }
    }

    private async Task ConnectAsync(FrameMill mill, int number, CancellationToken stop)
    {
        var bytes = mill.Conversation();
        using var socket = new TcpClient { NoDelay = true };
        var url = new Uri(server.Url);
        await socket.ConnectAsync(url.Host, url.Port, stop);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(TimeSpan.FromMilliseconds(300));
        try
        {
            var stream = socket.GetStream();
            // In pieces, so that frames come apart.
            var cut = number % 5 == 0 ? bytes.Length / 2 : bytes.Length;
            await stream.WriteAsync(bytes.AsMemory(0, cut), patience.Token);
            await stream.WriteAsync(bytes.AsMemory(cut), patience.Token);
            if (number % 3 == 0) socket.Client.Shutdown(SocketShutdown.Send);
            var answer = new byte[4096];
            while (await stream.ReadAsync(answer, patience.Token) > 0)
            {
                // Whatever it says; how it goes on is asked afterwards.
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // It has hung up, or waits for more.
        }
    }

    private async Task AskAsync(EtcdConnection etcd, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Hang);
        var key = ByteString.CopyFromUtf8("alive");
        await etcd.CallAsync("KV/Put", new PutRequest { Key = key, Value = key }, PutResponse.Parser, patience.Token);
        var answer = await etcd.CallAsync("KV/Range", new RangeRequest { Key = key }, RangeResponse.Parser, patience.Token);
        if (answer.Kvs.Count != 1) throw new InvalidOperationException($"seed {seed}: what was written is not there");
    }
}
