using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using KubeFlex.Etcd;
using KubeFlex.Runtime.Certificates;
using KubeFlex.Storage;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Server.Processes;

/// <summary>
/// The way of kube-apiservers to their stores: etcd's API on a loopback port, opened when the first store is let in. Its certificate authority lives as long as
/// the server does and is for nothing else; a client's certificate names the one store that it sees.
/// </summary>
internal sealed class StoreAccess(Action<ILoggingBuilder> logging, Func<long> databaseSize, TimeProvider time, ILoggerFactory logs) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Store> stores = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim gate = new(1, 1);
    private CertificateAuthority? authority;
    private (EtcdFace Face, EtcdListener Listener, DateTimeOffset RenewAt)? open;

    /// <summary>Where stores are reached, once one was let in. Stays the same as long as the server runs.</summary>
    public string Url { get; private set; } = "";

    /// <summary>Lets a store in.</summary>
    public Task AdmitAsync(Store store, CancellationToken cancellation)
    {
        stores[store.Name] = store;
        return OpenAsync(cancellation);
    }

    /// <summary>The store is no longer to be seen.</summary>
    public void Dismiss(string store) => stores.TryRemove(store, out _);

    /// <summary>The authority of the server's certificate, and a new client certificate for a store.</summary>
    public (string CaPem, IssuedCertificate Client) Issue(string store) => (authority!.CertificatePem, authority.IssueClient(store));

    /// <summary>Gives the port a new certificate when the present one nears its end; clients connect again. Otherwise nothing happens.</summary>
    public async Task OpenAsync(CancellationToken cancellation)
    {
        if (open is { } now && time.GetUtcNow() < now.RenewAt) return;
        await gate.WaitAsync(cancellation);
        try
        {
            if (open is { } still && time.GetUtcNow() < still.RenewAt) return;
            authority ??= CertificateAuthority.Create("kubeflex-storage", time, "KubeFlex");
            var port = Url.Length > 0 ? new Uri(Url).Port : 0;
            if (open is { } before) await CloseAsync(before);
            open = null;
            var serving = authority.IssueServing("kubeflex-storage", ["localhost"], [IPAddress.Loopback]);
            var (face, clients) = (new EtcdFace(new CertificateStoreResolver((certificate, _) => new(Find(certificate))), new EtcdOptions { DatabaseSize = databaseSize }, time, logs), new X509Certificate2Collection());
            clients.ImportFromPem(authority.CertificatePem);
            var listener = await EtcdListener.StartAsync(face, new EtcdEndpoint(new IPEndPoint(IPAddress.Loopback, port), serving.ToCertificate(), clients), logging, cancellation);
            Url = listener.Url;
            open = (face, listener, time.GetUtcNow() + (serving.NotAfter - time.GetUtcNow()) * 2 / 3);
        }
        finally
        {
            gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (open is { } now) await CloseAsync(now);
        open = null;
        authority?.Dispose();
        gate.Dispose();
    }

    private Store? Find(X509Certificate2 certificate) => stores.GetValueOrDefault(certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false));

    private static async Task CloseAsync((EtcdFace Face, EtcdListener Listener, DateTimeOffset RenewAt) what)
    {
        await what.Listener.DisposeAsync();
        what.Face.Dispose();
    }
}
