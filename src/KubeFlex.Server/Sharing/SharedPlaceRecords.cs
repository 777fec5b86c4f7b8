using KubeFlex.Runtime.Client;
using KubeFlex.Server.Backup;
using KubeFlex.Storage;

namespace KubeFlex.Server.Sharing;

/// <summary>The records of places, which stand in the hosting control plane's store, wherever that is.</summary>
internal sealed class SharedPlaceRecords(HostingSeat seat, Peers peers, Owners owners) : IPlaceRecords
{
    public Store Store => seat.Term?.Store ?? throw new StorageException(StorageFailure.NotOwner, "the hosting control plane is with another server");

    public async ValueTask<byte[]?> GetAsync(string name, CancellationToken cancellation)
    {
        if (seat.Term is { } here) return (await here.Store.ViewAsync(cancellation)).Get(Places.Key(name))?.Value;
        var owner = await owners.FindOtherAsync(HostingSeat.HostingName, cancellation)
            ?? throw new HttpRequestException("no server runs the hosting control plane at the moment");
        try
        {
            return await peers.AskAsync(owner, name, PeerTasks.Place, cancellation) is { Length: > 0 } record ? record : null;
        }
        catch (Exception e) when (e is KubeApiException or HttpRequestException)
        {
            owners.Forget(HostingSeat.HostingName);
            throw;
        }
    }
}
