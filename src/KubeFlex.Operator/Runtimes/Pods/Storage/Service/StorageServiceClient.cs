using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.Operator.Hosting;

namespace KubeFlex.Operator.Runtimes.Pods.Storage.Service;

/// <summary>
/// Over the network, with the certificate in the administrator's secret as it is at that time; through a gateway (<see cref="PodsOptions.ServiceGateway"/>) where
/// names of Services do not resolve: the service's name stays the one that is verified and that leads the connection on.
/// </summary>
internal sealed class StorageServiceClient : IStorageService, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly HostingCluster hosting;
    private readonly ManagedSecrets secrets;
    private readonly string? gateway;
    private readonly HttpClient http;
    private volatile Identity? identity;

    public StorageServiceClient(HostingCluster hosting, ManagedSecrets secrets, string? gateway)
    {
        (this.hosting, this.secrets, this.gateway) = (hosting, secrets, gateway);
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            ConnectTimeout = Patience,
            // A server that has lost its seat is left soon, and renewed certificates are shown.
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            SslOptions = new SslClientAuthenticationOptions
            {
                LocalCertificateSelectionCallback = (_, _, _, _, _) => identity!.Certificate,
                RemoteCertificateValidationCallback = (_, server, chain, errors) => (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) == SslPolicyErrors.None && Trusted(server as X509Certificate2, identity!.Authorities),
            },
        };
        if (gateway is not null) handler.ConnectCallback = ConnectAsync;
        http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan, BaseAddress = new Uri(StorageServiceNames.Url) };
    }

    public async Task CreateAsync(string store, CancellationToken cancellation) => await SendAsync(HttpMethod.Put, store, cancellation);

    public async Task<bool> ExistsAsync(string store, CancellationToken cancellation) => await SendAsync(HttpMethod.Get, store, cancellation);

    public async Task DeleteAsync(string store, CancellationToken cancellation) => await SendAsync(HttpMethod.Delete, store, cancellation);

    public void Dispose() => http.Dispose();

    /// <summary>True when it was done, false when there is no such store.</summary>
    private async Task<bool> SendAsync(HttpMethod method, string store, CancellationToken cancellation)
    {
        await IdentifyAsync(cancellation);
        using var limit = new CancellationTokenSource(Patience, hosting.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        using var request = new HttpRequestMessage(method, $"/stores/{store}") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        try
        {
            using var response = await http.SendAsync(request, both.Token);
            if (response.IsSuccessStatusCode) return true;
            // Put is never answered so; a store that is not there is what a deletion wants.
            if (response.StatusCode == HttpStatusCode.NotFound && method != HttpMethod.Put) return false;
            throw new StorageServiceException($"{StorageServiceNames.Host} answers {(int)response.StatusCode}: {Error(await response.Content.ReadAsStringAsync(both.Token))}");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new StorageServiceException(string.Create(CultureInfo.InvariantCulture, $"{StorageServiceNames.Host} does not answer within {Patience.TotalSeconds:0} seconds"));
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new StorageServiceException($"{StorageServiceNames.Host} does not answer: {e.Message}", e);
        }
    }

    private async Task IdentifyAsync(CancellationToken cancellation)
    {
        var version = secrets.ValueHash(SecretPlace.System, StorageServiceNames.AdministratorSecret, StorageServiceNames.Certificate);
        if (version is not null && identity?.Version == version) return;
        var values = version is null ? null : await secrets.ReadAsync(SecretPlace.System, StorageServiceNames.AdministratorSecret, cancellation);
        try
        {
            if (values is not null && values.TryGetValue(StorageServiceNames.Certificate, out var certificate) && values.TryGetValue(StorageServiceNames.Key, out var key)
                && values.TryGetValue(StorageServiceNames.Trust, out var trust))
            {
                using var pem = X509Certificate2.CreateFromPem(certificate, key);
                var authorities = new X509Certificate2Collection();
                authorities.ImportFromPem(trust);
                // Some platforms' TLS takes only keys that come this way. The former identity may be in the hands of a handshake.
                identity = new Identity(version!, X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null), authorities);
                return;
            }
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            // Damaged: it is made anew.
        }
        throw new StorageServiceException($"secret \"{StorageServiceNames.AdministratorSecret}\" in namespace \"{Names.SystemNamespace}\" is being made");
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var colon = gateway!.LastIndexOf(':');
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(new DnsEndPoint(gateway[..colon].Trim('[', ']'), int.Parse(gateway[(colon + 1)..], CultureInfo.InvariantCulture)), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static bool Trusted(X509Certificate2? server, X509Certificate2Collection authorities)
    {
        if (server is null) return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1"));
        return chain.Build(server);
    }

    private static string Error(string body)
    {
        try
        {
            return (string?)JsonNode.Parse(body)?["error"] ?? body;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return body;
        }
    }

    private sealed record Identity(string Version, X509Certificate2 Certificate, X509Certificate2Collection Authorities);
}
