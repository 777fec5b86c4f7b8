using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;
using KubeFlex.Operator.Tests.Fakes;

namespace KubeFlex.Operator.Tests.Types;

public sealed class CaRotationTests : IAsyncDisposable
{
    private readonly Harness h = new();

    public ValueTask DisposeAsync() => h.DisposeAsync();

    [Fact]
    public async Task Both_authorities_are_trusted_while_one_takes_over_from_the_other()
    {
        h.CreateControlPlane("cp1");
        await h.ReconcileAsync("cp1");
        var old = Assert.Single(Authorities());
        var (oldClient, tokens) = (Client(), h.SecretText("cp1", "k8s-certs", "sa.key"));

        h.Annotate("cp1", "kflex.kubestellar.org/rotate-ca", "2026-07-01");
        var result = await h.ReconcileAsync("cp1");
        Assert.Equal(TimeSpan.FromHours(24), result.RequeueAfter);
        var trusted = Authorities();
        Assert.Equal((2, old), (trusted.Count, trusted[0]));
        Assert.Equal(trusted, KubeconfigAuthorities());
        AssertSigned(old);
        Assert.Equal("RotatingCA", (string?)h.Condition("cp1", "Progressing")["reason"]);
        Assert.True(h.IsReady("cp1"));
        h.Api.ClearRequests();
        await h.ReconcileAsync("cp1");
        Assert.Empty(h.Writes());

        h.Time.Advance(TimeSpan.FromHours(24));
        await h.ReconcileAsync("cp1");
        Assert.Equal([trusted[1], old], Authorities());
        Assert.Equal(Authorities(), KubeconfigAuthorities());
        AssertSigned(trusted[1]);
        // What people hold still leads to the server, and the server still knows them.
        Assert.True(Verifies(oldClient, Authorities()));

        h.Time.Advance(TimeSpan.FromHours(24));
        await h.ReconcileAsync("cp1");
        Assert.Equal([trusted[1]], Authorities());
        Assert.Equal(Authorities(), KubeconfigAuthorities());
        AssertSigned(trusted[1]);
        Assert.False(Verifies(oldClient, Authorities()));
        Assert.Equal(tokens, h.SecretText("cp1", "k8s-certs", "sa.key"));
        Assert.Equal(("False", "Complete"), ((string?)h.Condition("cp1", "Progressing")["status"], (string?)h.Condition("cp1", "Progressing")["reason"]));
        Assert.Equal(3, h.Events("CARotation").Count);

        h.Api.ClearRequests();
        h.Time.Advance(TimeSpan.FromHours(100));
        await h.ReconcileAsync("cp1");
        Assert.Empty(h.Writes());
    }

    [Fact]
    public async Task Without_overlap_it_is_done_at_once()
    {
        h.CreateControlPlane("cp1");
        await h.ReconcileAsync("cp1");
        var old = Assert.Single(Authorities());
        h.Annotate("cp1", "kflex.kubestellar.org/rotate-ca-overlap", "0s");
        h.Annotate("cp1", "kflex.kubestellar.org/rotate-ca", "true");
        await h.ReconcileAsync("cp1");
        var now = Assert.Single(Authorities());
        Assert.NotEqual(old, now);
        Assert.Equal([now], KubeconfigAuthorities());
        AssertSigned(now);
        h.Api.ClearRequests();
        await h.ReconcileAsync("cp1");
        Assert.Empty(h.Writes());
    }

    [Fact]
    public async Task A_lost_kubeconfig_and_a_damaged_leaf_are_mended_in_the_middle_of_it()
    {
        h.CreateControlPlane("cp1");
        await h.ReconcileAsync("cp1");
        h.Annotate("cp1", "kflex.kubestellar.org/rotate-ca", "1");
        await h.ReconcileAsync("cp1");
        var trusted = Authorities();
        h.Api.Remove(Harness.Secret("cp1", "admin-kubeconfig"));
        Damage("apiserver.crt");
        await h.ReconcileAsync("cp1");
        Assert.Equal(trusted, Authorities());
        Assert.Equal(trusted, KubeconfigAuthorities());
        h.Time.Advance(TimeSpan.FromHours(24));
        await h.ReconcileAsync("cp1");
        Damage("apiserver.crt");
        await h.ReconcileAsync("cp1");
        Assert.Equal([trusted[1], trusted[0]], Authorities());
        AssertSigned(trusted[1]);
    }

    [Fact]
    public async Task A_wish_that_is_older_than_the_authority_is_fulfilled_and_false_is_none()
    {
        h.CreateControlPlane("cp1");
        h.Annotate("cp1", "kflex.kubestellar.org/rotate-ca", "true");
        await h.ReconcileAsync("cp1");
        await h.ReconcileAsync("cp1");
        Assert.Single(Authorities());
        h.CreateControlPlane("cp2");
        await h.ReconcileAsync("cp2");
        h.Annotate("cp2", "kflex.kubestellar.org/rotate-ca", "false");
        await h.ReconcileAsync("cp2");
        Assert.Empty(h.Events("CARotation"));
    }

