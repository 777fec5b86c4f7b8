using System.Text.Json.Nodes;
using KubeFlex.Operator.Tests.Fakes;
using KubeFlex.Runtime.Certificates;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Tests.Types;

public sealed class HostTypeTests
{
    [Fact]
    public async Task On_a_real_cluster_it_waits_for_the_token_then_uses_it()
    {
        await using var h = new Harness();
        h.CreateControlPlane("main", "host");
        Assert.True((await h.ReconcileAsync("main")).Retry);
        Assert.Contains("token", (string?)h.Condition("main", "Ready")["message"], StringComparison.Ordinal);
        var binding = h.Api.Get(Resources.ClusterRoleBindings.Named("main-binding"))!;
        Assert.Equal(("cluster-admin", "main", "main-system"), ((string?)binding["roleRef"]!["name"], (string?)binding["subjects"]![0]!["name"], (string?)binding["subjects"]![0]!["namespace"]));

        var secret = h.Api.Get(Harness.Secret("main", "main"))!;
        Assert.Equal("kubernetes.io/service-account-token", (string?)secret["type"]);
        secret["data"] = new JsonObject { ["token"] = Convert.ToBase64String("t0ken"u8), ["ca.crt"] = Convert.ToBase64String("pem"u8) };
        h.Api.Put(Harness.Secret("main", "main"), secret);
        await h.ReconcileAsync("main");
        Assert.True(h.IsReady("main"));
        var config = h.SecretText("main", "admin-kubeconfig", "kubeconfig-incluster");
        Assert.Contains("https://kubernetes.default.svc", config, StringComparison.Ordinal);
        Assert.Contains("t0ken", config, StringComparison.Ordinal);
        Assert.Equal("""{"namespace":"main-system","name":"admin-kubeconfig","inClusterKey":"kubeconfig-incluster"}""", h.Find("main")!["status"]!["secretRef"]!.ToJsonString());

        h.Api.ClearRequests();
        await h.ReconcileAsync("main");
        Assert.Empty(h.Writes());

        await h.DeleteAsync("main");
        await h.ReconcileAsync("main");
        Assert.Null(h.Find("main"));
        Assert.Null(h.Api.Get(Resources.ClusterRoleBindings.Named("main-binding")));
    }

    [Fact]
    public async Task On_the_embedded_one_the_server_issues_a_certificate()
    {
        using var authority = CertificateAuthority.Create("hosting", TimeProvider.System);
        await using var h = new Harness(new OperatorOptions
        {
            HostingEndpoint = new HostingEndpoint("https://127.0.0.1:9443", authority.CertificatePem, null, () => authority.IssueClient("kubernetes-admin", "system:masters")),
        });
        h.CreateControlPlane("main", "host");
        await h.ReconcileAsync("main");
        Assert.True(h.IsReady("main"));
        Assert.Contains("https://127.0.0.1:9443", h.SecretText("main", "admin-kubeconfig", "kubeconfig-incluster"), StringComparison.Ordinal);
        Assert.Contains("client-certificate-data", h.SecretText("main", "admin-kubeconfig", "kubeconfig-incluster"), StringComparison.Ordinal);

        var before = h.SecretText("main", "admin-kubeconfig", "kubeconfig-incluster");
        h.Annotate("main", "kflex.kubestellar.org/rotate-certs", "now");
        await h.ReconcileAsync("main");
        Assert.NotEqual(before, h.SecretText("main", "admin-kubeconfig", "kubeconfig-incluster"));
        h.Api.ClearRequests();
        await h.ReconcileAsync("main");
        Assert.Empty(h.Writes());
    }

    [Fact]
    public async Task A_foreign_binding_of_that_name_is_not_touched()
    {
        await using var h = new Harness();
        h.Api.Put(Resources.ClusterRoleBindings.Named("main-binding"), new JsonObject { ["roleRef"] = new JsonObject { ["name"] = "view" } });
        h.CreateControlPlane("main", "host");
        await h.ReconcileAsync("main");
        Assert.Contains("\"main-binding\" exists and does not belong", (string?)h.Condition("main", "Synced")["message"], StringComparison.Ordinal);
        await h.DeleteAsync("main");
        await h.ReconcileAsync("main");
        Assert.Equal("view", (string?)h.Api.Get(Resources.ClusterRoleBindings.Named("main-binding"))!["roleRef"]!["name"]);
    }
}
