using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KubeFlex.Etcd.Http2;
using Microsoft.AspNetCore.Builder;
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

    private EtcdListener(WebApplication app, EtcdFace face, string url) => (this.app, this.face, Url) = (app, face, url);

    /// <summary>Where it answers.</summary>
    public string Url { get; }

    /// <summary>
    /// Starts listening; an address that cannot be had is an <see cref="IOException"/>. <paramref name="handler"/> answers in the face's place, and
    /// passes on to it what is the face's.
    /// </summary>
    public static async Task<EtcdListener> StartAsync(EtcdFace face, EtcdEndpoint endpoint, Action<ILoggingBuilder> logging, CancellationToken cancellation, RequestDelegate? handler = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "KubeFlex.Etcd" });
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(5));
        logging(builder.Logging);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        // Frames are read where the socket woke us, and answers leave where they were written: two hops between threads less per request. Calls start on
        // threads of their own all the same.
        builder.WebHost.UseSockets(o => o.UnsafePreferInlineScheduling = true);
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.AddServerHeader = false;
            // Streams may be silent for hours; peers that are gone are found by pings.
            k.Limits.MinRequestBodyDataRate = null;
            k.Limits.MinResponseDataRate = null;
            k.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
            k.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
            k.Limits.MaxConcurrentConnections = Connections;
            k.Limits.Http2.MaxStreamsPerConnection = 4096;
            k.Limits.Http2.InitialConnectionWindowSize = 4 << 20;
            k.Listen(endpoint.Address, l =>
            {
                l.Protocols = HttpProtocols.Http2;
                if (endpoint.Tls is { } tls) l.UseHttps(Tls(tls));
                else if (endpoint.Certificate is { } certificate) l.UseHttps(Tls(() => new(certificate, endpoint.ClientAuthorities)));
                else l.AcceptAnyAuthority();
            });
        });
        var app = builder.Build();
        app.Run(handler ?? face.HandleAsync);
        try
        {
            await app.StartAsync(cancellation);
        }
        catch (Exception e)
        {
            await app.DisposeAsync();
            if (e is SocketException) throw new IOException($"cannot listen on {endpoint.Address}: {e.Message}", e);
            throw;
        }
        // Kestrel's name for a socket is nobody else's.
        var url = endpoint.Address is UnixDomainSocketEndPoint socket ? "unix://" + Path.GetFullPath(socket.ToString())
            : app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new(app, face, url);
    }

    /// <summary>Ends streams, finishes calls, stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        face.Stop();
        await app.StopAsync();
        await app.DisposeAsync();
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
