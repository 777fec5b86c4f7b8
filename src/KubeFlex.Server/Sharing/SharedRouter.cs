using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Objects;
using KubeFlex.Runtime.Client;
using KubeFlex.Server.ControlPlanes;
using KubeFlex.Storage;
using Microsoft.AspNetCore.Http;

namespace KubeFlex.Server.Sharing;

/// <summary>
/// Who answers a request when several servers share the database: this one, if it has the control plane's store or nobody has it; else the one that
/// has it. What another server handed over is served here or refused, never handed on, so requests do not go round in circles.
/// While nobody can answer, because an owner has just died, a request whose body was not read yet waits for the next owner.
/// </summary>
internal sealed class SharedRouter(ControlPlaneHost host, HostingSeat seat, PeerIdentity identity, Owners owners, Forwarder forwarder, PeerTasks tasks, TimeProvider time)
{
    /// <summary>Longer than a dead server's lease and the taking over.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Whether the request comes from another server; before anything else looks at it. Everybody else's words of that kind are dropped.</summary>
    public PeerRequest? Accept(HttpContext http) => identity.Accept(http);

    /// <summary>Answers a request for a control plane; <paramref name="name"/> is null for the hosting one.</summary>
    public async Task HandleAsync(HttpContext http, string? name)
    {
        var peer = http.Features.Get<PeerRequest>();
        if (peer?.Task is { } task)
        {
            await tasks.HandleAsync(http, peer.ControlPlane, task);
            return;
        }
        var began = time.GetTimestamp();
        try
        {
            while (!await (name is null ? TryHostingAsync(http, peer is not null) : TryAsync(http, name, peer is not null)))
            {
                if (peer is not null || time.GetElapsedTime(began) > Patience)
                {
                    await Refusal.WriteAsync(http, Refusal.NotNow($"{(name is null ? "the hosting control plane" : $"control plane \"{name}\"")} is with no server at the moment: try again"), peer is not null);
                    return;
                }
                await Task.Delay(Pause, time, http.RequestAborted);
            }
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client went away.
        }
    }

    private async Task<bool> TryHostingAsync(HttpContext http, bool fromPeer)
    {
        if (seat.Running is { } here)
        {
            await here.Api.HandleAsync(http);
            return true;
        }
        try
        {
            if (!fromPeer && await owners.FindOtherAsync(HostingSeat.HostingName, http.RequestAborted) is { } owner && await ForwardAsync(http, HostingSeat.HostingName, PeerHeaders.Hosting, owner)) return true;
        }
        catch (StorageException)
        {
            // The database is away; it may be back in a moment.
        }
        seat.Nudge();
        return false;
    }

    private async Task<bool> TryAsync(HttpContext http, string name, bool fromPeer)
    {
        try
        {
            if (host.Find(name) is null)
            {
                if (!fromPeer && await owners.FindOtherAsync(name, http.RequestAborted) is { } owner) return await ForwardAsync(http, name, name, owner);
                if (tasks.IsHandedOver(name)) return false;
                if (await host.GetAsync(name, http.RequestAborted) is not { } opened) return await NoneAsync(http, name);
                if (opened.Ended) return false;
            }
            return await host.TryHandleAsync(name, http) || await NoneAsync(http, name);
        }
        catch (StorageException e) when (!http.Response.HasStarted)
        {
            if (fromPeer || e.Owner is not { } other || !owners.Remember(name, other)) return false;
            return await ForwardAsync(http, name, name, other);
        }
        catch (Exception e) when (e is KubeApiException or HttpRequestException && !http.Response.HasStarted)
        {
            // The hosting control plane, where it is written what to open, is away itself.
            seat.Nudge();
            return false;
        }
    }

    private static async Task<bool> NoneAsync(HttpContext http, string name)
    {
        await Refusal.WriteAsync(http, ApiError.NotFound(new GroupResource("tenancy.kflex.kubestellar.org", "controlplanes"), name));
        return true;
    }

    private async Task<bool> ForwardAsync(HttpContext http, string store, string controlPlane, StoreOwner owner)
    {
        var taken = await forwarder.TryAsync(http, controlPlane, owner.Url);
        if (taken) owners.Confirm(store, owner);
        else owners.Forget(store);
        return taken;
    }
}
