using Google.Protobuf;
using KubeFlex.Etcd.Protocol;
using KubeFlex.History.Checking;

namespace KubeFlex.History.Driving;

/// <summary>Several watches on one stream, as kube-apiserver has them: previous values, progress, fragments. When the stream breaks, each goes on after its last revision.</summary>
internal sealed class RecordingWatches(int number, Recorder recorder, Func<EtcdConnection> connection, IReadOnlyList<WatchLog> watches)
{
    private static readonly TimeSpan Ask = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(50);

    private readonly long[] reached = [.. watches.Select(_ => 1L)];
    private readonly bool[] gap = new bool[watches.Count];
    private long asked = -1;

    /// <summary>All of them have got everything up to here.</summary>
    public long Reached => Enumerable.Range(0, reached.Length).Min(i => Volatile.Read(ref reached[i]));

    /// <summary>Connections so far.</summary>
    public int Connections { get; private set; }

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await ConnectAsync(stop);
            }
            catch (Exception e) when (e is IOException or StatusException or OperationCanceledException)
            {
                if (asked >= 0) asked = -1;
                try
                {
                    await Task.Delay(Again, stop);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
        }
    }

    private async Task ConnectAsync(CancellationToken stop)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await using var stream = connection().Open("Watch/Watch", WatchResponse.Parser, ends.Token);
        Connections++;
        for (var i = 0; i < watches.Count; i++)
        {
            watches[i].Sessions.Add(new(reached[i] + 1, recorder.Now, 0, [], gap[i]));
            gap[i] = false;
            await stream.SendAsync(new WatchRequest
            {
                CreateRequest = new()
                {
                    Key = ByteString.CopyFromUtf8(watches[i].Key is "" ? "\0" : watches[i].Key), RangeEnd = ByteString.CopyFromUtf8(watches[i].Key is "" ? "\0" : watches[i].End ?? ""),
                    StartRevision = reached[i] + 1, WatchId = i + 1, PrevKv = watches[i].Previous, ProgressNotify = true, Fragment = true,
                },
            });
        }
        var asking = AskAsync(stream, ends.Token);
        try
        {
            var pieces = new List<Event>[watches.Count];
            while (true)
            {
                var response = await stream.ReadAsync(ends.Token);
                if (response.WatchId == -1) Progress(response.Header.Revision);
                else if (!Take((int)response.WatchId - 1, response, pieces)) return;
            }
        }
        finally
        {
            await ends.CancelAsync();
            await asking;
        }
    }

    /// <summary>Progress requests, one at a time: each is a consistent read of the revision.</summary>
    private async Task AskAsync(EtcdStream<WatchResponse> stream, CancellationToken ends)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Ask, ends);
                if (Interlocked.CompareExchange(ref asked, recorder.Now, -1) != -1) continue;
                await stream.SendAsync(new WatchRequest { ProgressRequest = new() });
            }
        }
        catch (Exception e) when (e is OperationCanceledException or InvalidOperationException or IOException)
        {
            // The stream ends.
        }
    }

    private void Progress(long revision)
    {
        var began = Interlocked.Exchange(ref asked, -1);
        if (began >= 0) recorder.Add(new(number, began, recorder.Now, new AskRevision(), Outcome.Done, new(revision)));
        for (var i = 0; i < watches.Count; i++)
        {
            watches[i].Sessions[^1].Deliveries.Add(new(revision, null));
            Volatile.Write(ref reached[i], Math.Max(reached[i], revision));
        }
    }

    /// <summary>False when the watch has to be started anew.</summary>
    private bool Take(int i, WatchResponse response, List<Event>?[] pieces)
    {
        var sessions = watches[i].Sessions;
        if (response.Created) sessions[^1] = sessions[^1] with { Created = response.Header.Revision };
        if (response.Canceled)
        {
            if (response.CompactRevision == 0) throw new IOException("the watch was refused: " + response.CancelReason);
            (gap[i], reached[i]) = (true, response.CompactRevision - 1);
            return false;
        }
        if (response.Created) return true;
        if (response.Events.Count == 0)
        {
            sessions[^1].Deliveries.Add(new(response.Header.Revision, null));
            Volatile.Write(ref reached[i], Math.Max(reached[i], response.Header.Revision));
            return true;
        }
        // As etcd's client does: pieces count when the last one has come.
        (pieces[i] ??= []).AddRange(response.Events);
        if (response.Fragment) return true;
        var now = recorder.Now;
        foreach (var change in pieces[i]!)
        {
            var before = change.PrevKv is null ? null : RecordingClient.Entry(change.PrevKv);
            sessions[^1].Deliveries.Add(new(change.Kv.ModRevision,
                new(change.Kv.ModRevision, change.Kv.Key.ToStringUtf8(), change.Type == Event.Types.EventType.Delete ? null : RecordingClient.Entry(change.Kv), before, now)));
        }
        Volatile.Write(ref reached[i], pieces[i]![^1].Kv.ModRevision);
        pieces[i] = null;
        return true;
    }
}
