using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KubeFlex.Etcd.Http2;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Etcd;

/// <summary>Where and how to listen.</summary>
/// <param name="Address">Address and port (port 0 takes a free one), or a unix socket.</param>
/// <param name="Certificate">The server's certificate with its key; null for no TLS.</param>
/// <param name="ClientAuthorities">With TLS: every client needs a certificate of one of these.</param>
public sealed record EtcdEndpoint(EndPoint Address, X509Certificate2? Certificate = null, X509Certificate2Collection? ClientAuthorities = null)
{
    /// <summary>In place of the two above: asked at every handshake, so that renewed ones count without a restart. Must be quick, and must not throw.</summary>
    public Func<EtcdTls>? Tls { get; init; }
}

/// <summary>What a TLS handshake goes by.</summary>
/// <param name="Certificate">The server's certificate with its key.</param>
/// <param name="ClientAuthorities">Every client needs a certificate of one of these; null when clients need none.</param>
public sealed record EtcdTls(X509Certificate2 Certificate, X509Certificate2Collection? ClientAuthorities);

/// <summary>An HTTP/2 server with a face and nothing else.</summary>
public sealed class EtcdListener : IAsyncDisposable
{
    /// <summary>Past these new ones are closed at once; a connection carries thousands of streams.</summary>
    private const int Connections = 10_000;

    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly WebApplication app;
    private readonly EtcdFace face;
    private readonly Http2Server server;

    private EtcdListener(WebApplication app, EtcdFace face, Http2Server server, string url) => (this.app, this.face, this.server, Url) = (app, face, server, url);

    /// <summary>Where it answers.</summary>
    public string Url { get; }

    /// <summary>
    /// Starts listening; an address that cannot be had is an <see cref="IOException"/>. <paramref name="others"/> answers requests that are no gRPC calls in the face's place, and
    /// passes on to <see cref="EtcdFace.HandleAsync"/> what is the face's; their body is at most 1 MiB, and their answer is sent whole. <paramref name="observer"/> hears of all requests.
    /// </summary>
    public static async Task<EtcdListener> StartAsync(
        EtcdFace face, EtcdEndpoint endpoint, Action<ILoggingBuilder> logging, CancellationToken cancellation, RequestDelegate? others = null, IRequestObserver? observer = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "KubeFlex.Etcd" });
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(5));
        logging(builder.Logging);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.WebHost.UseSockets(o =>
        {
            // Frames are read where the socket woke us, and answers leave where they were written: two hops between threads less per request.
            o.UnsafePreferInlineScheduling = true;
            // A buffer for each idle connection costs less than a system call for each request.
            o.WaitForDataBeforeAllocatingBuffer = false;
        });
        var server = new Http2Server(face.Endpoint, others ?? face.HandleAsync, observer, face.Time, face.Logger);
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.Limits.MaxConcurrentConnections = Connections;
            k.Listen(endpoint.Address, l =>
            {
                l.Protocols = HttpProtocols.Http2;
                if (endpoint.Tls is { } tls) l.UseHttps(Tls(tls));
                else if (endpoint.Certificate is { } certificate) l.UseHttps(Tls(() => new(certificate, endpoint.ClientAuthorities)));
                // Kestrel's own HTTP comes behind this, and nothing comes to it.
                l.Run(server.RunAsync);
            });
        });
        var app = builder.Build();
        try
        {
            await app.StartAsync(cancellation);
        }
        catch (Exception e)
        {
            await app.DisposeAsync();
            await server.DisposeAsync();
            if (e is SocketException) throw new IOException($"cannot listen on {endpoint.Address}: {e.Message}", e);
            throw;
        }
        // Kestrel's name for a socket is nobody else's.
        var url = endpoint.Address is UnixDomainSocketEndPoint socket ? "unix://" + Path.GetFullPath(socket.ToString())
            : app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new(app, face, server, url);
    }

    /// <summary>Ends streams, finishes calls, stops listening: after five seconds at the latest.</summary>
    public async ValueTask DisposeAsync()
    {
        face.Stop();
        await app.StopAsync();
        await app.DisposeAsync();
        await server.DisposeAsync();
    }

    private static HttpsConnectionAdapterOptions Tls(Func<EtcdTls> current) => new()
    {
        ServerCertificateSelector = (_, _) => current().Certificate,
        HandshakeTimeout = TimeSpan.FromSeconds(10),
        ClientCertificateMode = current().ClientAuthorities is null ? ClientCertificateMode.NoCertificate : ClientCertificateMode.RequireCertificate,
        ClientCertificateValidation = (client, presented, _) => current().ClientAuthorities is { } authorities && Trusted(client, presented, authorities),
    };

    private static bool Trusted(X509Certificate2 client, X509Chain? presented, X509Certificate2Collection authorities)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        // Intermediates come with the handshake.
        if (presented is not null) chain.ChainPolicy.ExtraStore.AddRange(presented.ChainElements.Skip(1).Select(element => element.Certificate).ToArray());
        return chain.Build(client);
    }
}
