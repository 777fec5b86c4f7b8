using System.Diagnostics;
using Google.Protobuf;
using KubeFlex.Etcd.Protocol;
using KubeFlex.History.Checking;

namespace KubeFlex.History.Driving;

/// <summary>What to run.</summary>
/// <param name="Server">The server's executable.</param>
/// <param name="Datastore">Its datastore, empty.</param>
/// <param name="Folder">Where its files may lie.</param>
/// <param name="Faults">One after the other, with some load between them.</param>
internal sealed record FaultRunOptions(string Server, string Datastore, string Folder, IReadOnlyList<IFault> Faults, int Seed)
{
    public int Clients { get; init; } = 8;

    public int Keys { get; init; } = 24;

    /// <summary>Load before, between and after faults.</summary>
    public TimeSpan Between { get; init; } = TimeSpan.FromMilliseconds(700);

    /// <summary>And at least so many requests that were answered well, however slow the machine.</summary>
    public int RequestsBetween { get; init; } = 150;

    public TextWriter? Progress { get; init; }
}

/// <summary>What came out.</summary>
internal sealed record FaultRunResult(RecordedHistory History, Report Report, IReadOnlyDictionary<string, int> Faults, int Connections, TimeSpan Duration, TimeSpan LongestOutage)
{
    public override string ToString()
    {
        var outcomes = History.Calls.GroupBy(call => call.Outcome).ToDictionary(group => group.Key, group => group.Count());
        var revisions = History.Witness.Sessions.SelectMany(session => session.Deliveries).Select(delivery => delivery.Revision).DefaultIfEmpty(1).Max();
        return $"""
            faults: {string.Join(", ", Faults.Select(pair => $"{pair.Value} {pair.Key}"))}; {Duration.TotalSeconds:0} s, longest wait for the server {LongestOutage.TotalSeconds:0.0} s
            requests: {History.Calls.Count} ({string.Join(", ", outcomes.OrderBy(pair => pair.Key).Select(pair => $"{pair.Value} {pair.Key}"))}), revisions: {revisions}
            watches: {History.Watches.Count + 1} over {Connections} connections, {History.Watches.Append(History.Witness).Sum(watch => watch.Sessions.Sum(session => session.Deliveries.Count))} deliveries
            {Report}
            """.ReplaceLineEndings("\n");
    }
}

