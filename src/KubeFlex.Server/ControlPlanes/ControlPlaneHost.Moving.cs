using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using KubeFlex.Runtime.Client;
using KubeFlex.Server.Backup;
using KubeFlex.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Server.ControlPlanes;

/// <summary>Control planes whose stores are replaced or moved under them.</summary>
internal sealed partial class ControlPlaneHost
{
    private readonly ConcurrentDictionary<string, bool> moving = new(StringComparer.Ordinal);

    /// <summary>Hands a request to its control plane, a write only while writes are not held; false when there is none.</summary>
    public async Task<bool> TryHandleAsync(string name, HttpContext http)
    {
        if (await GetAsync(name, http.RequestAborted) is not { } running) return false;
        var method = http.Request.Method;
        if (HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method) || !slots.TryGetValue(name, out var slot))
        {
            await running.Api.HandleAsync(http);
            return true;
        }
        try
        {
            await slot.Writes.EnterAsync(http.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // The client went away while it waited.
            return true;
        }
        try
        {
            // What it waited for may have been the control plane's move.
            if (await GetAsync(name, http.RequestAborted) is not { } now) return false;
            await now.Api.HandleAsync(http);
            return true;
        }
        finally
        {
            slot.Writes.Leave();
        }
    }

    /// <summary>Nobody else starts, stops, moves or deletes the control plane meanwhile.</summary>
    public async Task<T> HoldAsync<T>(string name, Func<Held, Task<T>> work, CancellationToken cancellation)
    {
        var slot = slots.GetOrAdd(name, _ => new Slot());
        await slot.Gate.WaitAsync(cancellation);
        try
        {
            return await work(new Held(this, name, slot));
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    /// <summary>The right to move or replace the control plane's store, until it is disposed; a conflict while somebody else has it.</summary>
    public IDisposable BeginMove(string name) =>
        moving.TryAdd(name, true) ? new Move(this, name) : throw BackupFailure.Conflict($"control plane \"{name}\" is being moved or restored already");

    /// <summary>Brings former certificates back; the operator makes everything else that depends on them.</summary>
    public Task ReplaceCertificatesAsync(string name, JsonObject data, CancellationToken cancellation) =>
        hosting!.PatchAsync(Resources.Secrets.In($"{name}-system").Named(CertificatesSecret), PatchKind.Merge, new JsonObject { ["data"] = data.DeepClone() }, cancellation);

    /// <summary>Removes what a migration or an undone restore left; nothing happens when there is nothing.</summary>
    public async Task FinishLeftoversAsync(string name, CancellationToken cancellation)
    {
        if (await places!.RecordAsync(name, cancellation) is not { Leftover: { } leftover } place) return;
        await places.RemoveAsync(name, leftover, cancellation);
        await places.WriteAsync(name, place with { Leftover = null }, cancellation);
    }

    /// <summary>Undoes or finishes what a crash interrupted; before the first request.</summary>
    public async Task RecoverAsync(ILogger logger, CancellationToken cancellation)
    {
        foreach (var (name, place) in await places!.UnfinishedAsync(cancellation))
        {
            if (await TryFinishLeftoversAsync(name) is { } why) LeftoverStays(logger, name, Places.Shown(place.Leftover!), why);
        }
    }

    /// <summary>The same where it may fail: then why.</summary>
    public async Task<string?> TryFinishLeftoversAsync(string name)
    {
        try
        {
            await FinishLeftoversAsync(name, CancellationToken.None);
            return null;
        }
        catch (Exception e) when (e is StorageException or IOException)
        {
            return e.Message;
        }
    }

    [LoggerMessage(120, LogLevel.Warning, "A copy of control plane {Name} that is no longer used remains in {Place} for now: {Why}")]
    private static partial void LeftoverStays(ILogger logger, string name, string place, string why);

    private sealed class Move(ControlPlaneHost host, string name) : IDisposable
    {
        public void Dispose() => host.moving.TryRemove(name, out _);
    }

    /// <summary>A control plane that is held.</summary>
    internal sealed class Held
    {
        private readonly ControlPlaneHost host;
        private readonly string name;
        private readonly Slot slot;

        internal Held(ControlPlaneHost host, string name, object slot) => (this.host, this.name, this.slot) = (host, name, (Slot)slot);

        public WriteGate Writes => slot.Writes;

        public Task StopAsync() => ControlPlaneHost.StopAsync(slot);

        /// <summary>Opens it where it is now.</summary>
        public async Task StartAsync()
        {
            if (await host.RecordAsync(name, CancellationToken.None) is not { } record) return;
            slot.Running = await host.StartAsync(name, await host.places!.FindAsync(name, Places.Shared, CancellationToken.None), create: false, record, CancellationToken.None);
        }
    }
}
