using KubeFlex.Server.Routing;
using KubeFlex.Server.Sharing;

namespace KubeFlex.Server.Hosting;

/// <summary>How this server comes by the hosting control plane: it is the only one, or one of several.</summary>
internal interface IHostingRole : IAsyncDisposable
{
    /// <summary>The way of requests.</summary>
    ControlPlaneRouter Router { get; }

    /// <summary>Serving certificates, where control planes may be with other servers.</summary>
    TenantCertificates? Certificates { get; }

    /// <summary>Begins, once the port answers. Completes when control planes can be created; the loops it answers go on until cancelled.</summary>
    Task<IReadOnlyList<(string Name, Task Loop)>> BeginAsync(CancellationToken cancellation);

    /// <summary>Ends what would keep requests going, once the loops have ended.</summary>
    ValueTask EndAsync();
}
