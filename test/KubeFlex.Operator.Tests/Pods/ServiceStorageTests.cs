using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Objects;
using KubeFlex.Operator.Tests.Fakes;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Tests.Pods;

/// <summary>Control planes whose data is in the storage service.</summary>
public sealed class ServiceStorageTests : IAsyncDisposable
{
    private static readonly ResourceRef ApiServer = Kinds.Deployments.In("cp1-system").Named("kube-apiserver");
    private static readonly ResourceRef Memory = Resources.Secrets.In(Names.SystemNamespace).Named("cp1-store");
    private static readonly ResourceRef Service = Resources.Services.In(Names.SystemNamespace).Named("kubeflex-storage");

    private readonly PodsHarness p = new();

    public ValueTask DisposeAsync() => p.DisposeAsync();

    [Fact]
    public async Task The_certificate_names_the_store_that_was_made()
    {
        await p.ReadyAsync();
        var store = Assert.Single(p.Storage.Stores);
        Assert.StartsWith("cp1.", store, StringComparison.Ordinal);
        using var client = X509Certificate2.CreateFromPem(p.H.SecretText("cp1", "storage-client", "tls.crt"), p.H.SecretText("cp1", "storage-client", "tls.key"));
        Assert.Equal(store, client.GetNameInfo(X509NameType.SimpleName, forIssuer: false));
        Assert.Contains("O=kubeflex:store", client.Subject, StringComparison.Ordinal);
        Assert.Equal(System("kubeflex-storage-ca", "ca.crt"), p.H.SecretText("cp1", "storage-client", "ca.crt"));
        Assert.Contains("--etcd-servers=https://kubeflex-storage.kubeflex-system.svc:2379", p.H.Api.Get(ApiServer)!.ToJsonString(), StringComparison.Ordinal);
        // The authority's key stays where only the operator reads it.
        Assert.DoesNotContain(p.H.Api.All(Resources.Secrets), s => (string?)s["metadata"]!["name"] != "kubeflex-storage-ca"
            && ManagedSecrets.Values(s).ContainsValue(System("kubeflex-storage-ca", "ca.key")));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("a-name-as-long-as-a-control-plane-may-have-is-56-letters")]
    public async Task A_stores_name_fits_into_a_certificate(string name)
    {
        p.H.CreateControlPlane(name);
        await p.SettleAsync(name);
        Assert.True(p.H.IsReady(name));
        Assert.InRange(Assert.Single(p.Storage.Stores).Length, 1, 64);
    }

    [Fact]
    public async Task The_API_server_waits_for_the_service_and_says_so()
    {
        p.Storage.Away = "kubeflex-storage.kubeflex-system.svc does not answer: connection refused";
        p.H.CreateControlPlane("cp1");
        var asked = new List<string>();
        p.H.Operator.StorageUnanswered = asked.Add;
        await p.H.ReconcileAsync("cp1");
        Assert.NotEmpty(asked);
        Assert.Null(p.H.Api.Get(ApiServer));
        Assert.Equal("waiting for the storage service: kubeflex-storage.kubeflex-system.svc does not answer: connection refused", (string?)p.H.Condition("cp1", "Ready")["message"]);
        p.Storage.Away = null;
        await p.SettleAsync("cp1");
        Assert.True(p.H.IsReady("cp1"));
    }

    [Fact]
    public async Task It_waits_for_the_authority()
    {
        p.H.KeepsStorageCertificates = false;
        p.H.CreateControlPlane("cp1");
        await p.H.ReconcileAsync("cp1");
        Assert.Contains("waiting for the storage service's certificate authority", (string?)p.H.Condition("cp1", "Ready")["message"], StringComparison.Ordinal);
        Assert.Empty(p.Storage.Calls);
        p.H.KeepsStorageCertificates = true;
        await p.SettleAsync("cp1");
        Assert.True(p.H.IsReady("cp1"));
    }

    [Fact]
    public async Task One_that_serves_does_not_mind_that_the_service_is_away_and_asks_it_nothing()
    {
        await p.ReadyAsync();
        p.Storage.Calls.Clear();
        p.Storage.Away = "away";
        p.H.Edit("cp1", cp => cp["spec"]!["replicas"] = 2);
        await p.SettleAsync("cp1");
        Assert.True(p.H.IsReady("cp1"));
        Assert.Equal("2", p.H.Api.Get(ApiServer)!["spec"]!["replicas"]!.ToString());
        p.Storage.Calls.Clear();
        await p.H.ReconcileAsync("cp1");
        Assert.Empty(p.Storage.Calls);
    }

