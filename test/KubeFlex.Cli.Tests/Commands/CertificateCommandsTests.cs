using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Tests.Harness;
using KubeFlex.Machinery.Json;
using KubeFlex.Runtime.Certificates;

namespace KubeFlex.Cli.Tests.Commands;

public sealed class CertificateCommandsTests : IAsyncLifetime
{
    private const string Certs = "/api/v1/namespaces/a-system/secrets/k8s-certs";
    private readonly CertificateAuthority authority = CertificateAuthority.Create("kubernetes", TimeProvider.System);
    private FakeApi api = null!;
    private Harness.Cli cli = null!;

    public async ValueTask InitializeAsync()
    {
        api = await FakeApi.StartAsync();
        cli = Harness.Cli.For(api);
        await cli.RunAsync("create", "a");
        api.Put(Certs, Secrets.Certificates(authority, "2999-01-01T00:00:00Z"));
    }

    public async ValueTask DisposeAsync()
    {
        authority.Dispose();
        cli.Dispose();
        await api.DisposeAsync();
    }

    [Fact]
    public async Task A_user_gets_a_certificate_of_the_tenants_authority_with_groups_and_a_short_life()
    {
        var result = await cli.RunAsync("kubeconfig", "a", "--user", "jane", "--group", "devs", "--group", "ops", "--expiry", "8h");
        Assert.True(result.ExitCode == 0, result.Error);
        var config = ObjectReader.ReadYaml(Encoding.UTF8.GetBytes(result.Out)).Value.Object;
        Assert.Equal("jane", (string?)config["contexts"]![0]!["context"]!["user"]);
        Assert.Equal("jane", (string?)config["users"]!.AsArray().Single()!["name"]);
        Assert.Null(config["users"]![0]!["user"]!["token"]);
        using var certificate = X509Certificate2.CreateFromPem(Encoding.UTF8.GetString(Convert.FromBase64String((string)config["users"]![0]!["user"]!["client-certificate-data"]!)));
        Assert.Equal("jane", certificate.GetNameInfo(X509NameType.SimpleName, false));
        Assert.Contains("O=devs", certificate.Subject, StringComparison.Ordinal);
        Assert.Contains("O=ops", certificate.Subject, StringComparison.Ordinal);
        Assert.InRange(certificate.NotAfter.ToUniversalTime() - TimeProvider.System.GetUtcNow().UtcDateTime, TimeSpan.FromHours(7.9), TimeSpan.FromHours(8));
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        using var root = X509Certificate2.CreateFromPem(authority.CertificatePem);
        chain.ChainPolicy.CustomTrustStore.Add(root);
        Assert.True(chain.Build(certificate));
    }

