using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Operator.Tests.Fakes;
using KubeFlex.Runtime.Client;
using KubeFlex.Testing;

namespace KubeFlex.Operator.Tests.Types;

public sealed class ExternalTypeTests : IAsyncDisposable
{
    private const string Server = "https://external.test:6443";
    private static readonly ResourceRef Account = Resources.ServiceAccounts.In("kube-system").Named("kubeflex");
    private static readonly ResourceRef Binding = Resources.ClusterRoleBindings.Named("kubeflex-clusterrolebinding");
    private static readonly ResourceRef Bootstrap = Resources.Secrets.In("kubeflex-system").Named("ext-bootstrap");

    private readonly Harness h = new();
    private readonly FakeApi external;
    private int tokens;
    private int refuse;

    public ExternalTypeTests()
    {
        external = new FakeApi { Time = h.Time };
        external.Put(Resources.Namespaces.Named("kube-system"), []);
        h.Api.Put(Resources.Namespaces.Named("kubeflex-system"), []);
        h.Tenants.Servers[Server + "/"] = external;
        external.Intercept = request => request switch
        {
            _ when refuse > 0 => FakeApi.Failure(refuse, "Refused", "refused"),
            { Path: "readyz" } => new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("ok") },
            { Method: "POST", Path: "api/v1/namespaces/kube-system/serviceaccounts/kubeflex/token" } => Token(),
            _ => null,
        };
    }

    public async ValueTask DisposeAsync()
    {
        await h.DisposeAsync();
        external.Dispose();
    }

    [Fact]
    public async Task A_cluster_is_adopted_and_the_bootstrap_secret_goes()
    {
        PutBootstrap();
        Create();
        var result = await h.ReconcileAsync("ext");
        Assert.True(h.IsReady("ext"));
        Assert.Null(h.Api.Get(Bootstrap));
        Assert.Equal("cluster-admin", (string?)external.Get(Binding)!["roleRef"]!["name"]);
        Assert.Equal((string?)external.Get(Binding)!["metadata"]!["uid"], (string?)external.Get(Account)!["metadata"]!["ownerReferences"]![0]!["uid"]);
        var config = h.SecretText("ext", "admin-kubeconfig", "kubeconfig-incluster");
        Assert.Contains("token-1", config, StringComparison.Ordinal);
        Assert.Contains(Server, config, StringComparison.Ordinal);
        Assert.Contains("current-context: ext", config, StringComparison.Ordinal);
        Assert.Equal("""{"namespace":"ext-system","name":"admin-kubeconfig","inClusterKey":"kubeconfig-incluster"}""", h.Find("ext")!["status"]!["secretRef"]!.ToJsonString());
        Assert.Equal("token", (string?)h.Find("ext")!["status"]!["certificates"]![0]!["name"]);
        Assert.Equal(TimeSpan.FromSeconds(10), result.RequeueAfter);

        h.Api.ClearRequests();
        await h.ReconcileAsync("ext");
        Assert.Empty(h.Writes());
        Assert.Equal(1, tokens);
    }

    [Fact]
    public async Task The_token_is_renewed_at_four_fifths_of_its_life()
    {
        PutBootstrap();
        Create(s => s["tokenExpirationSeconds"] = 1000);
        await h.ReconcileAsync("ext");
        h.Time.Advance(TimeSpan.FromSeconds(790));
        Assert.Equal(TimeSpan.FromSeconds(10), (await h.ReconcileAsync("ext")).RequeueAfter);
        Assert.Equal(1, tokens);
        h.Time.Advance(TimeSpan.FromSeconds(11));
        await h.ReconcileAsync("ext");
        Assert.Equal(2, tokens);
        Assert.Contains("token-2", h.SecretText("ext", "admin-kubeconfig", "kubeconfig-incluster"), StringComparison.Ordinal);
        Assert.Contains("token-1", h.Tenants.Used.Last(u => !u.Contains("token-2", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Single(h.Events("TokenRenewed"));
    }

    [Fact]
    public async Task Ready_follows_the_health_of_the_cluster()
    {
        PutBootstrap();
        Create();
        await h.ReconcileAsync("ext");
        h.Tenants.Servers.Clear();
        Assert.True((await h.ReconcileAsync("ext")).Retry);
        Assert.Contains("cannot be reached: Connection refused", (string?)h.Condition("ext", "Ready")["message"], StringComparison.Ordinal);
        h.Tenants.Servers[Server + "/"] = external;
        await h.ReconcileAsync("ext");
        Assert.True(h.IsReady("ext"));
    }

    [Fact]
    public async Task A_refused_token_is_told_and_a_new_bootstrap_secret_heals()
    {
        PutBootstrap();
        Create();
        await h.ReconcileAsync("ext");
        refuse = 401;
        await h.ReconcileAsync("ext");
        Assert.Contains("refuses the credentials of secret \"admin-kubeconfig\"", (string?)h.Condition("ext", "Ready")["message"], StringComparison.Ordinal);
        refuse = 0;
        PutBootstrap();
        await h.ReconcileAsync("ext");
        Assert.Equal(2, tokens);
        Assert.Null(h.Api.Get(Bootstrap));
        Assert.True(h.IsReady("ext"));
    }

    [Theory]
    [InlineData("", "secret \"ext-bootstrap\" in namespace \"kubeflex-system\" not found")]
    [InlineData("other-key", "it has \"other\"")]
    [InlineData("nonsense", "the kubeconfig cannot be used")]
    [InlineData("exec", "\"exec\", which is not followed")]
    [InlineData("file", "\"certificate-authority\", which is not followed")]
    [InlineData("away", "cannot be reached")]
    [InlineData("401", "refuses the credentials of secret \"ext-bootstrap\"")]
    [InlineData("403", "must belong to a cluster administrator")]
    public async Task What_is_wrong_with_the_bootstrap_secret_is_said(string how, string expected)
    {
        switch (how)
        {
            case "other-key":
                PutBootstrap(key: "other");
                break;
            case "nonsense":
                PutBootstrap("{");
                break;
            case "exec":
                PutBootstrap(Kubeconfig().Replace("token: bootstrap", "exec: {command: /bin/true}", StringComparison.Ordinal));
                break;
            case "file":
                PutBootstrap(Kubeconfig().Replace($"server: {Server}", $"server: {Server}, certificate-authority: /etc/passwd", StringComparison.Ordinal));
                break;
            case "away":
                PutBootstrap();
                h.Tenants.Servers.Clear();
                break;
            case "401" or "403":
                PutBootstrap();
                refuse = int.Parse(how, System.Globalization.CultureInfo.InvariantCulture);
                break;
        }
        Create();
        Assert.True((await h.ReconcileAsync("ext")).Retry);
        Assert.Contains(expected, (string?)h.Condition("ext", "Synced")["message"], StringComparison.Ordinal);
        Assert.Equal("False", (string?)h.Condition("ext", "Ready")["status"]);
        Assert.Equal("Retrying", (string?)h.Condition("ext", "Progressing")["reason"]);

        h.Tenants.Servers[Server + "/"] = external;
        refuse = 0;
        PutBootstrap();
        await h.ReconcileAsync("ext");
        Assert.True(h.IsReady("ext"));
    }

    [Fact]
    public async Task Deletion_removes_what_adoption_made()
    {
        PutBootstrap();
        Create();
        await h.ReconcileAsync("ext");
        await h.DeleteAsync("ext");
        await h.ReconcileAsync("ext");
        Assert.Null(h.Find("ext"));
        // The account belongs to the binding: the cluster's garbage collector takes it.
        Assert.Null(external.Get(Binding));
        Assert.Empty(h.Events("CleanupFailed"));
    }

    [Fact]
    public async Task Two_that_adopt_the_same_cluster_share_the_account()
    {
        PutBootstrap();
        Create();
        await h.ReconcileAsync("ext");
        PutBootstrap();
        Create(name: "ext2");
        await h.ReconcileAsync("ext2");
        await h.DeleteAsync("ext");
        await h.ReconcileAsync("ext");
        Assert.NotNull(external.Get(Binding));
        Assert.NotNull(external.Get(Account));
        await h.ReconcileAsync("ext2");
        Assert.True(h.IsReady("ext2"));
        await h.DeleteAsync("ext2");
        await h.ReconcileAsync("ext2");
        Assert.Null(external.Get(Binding));
    }

    [Fact]
    public async Task An_account_that_was_there_before_is_used_and_stays()
    {
        external.Put(Binding, new JsonObject
        {
            ["roleRef"] = new JsonObject { ["kind"] = "ClusterRole", ["name"] = "cluster-admin" },
            ["subjects"] = new JsonArray(new JsonObject { ["kind"] = "ServiceAccount", ["name"] = "kubeflex", ["namespace"] = "kube-system" }),
        });
        external.Put(Account, []);
        PutBootstrap();
        Create();
        await h.ReconcileAsync("ext");
        Assert.True(h.IsReady("ext"));
        await h.DeleteAsync("ext");
        await h.ReconcileAsync("ext");
        Assert.NotNull(external.Get(Binding));
        Assert.NotNull(external.Get(Account));
    }

    [Fact]
    public async Task Deletion_waits_a_little_for_a_cluster_that_is_away_but_never_hangs()
    {
        PutBootstrap();
        Create();
        await h.ReconcileAsync("ext");
        h.Tenants.Servers.Clear();
        await h.DeleteAsync("ext");
        Assert.Equal(TimeSpan.FromSeconds(5), (await h.ReconcileAsync("ext")).RequeueAfter);
        Assert.NotNull(h.Find("ext"));
        h.Time.Advance(TimeSpan.FromSeconds(31));
        await h.ReconcileAsync("ext");
        Assert.Null(h.Find("ext"));
        Assert.Contains("may remain in the adopted cluster", (string?)Assert.Single(h.Events("CleanupFailed"))["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_token_does_not_hold_up_deletion()
    {
        PutBootstrap();
        Create();
        await h.ReconcileAsync("ext");
        refuse = 401;
        await h.DeleteAsync("ext");
        await h.ReconcileAsync("ext");
        Assert.Null(h.Find("ext"));
        Assert.Single(h.Events("CleanupFailed"));
    }

    private void Create(Action<JsonObject>? more = null, string name = "ext") => h.CreateControlPlane(name, "external", s =>
    {
        s["bootstrapSecretRef"] = new JsonObject { ["namespace"] = "kubeflex-system", ["name"] = "ext-bootstrap", ["inClusterKey"] = "" };
        more?.Invoke(s);
    });

    private void PutBootstrap(string? kubeconfig = null, string key = "kubeconfig-incluster") => h.Api.Put(Bootstrap, new JsonObject
    {
        ["data"] = new JsonObject { [key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(kubeconfig ?? Kubeconfig())) },
    });

    private static string Kubeconfig() => $$$"""
        apiVersion: v1
        kind: Config
        current-context: theirs
        clusters: [{name: c, cluster: {server: {{{Server}}} } }]
        users: [{name: u, user: {token: bootstrap}}]
        contexts: [{name: theirs, context: {cluster: c, user: u}}]
        """;

    private HttpResponseMessage Token()
    {
        var seconds = long.Parse(h.Find("ext")?["spec"]!["tokenExpirationSeconds"]?.ToString() ?? "31536000", System.Globalization.CultureInfo.InvariantCulture);
        var body = new JsonObject
        {
            ["status"] = new JsonObject
            {
                ["token"] = $"token-{++tokens}",
                ["expirationTimestamp"] = h.Time.GetUtcNow().AddSeconds(seconds).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture),
            },
        };
        return new HttpResponseMessage(HttpStatusCode.Created) { Content = new StringContent(body.ToJsonString()) };
    }
}
