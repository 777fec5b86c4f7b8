using System.Diagnostics;
using System.Net.Sockets;

namespace KubeFlex.Bench.Etcd;

/// <summary>
/// Many clients, each with a connection of its own and one call after another, on one thread: it sleeps until one of the connections has something. A thread for each would cost
/// as much again in changes of threads, which the measured server pays on a small machine.
/// </summary>
internal static class EtcdClients
{
    private const int Forever = -1;

    /// <summary>Runs closed-loop load; <paramref name="next"/> gives a client's next message.</summary>
    public static LoadResult Run(IReadOnlyList<EtcdConnection> connections, TimeSpan duration, Func<int, byte[]> next)
    {
        var number = connections.Select((connection, i) => (connection.Socket, i)).ToDictionary(one => one.Socket, one => one.i);
        var began = new TimeSpan[connections.Count];
        var took = new List<double>();
        var waiting = new List<Socket>();
        var clock = new Stopwatch();
        // Once round before the clock runs: connections are made, and the server knows them.
        for (var i = 0; i < connections.Count; i++) connections[i].Call(next(i));
        clock.Start();
        for (var i = 0; i < connections.Count; i++) Begin(i);
        for (var open = connections.Count; open > 0;)
        {
            waiting.Clear();
            foreach (var (socket, i) in number)
            {
                if (began[i] >= TimeSpan.Zero) waiting.Add(socket);
            }
            Socket.Select(waiting, null, null, Forever);
            foreach (var socket in waiting)
            {
                var i = number[socket];
                if (!connections[i].Answered()) continue;
                var now = clock.Elapsed;
                took.Add((now - began[i]).TotalMilliseconds);
                if (now < duration)
                {
                    Begin(i);
                    continue;
                }
                began[i] = TimeSpan.MinValue;
                open--;
            }
        }
        return new(took.Count / clock.Elapsed.TotalSeconds, new(took));

        void Begin(int i)
        {
            began[i] = clock.Elapsed;
            connections[i].Begin(next(i));
        }
    }
}