    [Fact]
    public async Task A_store_that_was_lost_is_not_replaced_by_an_empty_one_unasked()
    {
        await p.ReadyAsync();
        p.Storage.Stores.Clear();
        p.Nodes.Stuck.Add("kube-apiserver");
        p.Nodes.Work();
        await p.H.ReconcileAsync("cp1");
        await p.H.ReconcileAsync("cp1");
        Assert.Contains("where this control plane's data was", (string?)p.H.Condition("cp1", "Synced")["message"], StringComparison.Ordinal);
        Assert.Contains("delete secret \"cp1-store\"", (string?)p.H.Condition("cp1", "Synced")["message"], StringComparison.Ordinal);
        Assert.Empty(p.Storage.Stores);
        p.H.Api.Remove(Memory);
        p.Nodes.Stuck.Clear();
        await p.SettleAsync("cp1");
        Assert.True(p.H.IsReady("cp1"));
        Assert.Single(p.Storage.Stores);
    }

    [Fact]
    public async Task Secrets_that_are_lost_are_made_anew_and_the_store_stays()
    {
        await p.ReadyAsync();
        var store = Assert.Single(p.Storage.Stores);
        p.H.Api.Remove(Harness.Secret("cp1", "storage-client"));
        p.H.Api.Remove(Memory);
        await p.SettleAsync("cp1");
        Assert.Equal(store, Assert.Single(p.Storage.Stores));
        Assert.DoesNotContain(p.Storage.Calls, c => c.StartsWith("DELETE", StringComparison.Ordinal));
        Assert.NotNull(p.H.Api.Get(Memory));
        Assert.True(p.H.IsReady("cp1"));
    }

    [Fact]
    public async Task Renewal_and_a_wish_for_it_roll_out()
    {
        await p.ReadyAsync();
        string Inputs() => (string)p.H.Api.Get(ApiServer)!["spec"]!["template"]!["metadata"]!["annotations"]!["kflex.kubestellar.org/inputs"]!;
        var (inputs, client) = (Inputs(), p.H.SecretText("cp1", "storage-client", "tls.crt"));
        p.H.Annotate("cp1", Names.RotateCertificatesAnnotation, "now");
        await p.H.ReconcileAsync("cp1");
        Assert.NotEqual(client, p.H.SecretText("cp1", "storage-client", "tls.crt"));
        Assert.NotEqual(inputs, Inputs());
        (inputs, client) = (Inputs(), p.H.SecretText("cp1", "storage-client", "tls.crt"));
        p.H.Time.Advance(TimeSpan.FromDays(244));
        await p.H.ReconcileAsync("cp1");
        Assert.NotEqual(client, p.H.SecretText("cp1", "storage-client", "tls.crt"));
        Assert.NotEqual(inputs, Inputs());
    }

    [Fact]
    public async Task Deletion_waits_for_the_service_tells_so_and_looks_again()
    {
        await p.ReadyAsync();
        var store = Assert.Single(p.Storage.Stores);
        p.Storage.Away = "it answers 503: the storage is unavailable, try again later";
        var asked = new List<string>();
        p.H.Operator.StorageUnanswered = asked.Add;
        await p.H.DeleteAsync("cp1");
        await p.H.ReconcileAsync("cp1");
        Assert.Equal(["cp1"], asked);
        Assert.Equal($"waiting for the storage service to delete store \"{store}\": it answers 503: the storage is unavailable, try again later", (string?)p.H.Condition("cp1", "Ready")["message"]);
        p.Storage.Away = null;
        await p.H.ReconcileAsync("cp1");
        Assert.Null(p.H.Find("cp1"));
        Assert.Null(p.H.Api.Get(Memory));
        Assert.Empty(p.Storage.Stores);
    }

    [Theory]
    [InlineData("services")]
    [InlineData("deployments")]
    [InlineData("secrets")]
    public async Task With_the_service_or_its_database_gone_nothing_holds_the_finalizer(string what)
    {
        await p.ReadyAsync();
        p.Storage.Away = "no such host";
        p.H.Api.Remove(what switch
        {
            "services" => Service,
            "deployments" => Kinds.Deployments.In(Names.SystemNamespace).Named("kubeflex-storage"),
            _ => Resources.Secrets.In(Names.SystemNamespace).Named("postgres-postgresql"),
        });
        await p.H.DeleteAsync("cp1");
        await p.H.ReconcileAsync("cp1");
        Assert.Null(p.H.Find("cp1"));
        Assert.Null(p.H.Api.Get(Memory));
    }

