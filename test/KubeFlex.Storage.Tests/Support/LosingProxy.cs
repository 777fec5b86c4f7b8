using System.Net;
using System.Net.Sockets;

namespace KubeFlex.Storage.Tests.Support;

/// <summary>Stands before a database and loses connections on demand: before the next request arrives there, or before its answer comes back.</summary>
internal sealed class LosingProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly int target;
    private readonly CancellationTokenSource stop = new();
    private readonly Task accepting;
    private volatile Loss loss;
    private volatile bool away;

    public LosingProxy(int target)
    {
        this.target = target;
        listener.Start();
        accepting = AcceptAsync();
    }

    public enum Loss
    {
        None,
        Request,
        Answer,
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Connections are closed at once.</summary>
    public bool Away
    {
        get => away;
        set => away = value;
    }

    /// <summary>Loses the next request or answer that holds a commit, once; afterwards the database may be <see cref="Away"/>.</summary>
    public void Lose(Loss what, bool thenAway = false) => (loss, this.ThenAway) = (what, thenAway);

    private bool ThenAway { get; set; }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting;
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var running = new List<Task>();
        try
        {
            while (true) running.Add(ServeAsync(await listener.AcceptTcpClientAsync(stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(running);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            if (away) return;
            using var server = new TcpClient();
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, target, stop.Token);
                var committing = new Session();
                var back = PumpAsync(server.GetStream(), client.GetStream(), _ => committing.Lost, client, server);
                await PumpAsync(client.GetStream(), server.GetStream(), bytes => Request(bytes, committing), client, server);
                await back;
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // Either side has gone.
            }
        }
    }

    private bool Request(ReadOnlyMemory<byte> bytes, Session committing)
    {
        if (!committing.Commits(bytes.Span) || loss == Loss.None) return false;
        var what = loss;
        (loss, away) = (Loss.None, ThenAway);
        committing.Lost = what == Loss.Answer;
        return what == Loss.Request;
    }

    private async Task PumpAsync(NetworkStream from, NetworkStream to, Func<ReadOnlyMemory<byte>, bool> lose, TcpClient client, TcpClient server)
    {
        try
        {
            var buffer = new byte[64 << 10];
            while (await from.ReadAsync(buffer, stop.Token) is > 0 and var count)
            {
                if (lose(buffer.AsMemory(0, count))) break;
                await to.WriteAsync(buffer.AsMemory(0, count), stop.Token);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // As above.
        }
        client.Close();
        server.Close();
    }

    private sealed class Session
    {
        public volatile bool Lost;

        private byte[]? prepared;

        /// <summary>Whether a commit is carried out: one without a name in the message that brings its text, a prepared one in the message that binds its name.</summary>
        public bool Commits(ReadOnlySpan<byte> bytes)
        {
            if (prepared is not null && bytes.IndexOf(prepared) >= 0) return true;
            var at = bytes.IndexOf("\0commit\0"u8);
            if (at < 0) return false;
            // Before the text of a Parse message stands its name, and before that the number of its bytes, which is too small for a letter.
            var name = bytes[..at];
            name = name[(name.LastIndexOfAnyInRange((byte)0, (byte)' ') + 1)..];
            if (name.IsEmpty) return true;
            // A Bind message: no name for the portal, and the statement's.
            prepared = [0, .. name, 0];
            return false;
        }
    }
}
