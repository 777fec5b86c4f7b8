using System.Diagnostics;
using System.Net.Sockets;

namespace KubeFlex.Bench.Etcd;

/// <summary>
/// Many clients, each with one call after another, on one thread: it sleeps until one of the connections has something. A thread for each would cost
/// as much again in changes of threads, which the measured server pays on a small machine.
/// </summary>
internal static class EtcdClients
{
    private const int Forever = -1;

    /// <summary>Runs closed-loop load; the clients share the connections evenly, and <paramref name="next"/> gives a client's next message.</summary>
    public static LoadResult Run(IReadOnlyList<EtcdConnection> connections, int clients, TimeSpan duration, Func<int, byte[]> next)
    {
        var number = connections.Select((connection, i) => (connection.Socket, i)).ToDictionary(one => one.Socket, one => one.i);
        var calls = connections.Select(_ => new Dictionary<int, (int Client, TimeSpan Began)>()).ToArray();
        var took = new List<double>();
        var waiting = new List<Socket>();
        var answered = new List<int>();
        // Once round before the clock runs: connections are made, and the server knows them.
        foreach (var connection in connections) connection.Call(next(0));
        var clock = Stopwatch.StartNew();
        for (var client = 0; client < clients; client++) Begin(client);
        while (true)
        {
            waiting.Clear();
            foreach (var (socket, i) in number)
            {
                if (calls[i].Count > 0) waiting.Add(socket);
            }
            if (waiting.Count == 0) return new(took.Count / clock.Elapsed.TotalSeconds, new(took));
            Socket.Select(waiting, null, null, Forever);
            foreach (var socket in waiting)
            {
                var i = number[socket];
                answered.Clear();
                connections[i].Answered(answered);
                var now = clock.Elapsed;
                foreach (var call in answered)
                {
                    calls[i].Remove(call, out var done);
                    took.Add((now - done.Began).TotalMilliseconds);
                    if (now < duration) Begin(done.Client);
                }
            }
        }

        void Begin(int client)
        {
            var i = client % connections.Count;
            var began = clock.Elapsed;
            calls[i].Add(connections[i].Begin(next(client)), (client, began));
        }
    }
}