    [Fact]
    public async Task Without_an_authority_there_is_a_word_about_what_to_do()
    {
        api.Remove(Certs);
        var result = await cli.RunAsync("kubeconfig", "a", "--user", "jane");
        Assert.Equal(ExitCodes.NotFound, result.ExitCode);
        Assert.Contains("k8s-certs", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_shows_each_certificate_and_fails_when_one_is_over()
    {
        var good = await cli.RunAsync("certs", "check", "a");
        Assert.True(good.ExitCode == 0, good.Error);
        Assert.Matches(@"a +k8s-certs +apiserver.crt +server +kube-apiserver +\S+Z +\S+ +ok", good.Out);
        Assert.Matches(@"a +k8s-certs +ca.crt +authority +kubernetes", good.Out);

        using var old = CertificateAuthority.Create("kubernetes", new PastTime());
        var leaf = old.IssueClient("kubernetes-admin", ["system:masters"], TimeSpan.FromDays(1));
        api.Put("/api/v1/namespaces/a-system/secrets/cm-kubeconfig", Secrets.Of("cm-kubeconfig", null, ("kubeconfig", $$"""
            users: [{name: u, user: {client-certificate-data: {{Secrets.Base64(leaf.CertificatePem)}} } }]
            """)));
        var bad = await cli.RunAsync("certs", "check", "-o", "json");
        Assert.Equal(ExitCodes.Failed, bad.ExitCode);
        Assert.Contains("kflex certs rotate a", bad.Error, StringComparison.Ordinal);
        var entry = JsonNode.Parse(bad.Out)!.AsArray().Single(e => (string?)e!["secret"] == "cm-kubeconfig")!;
        Assert.Equal(("expired", "client", "kubernetes-admin"), ((string?)entry["state"], (string?)entry["kind"], (string?)entry["subject"]));
    }

    [Fact]
    public async Task Rotate_asks_the_operator_waits_and_renews_the_users_context()
    {
        api.Patched = (hosting, path, cp) =>
        {
            if (path != $"{FakeApi.ControlPlanes}/a" || cp["metadata"]!["annotations"]!["kflex.kubestellar.org/rotate-certs"] is null) return;
            hosting.Put("/api/v1/namespaces/a-system/secrets/admin-kubeconfig", Secrets.Of("admin-kubeconfig", null,
                ("kubeconfig", FakeApi.Kubeconfig("a", $"{hosting.Url}/controlplanes/a").Replace("token: secret", "token: renewed", StringComparison.Ordinal))));
            hosting.Put(Certs, Secrets.Certificates(authority, "2999-06-01T00:00:00Z"));
        };
        var result = await cli.RunAsync("certs", "rotate", "a");
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal("renewed", (string?)cli.Kubeconfig.Find(Runtime.Kubeconfigs.KubeconfigSection.Users, "a-admin")!["token"]);
    }

    [Fact]
    public async Task Rotate_without_an_operator_ends_in_time()
    {
        var result = await cli.RunAsync("certs", "rotate", "a", "--timeout", "300ms");
        Assert.Equal(ExitCodes.Timeout, result.ExitCode);
        Assert.Contains("kflex doctor", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rotate_ca_marks_the_control_plane_and_waits_for_another_authority()
    {
        Assert.Equal(ExitCodes.Usage, (await cli.RunAsync("certs", "rotate", "a", "--overlap", "30m")).ExitCode);
        using var next = CertificateAuthority.Create("kubernetes", TimeProvider.System);
        api.Patched = (hosting, path, cp) =>
        {
            if (path == $"{FakeApi.ControlPlanes}/a" && cp["metadata"]!["annotations"]!["kflex.kubestellar.org/rotate-ca"] is not null
                && (string?)cp["metadata"]!["annotations"]!["kflex.kubestellar.org/rotate-ca-overlap"] == "30m") hosting.Put(Certs, Secrets.Certificates(next, "2999-06-01T00:00:00Z"));
        };
        var result = await cli.RunAsync("certs", "rotate", "a", "--ca", "--overlap", "30m");
        Assert.True(result.ExitCode == 0, result.Error);
    }

    [Fact]
    public async Task Rotate_ca_is_refused_where_there_is_no_authority_of_ours()
    {
        await cli.RunAsync("create", "itself", "-t", "host");
        api.Put("/api/v1/namespaces/itself-system/secrets/admin-kubeconfig", Secrets.Of("admin-kubeconfig", "2999-01-01T00:00:00Z", ("kubeconfig-incluster", "x")));
        var result = await cli.RunAsync("certs", "rotate", "itself", "--ca");
        Assert.Equal(ExitCodes.NotFound, result.ExitCode);
        Assert.Contains("itself (type host) has no certificate authority", result.Error, StringComparison.Ordinal);
        Assert.Null(api.Get($"{FakeApi.ControlPlanes}/itself")!["metadata"]!["annotations"]);
    }

    [Fact]
    public async Task Describe_tells_all()
    {
        api.Put("/api/v1/namespaces/default/events/a.1", new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "a.1" },
            ["involvedObject"] = new JsonObject { ["kind"] = "ControlPlane", ["name"] = "a" },
            ["type"] = "Normal", ["reason"] = "SyncSuccess", ["message"] = "made", ["lastTimestamp"] = "2026-01-01T00:00:00Z", ["count"] = 3,
        });
        var result = await cli.RunAsync("describe", "a");
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Matches(@"Name: +a\n", result.Out);
        Assert.Matches(@"Status: +Ready\n", result.Out);
        Assert.Matches(@"Ready +True +Available", result.Out);
        Assert.Matches(@"kubeconfig +http://\S+/controlplanes/a", result.Out);
        Assert.Contains("apiserver.crt", result.Out, StringComparison.Ordinal);
        Assert.Contains("Hooks: none", result.Out, StringComparison.Ordinal);
        Assert.Matches(@"\(x3\) +Normal +SyncSuccess +made", result.Out);
        Assert.Equal(ExitCodes.NotFound, (await cli.RunAsync("describe", "b")).ExitCode);
    }

    private sealed class PastTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    }
}
