using System.Collections.Concurrent;
using KubeFlex.ApiServer;
using KubeFlex.Controllers;
using KubeFlex.Operator.Runtimes;
using KubeFlex.Runtime.Client;
using KubeFlex.Server.Data;
using KubeFlex.Storage;

namespace KubeFlex.Server.ControlPlanes;

/// <summary>
/// All control planes of this process but the hosting one. One that nobody asked for since the start is opened by its first request; what it
/// needs stands in the hosting control plane (the ControlPlane object, the Secret <c>k8s-certs</c>) and in its store.
/// </summary>
internal sealed class ControlPlaneHost(Datastore shared, IDedicatedDatastores dedicatedStores, DatastoreWarnings warnings, SharedApi api, ControllerManager controllers, string domain, string serverCaPem)
    : IInProcessHost, IAsyncDisposable
{
    private const string CertificatesSecret = "k8s-certs";

    private readonly ConcurrentDictionary<string, Slot> slots = new(StringComparer.Ordinal);
    private KubeClient? hosting;
    private System.Net.IPEndPoint endpoint = new(System.Net.IPAddress.Loopback, 0);

    /// <summary>Completes the wiring once the hosting control plane runs and the port is bound.</summary>
    public void Attach(KubeClient hostingClient, System.Net.IPEndPoint bound) => (hosting, endpoint) = (hostingClient, bound);

    /// <summary>How many are open.</summary>
    public int OpenCount => slots.Values.Count(slot => slot.Running is not null);

    public string ServerUrl => $"https://{(endpoint.Address.Equals(System.Net.IPAddress.Any) || endpoint.Address.Equals(System.Net.IPAddress.IPv6Any)
        ? new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, endpoint.Port) : endpoint)}";

    public InProcessEndpoint Endpoint(string name) => new($"{ServerUrl}/controlplanes/{name}", $"{name}.{domain}", serverCaPem);

    /// <summary>The control plane of that name, opened if need be; null when there is none.</summary>
    public ValueTask<RunningControlPlane?> GetAsync(string name, CancellationToken cancellation) =>
        slots.TryGetValue(name, out var slot) && slot.Running is { } running ? new(running) : new(OpenAsync(name, cancellation));

    public async Task EnsureAsync(string name, string backend, CancellationToken cancellation)
    {
        var record = await RecordAsync(name, cancellation)
            ?? throw new InvalidOperationException($"secret {name}-system/{CertificatesSecret} is missing or incomplete");
        var slot = slots.GetOrAdd(name, _ => new Slot());
        await slot.Gate.WaitAsync(cancellation);
        try
        {
            if (slot.Running is { } running && running.Record == record) return;
            await StopAsync(slot);
            var dedicated = await Datastore.ExistsAsync(dedicatedStores.Of(name), cancellation) || backend == "dedicated" && !(await shared.ListStoresAsync(cancellation)).Contains(name);
            slot.Running = await StartAsync(name, dedicated, record, cancellation);
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
            await shared.DeleteStoreAsync(name, cancellation);
            await Datastore.DropAsync(dedicatedStores.Of(name), cancellation);
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
        var dedicated = await Datastore.ExistsAsync(dedicatedStores.Of(name), cancellation);
        if (!dedicated && !(await shared.ListStoresAsync(cancellation)).Contains(name)) return null;
        var slot = slots.GetOrAdd(name, _ => new Slot());
        await slot.Gate.WaitAsync(cancellation);
        try
        {
            return slot.Running ??= await StartAsync(name, dedicated, record, cancellation);
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    private async Task<RunningControlPlane> StartAsync(string name, bool dedicated, ControlPlaneRecord record, CancellationToken cancellation)
    {
        var own = dedicated ? await OpenOwnAsync(dedicatedStores.Of(name), cancellation) : null;
        try
        {
            var store = await (own ?? shared).OpenStoreAsync(name, cancellation);
            return await RunningControlPlane.StartAsync(name, store, own, record, api, controllers, endpoint, cancellation);
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

    private async Task<ControlPlaneRecord?> RecordAsync(string name, CancellationToken cancellation) =>
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

        public RunningControlPlane? Running
        {
            get => running;
            set => running = value;
        }
    }
}
