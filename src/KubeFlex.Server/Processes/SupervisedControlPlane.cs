using System.Net;
using System.Net.Sockets;
using KubeFlex.Operator.Runtimes;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;
using KubeFlex.Storage;

namespace KubeFlex.Server.Processes;

/// <summary>What control planes of child processes have in common.</summary>
internal sealed record ProcessSurroundings(BinaryAssets Binaries, StoreAccess Stores, Spawner Spawner, TimeProvider Time);

/// <summary>One control plane that runs: kube-apiserver, once that serves kube-controller-manager, and a look at their health.</summary>
internal sealed class SupervisedControlPlane : IAsyncDisposable
{
    private static readonly TimeSpan StartPoll = TimeSpan.FromMilliseconds(200), Poll = TimeSpan.FromSeconds(10), Patience = TimeSpan.FromSeconds(15);

    /// <summary>As the startup and liveness probes of a pod have it.</summary>
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(4), HangLimit = TimeSpan.FromSeconds(80);

    /// <summary>A controller manager that stays this long is well.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(10);

    private readonly string name;
    private readonly ProcessPaths paths;
    private readonly ProcessSurroundings around;
    private readonly Store store;
    private readonly Datastore? ownDatastore;
    private readonly SupervisedProgram apiServer, manager;
    private readonly Action changed;
    private readonly KubeConnection admin;
    private readonly CancellationTokenSource stop = new();
    private readonly TaskCompletionSource served = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile string? unready = "kube-apiserver is starting";
    private volatile bool portTaken;
    private Task running = Task.CompletedTask;

    private SupervisedControlPlane(string name, ProcessState state, IPAddress bind, ProcessPaths paths, ProcessLogs logs, Store store, Datastore? ownDatastore, ProcessSurroundings around, Action changed)
    {
        (this.name, State, this.paths, this.store, this.ownDatastore, this.around, this.changed) = (name, state, paths, store, ownDatastore, around, changed);
        admin = KubeconfigClient.ConnectInline(System.IO.File.ReadAllText(paths.File(ProcessControlPlane.AdminKubeconfig)));
        var endpoint = new IPEndPoint(bind, state.Port);
        string? Obstacle()
        {
            portTaken = !IsFree(endpoint);
            return portTaken ? $"kube-apiserver cannot be started: {endpoint} is in use by another program" : null;
        }
        apiServer = Program(BinaryAssets.ApiServer, () => [.. state.ApiServer, .. StoreArguments()], Obstacle);
        manager = Program(BinaryAssets.ControllerManager, () => state.ControllerManager, () => null);

        SupervisedProgram Program(string program, Func<IEnumerable<string>> arguments, Func<string?> obstacle) => new(program,
            () => Supervise.Start(around.Binaries.Path(program), arguments()), obstacle, logs.Of(program), paths.Pid(program), around.Spawner, around.Time, changed);
    }

    public ProcessState State { get; }

    /// <summary>Whether another port must be chosen.</summary>
    public bool PortTaken => portTaken && !apiServer.IsRunning;

    public static async Task<SupervisedControlPlane> StartAsync(string name, ProcessState state, IPAddress bind, ProcessPaths paths, ProcessLogs logs, Store store, Datastore? ownDatastore,
        ProcessSurroundings around, Action changed, CancellationToken cancellation)
    {
        await around.Stores.AdmitAsync(store, cancellation);
        var made = new SupervisedControlPlane(name, state, bind, paths, logs, store, ownDatastore, around, changed);
        made.running = Task.WhenAll(made.apiServer.RunAsync(made.stop.Token), made.RunManagerAsync(), made.WatchAsync());
        return made;
    }

    /// <summary>Null when it serves, else why not.</summary>
    public async Task<string?> CheckAsync(CancellationToken cancellation)
    {
        if (unready is not null || Trouble() is not null) return Trouble() ?? unready;
        return await AskAsync("readyz", cancellation) is { } why ? Trouble() ?? why : null;
    }

    /// <summary>Whether a port can be had.</summary>
    public static bool IsFree(IPEndPoint endpoint)
    {
        try
        {
            using var listener = new TcpListener(endpoint);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        around.Stores.Dismiss(store.Name);
        admin.Dispose();
        stop.Dispose();
        if (ownDatastore is not null) await ownDatastore.DisposeAsync();
    }

    // One crash of the controller manager passes unseen by users; a second one soon after is a condition.
    private string? Trouble() => apiServer.Trouble ?? (manager.Failures > 1 ? manager.Trouble : null);

    // A new certificate at each start, so that none ever gets old.
    private IEnumerable<string> StoreArguments()
    {
        var (ca, client) = around.Stores.Issue(store.Name);
        paths.WriteFiles(new Dictionary<string, string> { ["etcd/ca.crt"] = ca, ["etcd/client.crt"] = client.CertificatePem, ["etcd/client.key"] = client.KeyPem });
        return [$"--etcd-servers={around.Stores.Url}", $"--etcd-cafile={paths.File("etcd/ca.crt")}", $"--etcd-certfile={paths.File("etcd/client.crt")}", $"--etcd-keyfile={paths.File("etcd/client.key")}"];
    }

    private async Task RunManagerAsync()
    {
        // Without its API it would wait ten seconds and die.
        await Task.WhenAny(served.Task, Task.Delay(Timeout.InfiniteTimeSpan, stop.Token));
        await manager.RunAsync(stop.Token);
    }

    private async Task WatchAsync()
    {
        var lastGood = around.Time.GetTimestamp();
        var once = false;
        while (!stop.IsCancellationRequested)
        {
            var why = apiServer.IsRunning ? await AskAsync("readyz", stop.Token) : "kube-apiserver does not run";
            if (stop.IsCancellationRequested) return;
            var was = CheckState();
            unready = why;
            if (why is null)
            {
                apiServer.Clear();
                served.TrySetResult();
                once = true;
            }
            if (why is null || !apiServer.IsRunning) lastGood = around.Time.GetTimestamp();
            else if (around.Time.GetElapsedTime(lastGood) > (once ? HangLimit : StartLimit) && apiServer.Uptime > HangLimit && await AskAsync("livez", stop.Token) is { } dead)
            {
                apiServer.Kill($"it has not answered /livez for long: {dead}");
                (lastGood, once) = (around.Time.GetTimestamp(), false);
            }
            if (manager.Uptime > Settled) manager.Clear();
            if (was != CheckState()) changed();
            try
            {
                await RenewStoreAccessAsync();
                await Task.Delay(why is null ? Poll : StartPoll, around.Time, stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }

        bool CheckState() => unready is null && Trouble() is null;
    }

    private async Task RenewStoreAccessAsync()
    {
        try
        {
            await around.Stores.OpenAsync(stop.Token);
        }
        catch (IOException)
        {
            // The port is in use for a moment; the next round tries again.
        }
    }

    private async Task<string?> AskAsync(string path, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Patience, around.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            await admin.Client.GetRawAsync(path, both.Token);
            return null;
        }
        catch (OperationCanceledException)
        {
            return $"kube-apiserver of {name} does not answer /{path} within {Patience.TotalSeconds:0} seconds";
        }
        catch (Exception e) when (e is KubeApiException or HttpRequestException or IOException)
        {
            return $"kube-apiserver does not answer /{path}: {e.Message}";
        }
    }
}
