using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using KubeFlex.Operator.Runtimes;
using KubeFlex.Server.ControlPlanes;
using KubeFlex.Server.Data;
using KubeFlex.Storage;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Server.Processes;

/// <summary>All control planes whose API is a stock kube-apiserver, a child of this process. Each has a directory; what is not there does not exist.</summary>
internal sealed partial class ProcessHost(DataDirectory directory, Datastore shared, IDedicatedDatastores dedicated, DatastoreWarnings warnings, IPAddress bind, BinaryAssets binaries, StoreAccess stores, TimeProvider time, ILogger logger)
    : IProcessHost, IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Slot> slots = new(StringComparer.Ordinal);
    private readonly Lazy<Spawner> spawner = new();
    private readonly string root = Path.Combine(directory.Path, "processes");
    private Action<string>? told;
    private volatile bool stopping;

    public void OnChange(Action<string> listener) => told += listener;

    public Task<string?> RefusalAsync(string? version, CancellationToken cancellation) => binaries.RefusalAsync(version, cancellation);

    /// <summary>
    /// Starts what ran when the server ended, be it paused or not, after ending what survived that end against all care.
    /// <paramref name="exists"/> says whether a control plane still is one of child processes.
    /// </summary>
    public async Task ResumeAsync(Func<string, CancellationToken, Task<bool>> exists, CancellationToken cancellation)
    {
        if (!Directory.Exists(root)) return;
        foreach (var file in Directory.EnumerateFiles(root, "*.pid", SearchOption.AllDirectories))
        {
            if (PidFile.Sweep(file) is { } survivor) Swept(logger, survivor, file);
        }
        foreach (var name in Directory.EnumerateDirectories(root).Select(d => Path.GetFileName(d)!))
        {
            var slot = SlotOf(name);
            await slot.Gate.WaitAsync(cancellation);
            try
            {
                if (slot.Paths.Read() is { Digest: not null } state && await exists(name, cancellation)) await StartAsync(slot, state, cancellation);
            }
            catch (Exception e) when (e is StorageException or IOException or UnauthorizedAccessException or KubeFlex.Runtime.Kubeconfigs.KubeconfigException)
            {
                // The operator makes it anew, or says in a condition why it cannot.
                NotResumed(logger, name, e.Message);
            }
            finally
            {
                slot.Gate.Release();
            }
        }
    }

    public async ValueTask<ProcessPlace> PlaceAsync(string name, CancellationToken cancellation)
    {
        var slot = SlotOf(name);
        await slot.Gate.WaitAsync(cancellation);
        try
        {
            var state = slot.Running?.State ?? slot.Paths.Read();
            var taken = slot.Running is { } running ? running.PortTaken : state is not null && !SupervisedControlPlane.IsFree(new IPEndPoint(bind, state.Port));
            if (state is null || taken)
            {
                if (taken) Moves(logger, name, state!.Port);
                await StopAsync(slot);
                state = new ProcessState(FreePort(), state?.Backend ?? "", null, [], []);
                slot.Paths.Write(state);
            }
            var host = bind.Equals(IPAddress.Any) ? IPAddress.Loopback : bind.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : bind;
            return new ProcessPlace(new IPEndPoint(bind, state.Port), $"https://{new IPEndPoint(host, state.Port)}", slot.Paths.Directory);
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    public async Task EnsureAsync(ProcessControlPlane controlPlane, CancellationToken cancellation)
    {
        var slot = SlotOf(controlPlane.Name);
        await slot.Gate.WaitAsync(cancellation);
        try
        {
            var port = (slot.Running?.State ?? slot.Paths.Read())?.Port ?? throw new InvalidOperationException($"control plane {controlPlane.Name} has no place yet");
            var state = ProcessState.Of(port, controlPlane);
            if (slot.Running is { } running && running.State.Digest == state.Digest) return;
            await StopAsync(slot);
            slot.Paths.WriteFiles(controlPlane.Files);
            slot.Paths.Write(state);
            await StartAsync(slot, state, cancellation);
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    public async Task<string?> CheckAsync(string name, CancellationToken cancellation) =>
        slots.TryGetValue(name, out var slot) && slot.Running is { } running ? await running.CheckAsync(cancellation) : "its programs are not started yet";

    public async Task DeleteAsync(string name, CancellationToken cancellation)
    {
        // Most control planes are of another runtime: for them this is all.
        if (!slots.ContainsKey(name) && !Directory.Exists(Path.Combine(root, name))) return;
        var slot = SlotOf(name);
        await slot.Gate.WaitAsync(cancellation);
        try
        {
            await StopAsync(slot);
            slot.Logs.Dispose();
            await shared.DeleteStoreAsync(StoreName(name), cancellation);
            await Datastore.DropAsync(dedicated.Of(StoreName(name)), cancellation);
            // Last: it is the sign that there is something to delete.
            if (Directory.Exists(slot.Paths.Directory)) Directory.Delete(slot.Paths.Directory, recursive: true);
        }
        finally
        {
            slot.Gate.Release();
            slots.TryRemove(name, out _);
        }
    }

    /// <summary>The logs of a control plane; null when it is none of ours.</summary>
    public ProcessLogs? Logs(string name) => slots.TryGetValue(name, out var slot) ? slot.Logs : null;

    public async ValueTask DisposeAsync()
    {
        if (stopping) return;
        stopping = true;
        await Task.WhenAll(slots.Values.Select(async slot =>
        {
            await slot.Gate.WaitAsync();
            await StopAsync(slot);
            slot.Logs.Dispose();
            slot.Gate.Release();
        }));
        slots.Clear();
        if (spawner.IsValueCreated) spawner.Value.Dispose();
        await stores.DisposeAsync();
    }

    /// <summary>Beside stores of control planes in process, whose keys are laid out otherwise; a dot is in no control plane's name.</summary>
    private static string StoreName(string controlPlane) => $"{controlPlane}.process";

    private Slot SlotOf(string name) => slots.GetOrAdd(name, n => new Slot(new ProcessPaths(Path.Combine(root, n))));

    private async Task StartAsync(Slot slot, ProcessState state, CancellationToken cancellation)
    {
        var name = Path.GetFileName(slot.Paths.Directory);
        var own = state.Backend == "dedicated" ? await OpenOwnAsync(dedicated.Of(StoreName(name)), cancellation) : null;
        try
        {
            var store = await (own ?? shared).OpenStoreAsync(StoreName(name), cancellation);
            slot.Running = await SupervisedControlPlane.StartAsync(name, state, bind, slot.Paths, slot.Logs, store, own,
                new ProcessSurroundings(binaries, stores, spawner.Value, time), () => Tell(name), cancellation);
        }
        catch
        {
            if (own is not null) await own.DisposeAsync();
            throw;
        }
    }

    private async Task<Datastore> OpenOwnAsync(DatastoreUrl url, CancellationToken cancellation)
    {
        await Datastore.CreateAsync(url, cancellation);
        return await Datastore.OpenAsync(url, warnings.Options, cancellation);
    }

    private void Tell(string name)
    {
        if (!stopping) told?.Invoke(name);
    }

    private static async Task StopAsync(Slot slot)
    {
        if (slot.Running is not { } running) return;
        slot.Running = null;
        await running.DisposeAsync();
    }

    private int FreePort()
    {
        using var listener = new TcpListener(bind, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [LoggerMessage(150, LogLevel.Warning, "Process {Pid} survived the end of the server before this one and was killed ({File})")]
    private static partial void Swept(ILogger logger, int pid, string file);

    [LoggerMessage(151, LogLevel.Warning, "Control plane {Name} is not started from its directory: {Why}")]
    private static partial void NotResumed(ILogger logger, string name, string why);

    [LoggerMessage(152, LogLevel.Warning, "Port {Port} of control plane {Name} is in use by another program; it moves to another one")]
    private static partial void Moves(ILogger logger, string name, int port);

    // One at a time starts, stops or deletes a control plane.
    private sealed class Slot(ProcessPaths paths)
    {
        private volatile SupervisedControlPlane? running;

        public SemaphoreSlim Gate { get; } = new(1, 1);

        public ProcessPaths Paths => paths;

        public ProcessLogs Logs { get; } = new(paths);

        public SupervisedControlPlane? Running
        {
            get => running;
            set => running = value;
        }
    }
}
