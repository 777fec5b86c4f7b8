using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KubeFlex.Runtime.Client;
using KubeFlex.Server.ControlPlanes;

namespace KubeFlex.Server.Sharing;

/// <summary>Serving certificates of control planes that other servers may have: clients name them in their TLS hello to whichever server they reach.</summary>
internal sealed class TenantCertificates(ControlPlaneHost host, TimeProvider time)
{
    private const int Most = 10_000;

    /// <summary>A renewed one is seen after this, while the one before is good for months.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, (SslStreamCertificateContext Certificate, ControlPlaneRecord Record, long Since)> seen = new(StringComparer.Ordinal);

    /// <summary>Null when there is no such control plane, or its certificate cannot be learned now.</summary>
    public async ValueTask<SslStreamCertificateContext?> FindAsync(string name, CancellationToken cancellation)
    {
        if (host.Find(name) is { } here) return here.Certificate;
        var known = seen.TryGetValue(name, out var before);
        if (known && time.GetElapsedTime(before.Since) < Fresh) return before.Certificate;
        try
        {
            if (await host.RecordAsync(name, cancellation) is not { } record)
            {
                seen.TryRemove(name, out _);
                return null;
            }
            if (seen.Count >= Most) seen.Clear();
            var certificate = known && before.Record == record ? before.Certificate
                : SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(record.ServingPem, record.ServingKeyPem), null, offline: true);
            seen[name] = (certificate, record, time.GetTimestamp());
            return certificate;
        }
        catch (Exception e) when (e is KubeApiException or HttpRequestException or IOException or CryptographicException or ArgumentException)
        {
            return known ? before.Certificate : null;
        }
    }
}