    [Fact]
    public async Task Half_made_it_goes_as_well()
    {
        p.Storage.Away = "away";
        p.H.CreateControlPlane("cp1");
        await p.H.ReconcileAsync("cp1");
        Assert.NotNull(p.H.Api.Get(Memory));
        p.Storage.Away = null;
        await p.H.DeleteAsync("cp1");
        await p.H.ReconcileAsync("cp1");
        Assert.Null(p.H.Find("cp1"));
        Assert.Null(p.H.Api.Get(Memory));
    }

    [Fact]
    public async Task The_deletion_of_what_has_no_store_does_not_ask_the_service()
    {
        await p.ReadyAsync("k8s", s => s["backend"] = "dedicated");
        p.Storage.Away = "away";
        await p.H.DeleteAsync("cp1");
        await p.H.ReconcileAsync("cp1");
        Assert.Null(p.H.Find("cp1"));
        Assert.Empty(p.Storage.Calls);
    }

    [Fact]
    public async Task Made_again_under_the_same_name_it_gets_another_store_and_what_a_former_one_left_goes()
    {
        await p.ReadyAsync();
        var first = Assert.Single(p.Storage.Stores);
        // Somebody took its finalizer away.
        p.H.Api.Remove(Harness.ControlPlane("cp1"));
        foreach (var at in new[] { ApiServer, Harness.Secret("cp1", "storage-client"), Harness.Secret("cp1", "k8s-certs"), Harness.Namespace("cp1") }) p.H.Api.Remove(at);
        await p.ReadyAsync();
        Assert.NotEqual(first, Assert.Single(p.Storage.Stores));
        Assert.Equal(Assert.Single(p.Storage.Stores), Encoding.UTF8.GetString(Convert.FromBase64String((string)p.H.Api.Get(Memory)!["data"]!["store"]!)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task What_has_its_data_in_Kine_stays_there_as_long_as_anything_tells(int lost)
    {
        await using var kine = PodsHarness.WithKine();
        await kine.ReadyAsync();
        Assert.Null(kine.H.Api.Get(Resources.Secrets.In(Names.SystemNamespace).Named("kubeflex-storage-ca")));
        ResourceRef[] marks = [Resources.Secrets.In(Names.SystemNamespace).Named("cp1-database"), Harness.Secret("cp1", "postgres-credentials")];
        foreach (var mark in marks.Take(lost)) kine.H.Api.Remove(mark);
        kine.Restart(new PodsOptions());
        await kine.SettleAsync("cp1");
        Assert.True(kine.H.IsReady("cp1"));
        Assert.Contains("--etcd-servers=http://127.0.0.1:2379", kine.H.Api.Get(ApiServer)!.ToJsonString(), StringComparison.Ordinal);
        Assert.Empty(kine.Storage.Calls);
        await kine.H.DeleteAsync("cp1");
        await kine.SettleAsync("cp1");
        Assert.Null(kine.H.Find("cp1"));
        Assert.Empty(kine.Storage.Calls);
    }

    [Fact]
    public async Task What_has_its_data_in_the_service_stays_there()
    {
        await p.ReadyAsync();
        var before = (Client: p.H.SecretText("cp1", "storage-client", "tls.crt"), Serving: System("kubeflex-storage-tls", "tls.crt"));
        p.Restart(new PodsOptions { SharedStorage = SharedStorageKind.Kine });
        p.H.Time.Advance(TimeSpan.FromDays(244));
        await p.SettleAsync("cp1");
        Assert.True(p.H.IsReady("cp1"));
        Assert.Contains("--etcd-servers=https://kubeflex-storage", p.H.Api.Get(ApiServer)!.ToJsonString(), StringComparison.Ordinal);
        Assert.Null(p.H.Api.Get(Harness.Secret("cp1", "postgres-credentials")));
        // Its certificates are renewed nevertheless.
        Assert.NotEqual(before.Client, p.H.SecretText("cp1", "storage-client", "tls.crt"));
        Assert.NotEqual(before.Serving, System("kubeflex-storage-tls", "tls.crt"));
    }

    private string System(string secret, string key) => p.H.SecretText("kubeflex", secret, key);
}
