using KubeFlex.Storage;

namespace KubeFlex.Server.ControlPlanes;

/// <summary>Control planes that go to other servers.</summary>
internal sealed partial class ControlPlaneHost
{
    /// <summary>Another server has taken a store over: what was served from it ends.</summary>
    public async Task DropAsync(Store store)
    {
        if (!slots.TryGetValue(store.Name, out var slot)) return;
        await slot.Gate.WaitAsync();
        try
        {
            // Opened again in the meantime it has another store.
            if (slot.Running is { } running && running.Store == store) await StopAsync(slot);
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    /// <summary>Stops serving it; its store stays open.</summary>
    public async Task CloseAsync(string name, CancellationToken cancellation)
    {
        if (!slots.TryGetValue(name, out var slot)) return;
        await slot.Gate.WaitAsync(cancellation);
        try
        {
            await StopAsync(slot);
        }
        finally
        {
            slot.Gate.Release();
        }
    }
}
