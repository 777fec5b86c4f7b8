using KubeFlex.Server.InProcess;
using KubeFlex.Storage;

namespace KubeFlex.Server.Sharing;

/// <summary>The server's own client of the hosting control plane, wherever that is: in this process, or by HTTP with the server that has it.</summary>
internal sealed class HostingHandler(HostingSeat seat, Peers peers, Owners owners, Func<string> adminCertificate) : HttpMessageHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (seat.Term is { } here) return await here.Requests.SendAsync(request, cancellationToken);
        StoreOwner? owner;
        try
        {
            owner = await owners.FindOtherAsync(HostingSeat.HostingName, cancellationToken);
        }
        catch (StorageException e)
        {
            throw new HttpRequestException(e.Public, e);
        }
        if (owner is null)
        {
            seat.Nudge();
            throw new HttpRequestException("no server runs the hosting control plane at the moment");
        }
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, peers.LifeOf(owner.Url));
        try
        {
            request.RequestUri = new Uri(owner.Url + request.RequestUri!.PathAndQuery);
            request.Headers.Remove(PeerHeaders.ControlPlane);
            request.Headers.Add(PeerHeaders.ControlPlane, PeerHeaders.Hosting);
            request.Headers.Remove(PeerHeaders.Certificate);
            request.Headers.Add(PeerHeaders.Certificate, adminCertificate());
            var response = await peers.SendAsync(request, stop.Token);
            if (!response.Headers.Contains(PeerHeaders.Refused)) return response;
            response.Dispose();
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            owners.Forget(HostingSeat.HostingName);
            seat.Nudge();
            throw new HttpRequestException("the server that has the hosting control plane does not answer", e);
        }
        owners.Forget(HostingSeat.HostingName);
        seat.Nudge();
        throw new HttpRequestException("the hosting control plane is on its way to another server");
    }
}
