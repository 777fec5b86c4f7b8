using System.Security.Cryptography.X509Certificates;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Tests.Fakes;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Tests.Pods;

/// <summary>The storage service's own certificates.</summary>
public sealed class StorageCertificatesTests : IAsyncDisposable
{
    private readonly PodsHarness p = new();

    public ValueTask DisposeAsync() => p.DisposeAsync();

    [Fact]
    public async Task They_are_there_before_any_control_plane()
    {
        await p.H.ReconcileAsync("none");
        using var serving = X509Certificate2.CreateFromPem(System("kubeflex-storage-tls", "tls.crt"), System("kubeflex-storage-tls", "tls.key"));
        Assert.Contains("kubeflex-storage.kubeflex-system.svc", serving.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single().EnumerateDnsNames());
        using var administrator = X509Certificate2.CreateFromPem(System("kubeflex-storage-admin", "tls.crt"), System("kubeflex-storage-admin", "tls.key"));
        Assert.Contains("O=kubeflex:store-administrator", administrator.Subject, StringComparison.Ordinal);
        foreach (var leaf in new[] { serving, administrator }) Assert.True(IsOf(leaf, System("kubeflex-storage-ca", "ca.crt")));
        Assert.InRange(p.H.StorageResult.RequeueAfter!.Value, TimeSpan.FromDays(243), TimeSpan.FromDays(244));
        Assert.Equal(1, p.H.AuthorityChanges);

        p.H.Api.ClearRequests();
        await p.H.ReconcileAsync("none");
        Assert.Empty(p.H.Writes());
    }

    [Fact]
    public async Task Leaves_are_renewed_after_two_thirds_of_their_life_on_the_same_authority()
    {
        await p.H.ReconcileAsync("none");
        var before = (Ca: System("kubeflex-storage-ca", "ca.crt"), Serving: System("kubeflex-storage-tls", "tls.crt"), Administrator: System("kubeflex-storage-admin", "tls.crt"));
        p.H.Time.Advance(TimeSpan.FromDays(244));
        await p.H.ReconcileAsync("none");
        Assert.Equal(before.Ca, System("kubeflex-storage-ca", "ca.crt"));
        Assert.NotEqual(before.Serving, System("kubeflex-storage-tls", "tls.crt"));
        Assert.NotEqual(before.Administrator, System("kubeflex-storage-admin", "tls.crt"));
        Assert.Equal(1, p.H.AuthorityChanges);
    }

    [Theory]
    [InlineData("kubeflex-storage-ca")]
    [InlineData("kubeflex-storage-tls")]
    [InlineData("kubeflex-storage-admin")]
    public async Task What_is_lost_is_made_anew_and_a_lost_authority_replaces_everything(string name)
    {
        await p.ReadyAsync();
        var ca = System("kubeflex-storage-ca", "ca.crt");
        p.H.Api.Remove(Resources.Secrets.In(Names.SystemNamespace).Named(name));
        await p.H.ReconcileAsync("cp1");
        Assert.Equal(name != "kubeflex-storage-ca", ca == System("kubeflex-storage-ca", "ca.crt"));
        Assert.Equal(name == "kubeflex-storage-ca" ? 2 : 1, p.H.AuthorityChanges);
        foreach (var pem in new[] { System("kubeflex-storage-tls", "tls.crt"), System("kubeflex-storage-admin", "tls.crt"), p.H.SecretText("cp1", "storage-client", "tls.crt") })
        {
            using var leaf = X509Certificate2.CreateFromPem(pem);
            Assert.True(IsOf(leaf, System("kubeflex-storage-ca", "ca.crt")));
        }
    }

    [Fact]
    public async Task In_its_last_year_another_authority_takes_over_and_at_no_time_meets_distrust()
    {
        await p.ReadyAsync();
        var first = System("kubeflex-storage-ca", "ca.crt");
        var leaves = new List<(string Pem, string Trust)> { Client() };
        // Ten years of life, less the last one; then the month of trust, then the old one's end.
        foreach (var (days, authorities) in new[] { (3650 - 365 + 1, 2), (15, 2), (16, 2), (200, 2), (365, 1) })
        {
            p.H.Time.Advance(TimeSpan.FromDays(days));
            await p.H.ReconcileAsync("cp1");
            leaves.Add(Client());
            // Whoever has not been renewed yet and whoever has trust each other.
            foreach (var (pem, trust) in leaves.TakeLast(2)) AssertTrusts(leaves[^1].Trust, pem, trust, leaves[^1].Pem);
            Assert.Equal(authorities, Bundle(System("kubeflex-storage-ca", "ca.crt")).Count);
        }
        Assert.DoesNotContain(first, System("kubeflex-storage-ca", "ca.crt"), StringComparison.Ordinal);

        (string, string) Client() => (p.H.SecretText("cp1", "storage-client", "tls.crt"), p.H.SecretText("cp1", "storage-client", "ca.crt"));

        void AssertTrusts(string newTrust, string oldPem, string oldTrust, string newPem)
        {
            using var old = X509Certificate2.CreateFromPem(oldPem);
            using var now = X509Certificate2.CreateFromPem(newPem);
            // One whose end has come convinces nobody: the step over a year is of that kind.
            if (old.NotAfter.ToUniversalTime() > p.H.Time.GetUtcNow()) Assert.True(IsOf(old, newTrust));
            if (Bundle(oldTrust).Any(c => c.NotAfter.ToUniversalTime() > p.H.Time.GetUtcNow()) && old.NotAfter.ToUniversalTime() > p.H.Time.GetUtcNow()) Assert.True(IsOf(now, oldTrust));
        }
    }

    [Fact]
    public async Task Without_KubeFlexs_namespace_nothing_is_tried_and_with_it_they_come()
    {
        p.H.Api.Remove(Resources.Namespaces.Named(Names.SystemNamespace));
        p.H.Api.ClearRequests();
        await p.H.ReconcileAsync("none");
        Assert.Empty(p.H.Writes());
        p.H.Api.Put(Resources.Namespaces.Named(Names.SystemNamespace), []);
        await p.H.ReconcileAsync("none");
        Assert.NotEqual("", System("kubeflex-storage-tls", "tls.crt"));
    }

    private string System(string secret, string key) => p.H.SecretText("kubeflex", secret, key);

    private static X509Certificate2Collection Bundle(string pem)
    {
        var bundle = new X509Certificate2Collection();
        bundle.ImportFromPem(pem);
        return bundle;
    }

    private bool IsOf(X509Certificate2 leaf, string trust)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(Bundle(trust));
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        (chain.ChainPolicy.VerificationTime, chain.ChainPolicy.VerificationTimeIgnored) = (p.H.Time.GetUtcNow().UtcDateTime, false);
        return chain.Build(leaf);
    }
}
