using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using KubeFlex.Server.ControlPlanes;
using KubeFlex.Server.Identity;
using KubeFlex.Server.Routing;
using KubeFlex.Server.Sharing;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace KubeFlex.Server.Hosting;

/// <summary>
/// One port, many certificates: a client that names a control plane gets that one's certificate. Client certificates are asked for but not
/// judged here, because which authority counts is known only when the request's path is: each control plane's authentication judges them.
/// </summary>
internal sealed class TlsSelection(ServerIdentity identity, ControlPlaneHost host, ControlPlaneRouter router, TenantCertificates? shared)
{
    public async ValueTask<SslServerAuthenticationOptions> SelectAsync(TlsHandshakeCallbackContext context)
    {
        if (router.NameOf(context.ClientHelloInfo.ServerName) is not { } name) return Options(identity.Certificate);
        if (shared is not null) return Options(await shared.FindAsync(name, context.CancellationToken) ?? identity.Certificate);
        var running = await host.GetAsync(name, context.CancellationToken);
        return Options(running?.Certificate ?? identity.Certificate);
    }

    // Kestrel sets the protocols on what it gets, so each connection has options of its own.
    [SuppressMessage("Security", "CA5359", Justification = "Judged per control plane by its authentication; see above.")]
    private static SslServerAuthenticationOptions Options(SslStreamCertificateContext certificate) => new()
    {
        ServerCertificateContext = certificate,
        ClientCertificateRequired = true,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = (_, _, _, _) => true,
    };
}
