using KubeFlex.Operator.Runtimes;
using KubeFlex.Runtime.Client;
using KubeFlex.Server.Backup;
using KubeFlex.Server.ControlPlanes;
using KubeFlex.Storage;

namespace KubeFlex.Server.Sharing;

/// <summary>
/// The operator's hands when several servers share the database: each control plane is made, looked at and deleted by the server that has it. One that
/// nobody has yet goes to the server that <see cref="Rendezvous"/> names.
/// </summary>
internal sealed class SharedControlPlanes(ControlPlaneHost local, Peers peers, Owners owners, TimeProvider time) : IInProcessHost
{
    public InProcessEndpoint Endpoint(string name) => local.Endpoint(name);

    public async Task EnsureAsync(string name, string backend, CancellationToken cancellation)
    {
        if (await ElsewhereAsync(name, cancellation) is { } server) await peers.AskAsync(server, name, PeerTasks.Ensure(backend), cancellation);
        else await HereAsync(name, () => local.EnsureAsync(name, backend, cancellation));
    }

    public async Task<string?> CheckAsync(string name, CancellationToken cancellation)
    {
        if (await ElsewhereAsync(name, cancellation) is not { } server)
        {
            string? answer = null;
            await HereAsync(name, async () => answer = await local.CheckAsync(name, cancellation));
            return answer;
        }
        try
        {
            await peers.AskAsync(server, name, PeerTasks.Check, cancellation);
            return null;
        }
        catch (Exception e) when (e is KubeApiException or HttpRequestException)
        {
            return e.Message;
        }
    }

    public async Task DeleteAsync(string name, CancellationToken cancellation)
    {
        // Nobody opens again what is being deleted.
        await HandOverAsync(name, cancellation);
        await HereAsync(name, () => local.DeleteAsync(name, cancellation));
    }

    /// <summary>Has the others hand a control plane over, and opens it here; with null all of them.</summary>
    public async Task BringAsync(string? name, Store hostingStore, CancellationToken cancellation)
    {
        var names = name is null ? HostingObjects.Names(await hostingStore.ViewAsync(cancellation)).ToList() : [name];
        foreach (var one in names)
        {
            if (local.Find(one) is not null || !Others().Any()) continue;
            await HandOverAsync(one, cancellation);
            for (var tries = 1; ; tries++)
            {
                try
                {
                    await local.GetAsync(one, cancellation);
                    break;
                }
                catch (StorageException e) when (e.Failure == StorageFailure.NotOwner && tries < 10)
                {
                    // What we knew of it was old.
                    await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellation);
                }
            }
        }
    }

    /// <summary>All others are asked: who has one in a database of its own is not written in ours.</summary>
    private async Task HandOverAsync(string name, CancellationToken cancellation)
    {
        if (local.Find(name) is not null) return;
        foreach (var other in Others()) await peers.AskAsync(other, name, PeerTasks.Close, cancellation);
        owners.Forget(name);
    }

    private IEnumerable<StoreOwner> Others() => peers.Members.Where(member => member.Url != peers.Self.Url);

    /// <summary>The other server that has it or shall have it; null when that is this one.</summary>
    private async ValueTask<StoreOwner?> ElsewhereAsync(string name, CancellationToken cancellation)
    {
        if (local.Find(name) is not null) return null;
        var server = await owners.FindOtherAsync(name, cancellation) ?? Rendezvous.Choose(peers.Members, name);
        return server is null || server.Url == peers.Self.Url ? null : server;
    }

    private async Task HereAsync(string name, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (StorageException e) when (e.Owner is { } other)
        {
            // The next try goes there.
            owners.Remember(name, other);
            throw;
        }
    }
}
