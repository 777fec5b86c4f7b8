using System.Collections.Concurrent;
using KubeFlex.ApiServer;
using KubeFlex.Controllers;
using KubeFlex.Operator.Runtimes;
using KubeFlex.Runtime.Client;
using KubeFlex.Server.Backup;
using KubeFlex.Server.Data;
using KubeFlex.Storage;

namespace KubeFlex.Server.ControlPlanes;

/// <summary>
/// All control planes of this process but the hosting one. One that nobody asked for since the start is opened by its first request; what it
/// needs stands in the hosting control plane (the ControlPlane object, the Secret <c>k8s-certs</c>) and in its store.
/// </summary>
internal sealed partial class ControlPlaneHost(SharedApi api, ControllerManager controllers, string domain, string serverCaPem)
    : IInProcessHost, IAsyncDisposable
{
    private const string CertificatesSecret = "k8s-certs";

    private readonly ConcurrentDictionary<string, Slot> slots = new(StringComparer.Ordinal);
    private KubeClient? hosting;
    private Places? places;
    private System.Net.IPEndPoint endpoint = new(System.Net.IPAddress.Loopback, 0);

    /// <summary>Completes the wiring once the hosting control plane runs and the port is bound.</summary>
    public void Attach(KubeClient hostingClient, Places known, System.Net.IPEndPoint bound, string url) => (hosting, places, endpoint, ServerUrl) = (hostingClient, known, bound, url);

    /// <summary>How many are open.</summary>
    public int OpenCount => slots.Values.Count(slot => slot.Running is not null);

    public string ServerUrl { get; private set; } = "";

    public InProcessEndpoint Endpoint(string name) => new($"{ServerUrl}/controlplanes/{name}", $"{name}.{domain}", serverCaPem);

    /// <summary>The control plane of that name, opened if need be; null when there is none.</summary>
    public ValueTask<RunningControlPlane?> GetAsync(string name, CancellationToken cancellation) =>
        Find(name) is { } running ? new(running) : new(OpenAsync(name, cancellation));

    /// <summary>The control plane of that name if it is open.</summary>
    public RunningControlPlane? Find(string name) => slots.TryGetValue(name, out var slot) && slot.Running is { Ended: false } running ? running : null;

    public async Task EnsureAsync(string name, string backend, CancellationToken cancellation)
    {
        var record = await RecordAsync(name, cancellation)
            ?? throw new InvalidOperationException($"secret {name}-system/{CertificatesSecret} is missing or incomplete");
        var slot = slots.GetOrAdd(name, _ => new Slot());
        await slot.Gate.WaitAsync(cancellation);
        try
        {
            if (slot.Running is { Ended: false } running && running.Record == record) return;
            await StopAsync(slot);
            // What an undone restore left must not become the new one's content.
            if (await places!.RecordAsync(name, cancellation) is { Where: null }) await FinishLeftoversAsync(name, cancellation);
            slot.Running = await StartAsync(name, await places!.FindAsync(name, backend, cancellation), create: true, record, cancellation);
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    public async Task<string?> CheckAsync(string name, CancellationToken cancellation)
    {
        if (await GetAsync(name, cancellation) is not { } running) return "the control plane is not running";
        try
        {
            await running.Client.GetRawAsync("readyz", cancellation);
            return null;
        }
        catch (Exception e) when (e is KubeApiException or HttpRequestException)
        {
            return e.Message;
        }
    }

    public async Task DeleteAsync(string name, CancellationToken cancellation)
    {
        var slot = slots.GetOrAdd(name, _ => new Slot());
        await slot.Gate.WaitAsync(cancellation);
        try
        {
            await StopAsync(slot);
            var record = await places!.RecordAsync(name, cancellation);
            foreach (var where in (string[])[.. new[] { Places.Shared, Places.Dedicated, record?.Where, record?.Leftover }.OfType<string>().Distinct()])
                await places.RemoveAsync(name, where, cancellation);
            if (record is not null) await places.WriteAsync(name, null, cancellation);
        }
        finally
        {
            slot.Gate.Release();
            slots.TryRemove(name, out _);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var slot in slots.Values)
        {
            await slot.Gate.WaitAsync();
            await StopAsync(slot);
            slot.Gate.Release();
        }
        slots.Clear();
    }

    private async Task<RunningControlPlane?> OpenAsync(string name, CancellationToken cancellation)
    {
        if (hosting is null || await hosting.FindAsync(Resources.ControlPlanes.Named(name), cancellation) is not { } cp) return null;
        // Only what the operator has set up is opened here, and nothing that is going away: opening must never create.
        if (cp["metadata"]?["deletionTimestamp"] is not null || await RecordAsync(name, cancellation) is not { } record) return null;
        var slot = slots.GetOrAdd(name, _ => new Slot());
        await slot.Gate.WaitAsync(cancellation);
        try
        {
            if (slot.Running is { Ended: true }) await StopAsync(slot);
            return slot.Running ??= await StartAsync(name, await places!.FindAsync(name, Places.Shared, cancellation), create: false, record, cancellation);
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    private async Task<RunningControlPlane?> StartAsync(string name, string where, bool create, ControlPlaneRecord record, CancellationToken cancellation)
    {
        if (!create && !await places!.HasAsync(name, where, cancellation)) return null;
        var place = await places!.OpenAsync(name, where, cancellation);
        try
        {
            var store = await place.Datastore.OpenStoreAsync(name, cancellation);
            return await RunningControlPlane.StartAsync(name, store, place, record, api, controllers, endpoint, cancellation);
        }
        catch
        {
            await place.DisposeAsync();
            throw;
        }
    }

    /// <summary>What it starts with, from the hosting control plane; null when it is not set up.</summary>
    public async Task<ControlPlaneRecord?> RecordAsync(string name, CancellationToken cancellation) =>
        hosting is not null && await hosting.FindAsync(Resources.Secrets.In($"{name}-system").Named(CertificatesSecret), cancellation) is { } secret
            ? ControlPlaneRecord.FromSecret(secret) : null;

    private static async Task StopAsync(Slot slot)
    {
        if (slot.Running is not { } running) return;
        slot.Running = null;
        await running.DisposeAsync();
    }

    // One at a time starts, stops or deletes a control plane; requests read Running without waiting.
    private sealed class Slot
    {
        private volatile RunningControlPlane? running;

        public SemaphoreSlim Gate { get; } = new(1, 1);

        public WriteGate Writes { get; } = new();

        public RunningControlPlane? Running
        {
            get => running;
            set => running = value;
        }
    }
}