    [Fact]
    public async Task An_authority_in_its_last_year_is_replaced_by_itself()
    {
        h.CreateControlPlane("cp1");
        await h.ReconcileAsync("cp1");
        var old = Assert.Single(Authorities());
        h.Time.Advance(TimeSpan.FromDays(3650 - 364));
        await h.ReconcileAsync("cp1");
        Assert.Equal(2, Authorities().Count);
        h.Time.Advance(TimeSpan.FromHours(24));
        await h.ReconcileAsync("cp1");
        h.Time.Advance(TimeSpan.FromHours(24));
        await h.ReconcileAsync("cp1");
        Assert.NotEqual(old, Assert.Single(Authorities()));
    }

    [Fact]
    public async Task A_bad_overlap_is_refused()
    {
        h.CreateControlPlane("cp1");
        h.Annotate("cp1", "kflex.kubestellar.org/rotate-ca-overlap", "soon");
        await h.ReconcileAsync("cp1");
        Assert.Contains("\"soon\" is not a duration", (string?)h.Condition("cp1", "Synced")["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Leaves_are_rotated_on_demand_and_ends_are_shown()
    {
        h.CreateControlPlane("cp1");
        await h.ReconcileAsync("cp1");
        var certificates = h.Find("cp1")!["status"]!["certificates"]!.AsArray();
        Assert.Equal(["ca", "apiserver", "admin", "controller-manager"], certificates.Select(c => (string?)c!["name"]));
        Assert.Equal("2027-07-01T12:00:00Z", (string?)certificates[1]!["notAfter"]);
        Assert.StartsWith("2027-03-01", (string?)certificates[2]!["renewAt"], StringComparison.Ordinal);

        var (ca, leaf, client) = (Authorities(), h.SecretText("cp1", "k8s-certs", "apiserver.crt"), Client());
        h.Time.Advance(TimeSpan.FromDays(1));
        h.Annotate("cp1", "kflex.kubestellar.org/rotate-certs", "now");
        await h.ReconcileAsync("cp1");
        Assert.Equal(ca, Authorities());
        Assert.NotEqual(leaf, h.SecretText("cp1", "k8s-certs", "apiserver.crt"));
        Assert.NotEqual(client, Client());
        Assert.Equal("2027-07-02T12:00:00Z", (string?)h.Find("cp1")!["status"]!["certificates"]![2]!["notAfter"]);
        Assert.Single(h.Events("CertificatesIssued"));
    }

    [Fact]
    public async Task Extra_names_reach_the_serving_certificate_and_a_changed_list_issues_it_again()
    {
        h.CreateControlPlane("cp1", more: s => s["extraSANs"] = new JsonArray("api.example.com", "192.0.2.7"));
        await h.ReconcileAsync("cp1");
        Assert.Contains("api.example.com", Names());
        Assert.Contains("192.0.2.7", Names());
        h.Edit("cp1", cp => cp["spec"]!["extraSANs"] = new JsonArray("*.example.org"));
        await h.ReconcileAsync("cp1");
        Assert.Contains("*.example.org", Names());
        Assert.DoesNotContain("api.example.com", Names());
        h.Edit("cp1", cp => cp["spec"]!["extraSANs"] = new JsonArray("not a name"));
        await h.ReconcileAsync("cp1");
        Assert.Contains("spec.extraSANs: \"not a name\" is neither", (string?)h.Condition("cp1", "Synced")["message"], StringComparison.Ordinal);
    }

    private List<string> Names()
    {
        using var serving = X509Certificate2.CreateFromPem(h.SecretText("cp1", "k8s-certs", "apiserver.crt"));
        var names = serving.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single();
        return [.. names.EnumerateDnsNames(), .. names.EnumerateIPAddresses().Select(a => a.ToString())];
    }

    private void Damage(string key)
    {
        var secret = h.Api.Get(Harness.Secret("cp1", "k8s-certs"))!;
        secret["data"]![key] = Convert.ToBase64String("nonsense"u8);
        h.Api.Put(Harness.Secret("cp1", "k8s-certs"), secret);
    }

    private List<string> Authorities() => Split(h.SecretText("cp1", "k8s-certs", "ca.crt"));

    private JsonObject Kubeconfig() => ObjectReader.ReadYaml(Encoding.UTF8.GetBytes(h.SecretText("cp1", "admin-kubeconfig", "kubeconfig"))).Value.Object;

    // The server's own authority, which the fake host names, is no certificate.
    private List<string> KubeconfigAuthorities() =>
        Split(Base64(Kubeconfig()["clusters"]![0]!["cluster"]!["certificate-authority-data"]!).Replace(h.Host.Endpoint("cp1").ServerCaPem, "", StringComparison.Ordinal));

    private string Client() => Base64(Kubeconfig()["users"]![0]!["user"]!["client-certificate-data"]!);

    private void AssertSigned(string authority)
    {
        Assert.True(Verifies(h.SecretText("cp1", "k8s-certs", "apiserver.crt"), [authority]));
        Assert.True(Verifies(Client(), [authority]));
    }

    private bool Verifies(string leaf, List<string> authorities)
    {
        using var certificate = X509Certificate2.CreateFromPem(leaf);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        foreach (var authority in authorities) chain.ChainPolicy.CustomTrustStore.Add(X509Certificate2.CreateFromPem(authority));
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = h.Time.GetUtcNow().UtcDateTime;
        return chain.Build(certificate);
    }

    private static List<string> Split(string bundle)
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPem(bundle);
        return [.. all.Select(c => c.ExportCertificatePem())];
    }

    private static string Base64(JsonNode node) => Encoding.UTF8.GetString(Convert.FromBase64String((string)node!));
}