/// <summary>Clients and watches in front of a real server, faults below it, and the checker on what they saw.</summary>
internal sealed class FaultRun(FaultRunOptions options) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Recorder recorder = new();
    private readonly List<EtcdConnection> connections = [];
    private readonly List<ServerProcess> servers = [];
    private EtcdConnection[] current = [];
    private TimeSpan longest;

    /// <summary>The one that owns the data.</summary>
    public ServerProcess Server { get; private set; } = new(options.Server, options.Datastore, options.Folder);

    /// <summary>One of the servers: clients do not know which of them owns the data.</summary>
    public EtcdConnection Connection() => Volatile.Read(ref current) is var all && all.Length == 1 ? all[0] : all[Random.Shared.Next(all.Length)];

    /// <summary>Requests so far that the server refused.</summary>
    public int Refused => recorder.Refused;

    /// <summary>Starts the server again and points the clients to it.</summary>
    public async Task RestartAsync(CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        await Server.StartAsync(cancellation);
        if (watch.Elapsed > longest) longest = watch.Elapsed;
        Volatile.Write(ref current, [Connect(Server)]);
    }

    /// <summary>A second server on the same data, which stands by until it can serve; clients ask either of them from then on.</summary>
    public async Task<ServerProcess> AddServerAsync(CancellationToken cancellation)
    {
        var second = new ServerProcess(options.Server, options.Datastore, options.Folder);
        servers.Add(second);
        await second.StartAsync(cancellation);
        var connection = Connect(second);
        for (var serves = false; !serves;)
        {
            try
            {
                await connection.CallAsync("KV/Range", new RangeRequest { Key = ByteString.CopyFromUtf8("k") }, RangeResponse.Parser, cancellation);
                serves = true;
            }
            catch (StatusException e) when (e.Code == StatusException.Unavailable)
            {
                await Task.Delay(50, cancellation);
            }
        }
        Volatile.Write(ref current, [.. current, connection]);
        return second;
    }

    /// <summary>Only this one is left.</summary>
    public async Task ReplaceAsync(ServerProcess next)
    {
        Volatile.Write(ref current, [Connect(next)]);
        await Server.KillAsync();
        Server = next;
    }

    private EtcdConnection Connect(ServerProcess server)
    {
        var connection = new EtcdConnection(server.Url);
        connections.Add(connection);
        return connection;
    }

    public async Task<FaultRunResult> RunAsync(CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        await RestartAsync(cancellation);
        var witness = new WatchLog("witness", "", "\uffff", true, []);
        var others = Watches();
        RecordingWatches[] watching = [new(-1, recorder, Connection, [witness]), .. others.Select((group, i) => new RecordingWatches(-2 - i, recorder, Connection, group))];
        long Watched() => watching.Min(stream => stream.Reached);

        using var quiet = new CancellationTokenSource();
        var watches = watching.Select(stream => Task.Run(() => stream.RunAsync(quiet.Token), CancellationToken.None)).ToArray();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var clients = Enumerable.Range(0, options.Clients).Select(i =>
        {
            var client = new KubeClient(new RecordingClient(i, recorder, Connection, CancellationToken.None), new Random(options.Seed + i), options.Keys, Watched);
            return Task.Run(() => client.RunAsync(end.Token), CancellationToken.None);
        }).ToArray();
        var faults = await FaultsAsync(clients, cancellation);
        await end.CancelAsync();
        await Task.WhenAll(clients);
        var last = await LastAsync(cancellation);
        for (var wait = Stopwatch.StartNew(); Watched() < last && wait.Elapsed < Patience;) await Task.Delay(20, cancellation);
        var late = watching.Where(stream => stream.Reached < last).Select(stream => stream.Reached).ToList();
        await quiet.CancelAsync();
        await Task.WhenAll(watches);

        var history = new RecordedHistory([.. recorder.Calls], [.. others.SelectMany(group => group)], witness);
        var report = HistoryChecker.Check(history);
        if (late.Count > 0) report.Add(Wrong.WatchMissed, $"the store is at revision {last}, and watches got no further than {string.Join(", ", late)}");
        return new(history, report, faults, watching.Sum(stream => stream.Connections), clock.Elapsed, longest);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in connections) connection.Dispose();
        foreach (var server in servers.Append(Server)) await server.DisposeAsync();
    }

    /// <summary>Streams with a few watches each: everything of a kind, one key, events, all with and without previous values.</summary>
    private static List<IReadOnlyList<WatchLog>> Watches() =>
    [
        [
            new("objects", "/registry/configmaps/", "/registry/configmaps0", true, []), new("events", "/registry/events/", "/registry/events0", true, []),
            new("one key", "/registry/configmaps/default/c00", null, true, []),
        ],
        [new("objects again", "/registry/configmaps/", "/registry/configmaps0", false, []), new("compactions", KubeClient.CompactionKey, null, false, [])],
    ];

    private async Task<Dictionary<string, int>> FaultsAsync(Task[] clients, CancellationToken cancellation)
    {
        var random = new Random(options.Seed);
        var done = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var fault in options.Faults)
        {
            await LoadAsync(options.Between * (0.3 + random.NextDouble() * 1.4), cancellation);
            await fault.InjectAsync(this, random, cancellation);
            done[fault.Name] = done.GetValueOrDefault(fault.Name) + 1;
            if (Array.Find(clients, client => client.IsFaulted) is { } broken) await broken;
            if (!Server.Running) throw new InvalidOperationException($"the server ended after {fault.Name}:\n{Server.Said}");
            options.Progress?.WriteLine($"{done.Values.Sum()} of {options.Faults.Count}: {fault.Name}; {recorder.Calls.Count} requests");
        }
        await LoadAsync(options.Between, cancellation);
        return done;
    }

    private async Task LoadAsync(TimeSpan time, CancellationToken cancellation)
    {
        var before = recorder.Done;
        await Task.Delay(time, cancellation);
        for (var wait = Stopwatch.StartNew(); recorder.Done - before < options.RequestsBetween && wait.Elapsed < Patience;) await Task.Delay(20, cancellation);
    }

    /// <summary>The revision at the end: by a write, which says that the server takes writes again.</summary>
    private async Task<long> LastAsync(CancellationToken cancellation)
    {
        var client = new RecordingClient(options.Clients, recorder, Connection, cancellation);
        for (var wait = Stopwatch.StartNew(); wait.Elapsed < Patience; await Task.Delay(50, cancellation))
        {
            if (await client.TransactAsync(new(new Put("/registry/configmaps/default/last", client.NewValue()))) is { } answer) return answer.Revision;
        }
        throw new TimeoutException($"the server does not take writes any more:\n{Server.Said}");
    }
}
