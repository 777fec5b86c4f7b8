using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Pods;

/// <summary>
/// Stands for Services, ingress and the API servers behind them. A connection shows by its TLS server name which control plane it is for; it gets the
/// serving certificate that the operator (or k3s, or vcluster) made for that one, must show a client certificate of its authority, and then speaks to a real
/// API: a control plane of the shared server, one for all of them, since making one for each would cost more than it shows. What is for the storage service goes
/// there as it is: it ends TLS itself.
/// </summary>
internal sealed class TenantGateway : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<string, Lazy<Task<TenantIdentity>>> identities = new();
    private readonly Lazy<Task<Backend>> backend;
    private readonly KubeApi api;
    private readonly TestServer server;
    private readonly Func<int> storagePort;

    public TenantGateway(KubeApi api, TestServer server, Func<int> storagePort)
    {
        (this.api, this.server, this.storagePort) = (api, server, storagePort);
        backend = new Lazy<Task<Backend>>(StartAsync);
        listener.Start();
    }

    public string Address => $"127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

    /// <summary>The control plane's API answers from now on.</summary>
    public async Task ServeAsync(string controlPlane, string workload)
    {
        await backend.Value;
        await identities.GetOrAdd(controlPlane, name => new Lazy<Task<TenantIdentity>>(() => workload switch
        {
            "vcluster" => TenantIdentities.OfVClusterAsync(api, name),
            "k3s-server" => Task.FromResult(TenantIdentities.OfK3s(api, name)),
            _ => Task.FromResult(TenantIdentities.OfK8s(api, name)),
        })).Value;
    }

    public async Task RunAsync(CancellationToken cancellation)
    {
        using var stopping = cancellation.Register(listener.Stop);
        var connections = new List<Task>();
        try
        {
            while (true) connections.Add(ConnectAsync(await listener.AcceptTcpClientAsync(cancellation), cancellation));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections);
        }
    }

    public async ValueTask DisposeAsync()
    {
        listener.Dispose();
        if (backend.IsValueCreated) (await backend.Value).Certificate.Dispose();
    }

    private async Task<Backend> StartAsync()
    {
        var kubeconfig = await server.CreateControlPlaneAsync("pods-behind");
        var lines = await File.ReadAllLinesAsync(kubeconfig);
        string Field(string name) => lines.Last(l => l.Contains(name + ":", StringComparison.Ordinal)).Split(':', 2)[1].Trim();
        string Pem(string name) => Encoding.UTF8.GetString(Convert.FromBase64String(Field(name)));
        using var pem = X509Certificate2.CreateFromPem(Pem("client-certificate-data"), Pem("client-key-data"));
        var certificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(Pem("certificate-authority-data"));
        return new Backend(Field("tls-server-name").Trim('"'), certificate, authorities);
    }

    private async Task ConnectAsync(TcpClient client, CancellationToken cancellation)
    {
        using var _ = client;
        try
        {
            if (await IsForStorageAsync(client, cancellation))
            {
                using var storage = new TcpClient();
                await storage.ConnectAsync(IPAddress.Loopback, storagePort(), cancellation);
                await Task.WhenAny(client.GetStream().CopyToAsync(storage.GetStream(), cancellation), storage.GetStream().CopyToAsync(client.GetStream(), cancellation));
                return;
            }
            X509Certificate2Collection? authorities = null;
            await using var front = new SslStream(client.GetStream());
            await front.AuthenticateAsServerAsync(async (_, hello, _, token) =>
            {
                var identity = identities.TryGetValue(ControlPlaneOf(hello.ServerName), out var found) ? await found.Value : throw new AuthenticationException($"nothing serves {hello.ServerName}");
                (var serving, authorities) = await identity(hello.ServerName, token);
                return new SslServerAuthenticationOptions
                {
                    ServerCertificate = serving,
                    ClientCertificateRequired = true,
                    RemoteCertificateValidationCallback = (_, certificate, _, _) => IsOf(certificate as X509Certificate2, authorities),
                };
            }, null, cancellation);

            using var target = new TcpClient();
            var url = new Uri(server.Url);
            await target.ConnectAsync(url.Host, url.Port, cancellation);
            var (name, administrator, trusted) = await backend.Value;
            await using var back = new SslStream(target.GetStream(), false, (_, certificate, _, errors) =>
                (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) == SslPolicyErrors.None && IsOf(certificate as X509Certificate2, trusted));
            await back.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = name, ClientCertificates = [administrator] }, cancellation);
            await Task.WhenAny(front.CopyToAsync(back, cancellation), back.CopyToAsync(front, cancellation));
        }
        catch (Exception e) when (e is IOException or AuthenticationException or OperationCanceledException or SocketException or HttpRequestException)
        {
            // The other side went, or has no business here: its own error says so.
        }
    }

    /// <summary>Looks into the ClientHello (RFC 8446, 4.1.2), where the server's name stands in clear, without taking it.</summary>
    private static async Task<bool> IsForStorageAsync(TcpClient client, CancellationToken cancellation)
    {
        var seen = new byte[16 << 10];
        while (true)
        {
            var length = await client.Client.ReceiveAsync(seen, SocketFlags.Peek, cancellation);
            // A record's header has five bytes, the last two are the length of the rest.
            if (length == 0 || (length >= 5 && length >= 5 + (seen[3] << 8 | seen[4]))) return seen.AsSpan(0, length).IndexOf("kubeflex-storage.kubeflex-system.svc"u8) >= 0;
            await Task.Delay(1, cancellation);
        }
    }

    /// <summary>cp1.cp1-system.svc.cluster.local, vcluster.cp1-system, k3s.cp1-system.svc or cp1.localtest.me.</summary>
    private static string ControlPlaneOf(string host)
    {
        var labels = host.Split('.');
        return labels.Length > 1 && labels[1].EndsWith("-system", StringComparison.Ordinal) ? labels[1][..^"-system".Length] : labels[0];
    }

    private static bool IsOf(X509Certificate2? certificate, X509Certificate2Collection? authorities)
    {
        if (certificate is null || authorities is null) return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }

    /// <param name="ServerName">Name of the real control plane.</param>
    /// <param name="Certificate">Its administrator.</param>
    /// <param name="Authorities">Its authorities.</param>
    private sealed record Backend(string ServerName, X509Certificate2 Certificate, X509Certificate2Collection Authorities);
}
