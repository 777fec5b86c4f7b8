using KubeFlex.Server.Backup;
using KubeFlex.Server.Routing;
using KubeFlex.Server.Sharing;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Server.Hosting;

/// <summary>The only server on its datastore: it has the hosting control plane from start to end.</summary>
internal sealed class SoleServer : IHostingRole
{
    private readonly HostingTerm term;

    private SoleServer(HostingTerm term, ControlPlaneRouter router) => (this.term, Router) = (term, router);

    public ControlPlaneRouter Router { get; }

    public TenantCertificates? Certificates => null;

    public static async Task<SoleServer> OpenAsync(ServerParts parts, CancellationToken cancellation)
    {
        var store = await parts.Datastore.OpenStoreAsync(HostingSeat.HostingName, cancellation);
        var places = new Places(new PlaceRecords(store), parts.Datastore, parts.Dedicated, new DatastorePool(parts.Warnings.Options));
        var term = await HostingTerm.BeginAsync(parts, store, places, parts.Host, (_, _) => Task.CompletedTask, cancellation);
        parts.Host.Attach(term.Client, places, parts.Bound, parts.Url);
        await parts.Host.RecoverAsync(parts.Logs.CreateLogger("KubeFlex.Server"), cancellation);
        return new(term, new ControlPlaneRouter(parts.Host, term.Hosting, parts.Options.Domain));
    }

    public async Task<IReadOnlyList<(string Name, Task Loop)>> BeginAsync(CancellationToken cancellation)
    {
        await term.PrepareAsync(cancellation);
        return [("operator", term.OperateAsync(cancellation))];
    }

    public ValueTask EndAsync() => term.DisposeAsync();

    public ValueTask DisposeAsync() => term.DisposeAsync();
}
