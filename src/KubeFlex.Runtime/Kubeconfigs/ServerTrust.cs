using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace KubeFlex.Runtime.Kubeconfigs;

/// <summary>Decides whether a server's certificate is the one that the kubeconfig wants.</summary>
internal static class ServerTrust
{
    /// <summary>
    /// The name must match (the platform has checked it against the TLS name we asked for), and the chain must end in one of
    /// <paramref name="authorities"/>; without any, in the system's.
    /// </summary>
    public static bool Accepts(X509Certificate? certificate, X509Chain? presented, SslPolicyErrors errors, X509Certificate2Collection? authorities)
    {
        if (errors == SslPolicyErrors.None && authorities is null) return true;
        if (authorities is null || certificate is not X509Certificate2 leaf) return false;
        if ((errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None) return false;

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new System.Security.Cryptography.Oid("1.3.6.1.5.5.7.3.1"));
        foreach (var element in presented?.ChainElements ?? Enumerable.Empty<X509ChainElement>()) chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        if (chain.Build(leaf)) return true;

        // Go, and so kubectl, takes any certificate of the bundle as an anchor; the platform only self-signed ones.
        var top = chain.ChainElements.LastOrDefault()?.Certificate;
        return top is not null && authorities.Any(a => a.RawDataMemory.Span.SequenceEqual(top.RawDataMemory.Span))
            && chain.ChainStatus.All(s => s.Status is X509ChainStatusFlags.PartialChain or X509ChainStatusFlags.UntrustedRoot or X509ChainStatusFlags.NoError);
    }
}
