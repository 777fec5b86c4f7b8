using System.Collections.Concurrent;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KubeFlex.Runtime.Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace KubeFlex.Server.Sharing;

/// <summary>A request that came from another server: for which control plane, and which task it is, if it is no client's request.</summary>
internal sealed record PeerRequest(string ControlPlane, string? Task);

/// <summary>
/// By what servers know each other: a certificate of the authority that they share, with a name that nobody else gets. On a connection of
/// a peer its certificate stands for nobody: the requests are those of clients, and have the certificate that the peer says the client had, or none.
/// </summary>
internal sealed class PeerIdentity : IDisposable
{
    public const string Name = "system:kubeflex:peer";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const int MostForwarded = 10_000;

    private readonly CertificateAuthority authority;
    private readonly X509Certificate2 root;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    // Kestrel has one certificate object per connection.
    private readonly ConditionalWeakTable<X509Certificate2, StrongBox<bool>> known = [];
    // The same object for the same client, so that each control plane's authentication builds its chain once.
    private readonly ConcurrentDictionary<string, X509Certificate2> forwarded = new(StringComparer.Ordinal);
    private X509Certificate2? own;
    private DateTimeOffset renewAt, renewOperatorAt;
    private string operatorCertificate = "";

    public PeerIdentity(CertificateAuthority authority, TimeProvider time)
    {
        (this.authority, this.time) = (authority, time);
        root = X509Certificate2.CreateFromPem(authority.CertificatePem);
    }

    /// <summary>For connections to other servers.</summary>
    public SslClientAuthenticationOptions ClientOptions => new()
    {
        LocalCertificateSelectionCallback = (_, _, _, _, _) => Own(),
        CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { root },
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        },
    };

    /// <summary>
    /// Reads what a peer says and makes the request its client's; from everybody else, what looks like it is dropped. To be called before
    /// anything else looks at the request.
    /// </summary>
    public PeerRequest? Accept(HttpContext http)
    {
        var headers = http.Request.Headers;
        PeerRequest? request = null;
        if (http.Connection.ClientCertificate is { } certificate && IsPeer(certificate))
        {
            request = new(headers[PeerHeaders.ControlPlane].ToString(), headers[PeerHeaders.Task].ToString() is { Length: > 0 } task ? task : null);
            // A feature of this request: the connection's own is shared by all that come over it.
            http.Features.Set<ITlsConnectionFeature>(new ClientCertificate(Forwarded(headers[PeerHeaders.Certificate].ToString())));
            http.Features.Set(request);
        }
        PeerHeaders.Strip(headers);
        return request;
    }

    /// <summary>
    /// For a server's own requests to the hosting control plane, in <see cref="PeerHeaders.Certificate"/>: they are like a client's with all rights.
    /// </summary>
    public string OperatorCertificate()
    {
        lock (gate)
        {
            if (operatorCertificate.Length > 0 && time.GetUtcNow() < renewOperatorAt) return operatorCertificate;
            var issued = authority.IssueClient("system:kubeflex", "system:masters");
            renewOperatorAt = time.GetUtcNow() + (issued.NotAfter - time.GetUtcNow()) * 2 / 3;
            using var certificate = X509Certificate2.CreateFromPem(issued.CertificatePem);
            return operatorCertificate = Convert.ToBase64String(certificate.RawDataMemory.Span);
        }
    }

    public void Dispose()
    {
        root.Dispose();
        own?.Dispose();
    }

    private X509Certificate2 Own()
    {
        lock (gate)
        {
            if (own is not null && time.GetUtcNow() < renewAt) return own;
            var issued = authority.IssueClient(Name);
            renewAt = time.GetUtcNow() + (issued.NotAfter - time.GetUtcNow()) * 2 / 3;
            // The one before is not disposed: a handshake may be using it.
            return own = issued.ToCertificate();
        }
    }

    private bool IsPeer(X509Certificate2 certificate) => known.GetValue(certificate, c => new(Check(c))).Value;

    private bool Check(X509Certificate2 certificate)
    {
        if (certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false) != Name) return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().LocalDateTime;
        return chain.Build(certificate);
    }

    private X509Certificate2? Forwarded(string header)
    {
        if (header.Length == 0) return null;
        if (forwarded.TryGetValue(header, out var seen)) return seen;
        if (forwarded.Count >= MostForwarded) forwarded.Clear();
        return forwarded.GetOrAdd(header, static text => X509CertificateLoader.LoadCertificate(Convert.FromBase64String(text)));
    }

    private sealed class ClientCertificate(X509Certificate2? certificate) : ITlsConnectionFeature
    {
        X509Certificate2? ITlsConnectionFeature.ClientCertificate { get; set; } = certificate;

        public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult(((ITlsConnectionFeature)this).ClientCertificate);
    }
}
