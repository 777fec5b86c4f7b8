using System.Text.Json.Nodes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Objects;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Tests.Fakes;

/// <summary>A hosting cluster with nodes, KubeFlex's settings, a PostgreSQL and the storage service.</summary>
internal sealed class PodsHarness : IAsyncDisposable
{
    /// <summary>Control planes with the shared backend begin with Kine.</summary>
    public static PodsHarness WithKine() => new(new PodsOptions { SharedStorage = SharedStorageKind.Kine });

    public PodsHarness(PodsOptions? pods = null, JsonObject? config = null)
    {
        H = new Harness(new OperatorOptions { Pods = pods ?? new PodsOptions(), DefaultRuntime = "Pods" }, Tenants, Storage);
        Nodes = new FakeNodes(H.Api);
        H.Api.Put(Resources.Namespaces.Named(Names.SystemNamespace), []);
        H.Api.Put(Resources.Secrets.In(Names.SystemNamespace).Named("postgres-postgresql"), new JsonObject { ["data"] = new JsonObject { ["postgres-password"] = "c2VjcmV0" } });
        H.Api.Put(Resources.Services.In(Names.SystemNamespace).Named("kubeflex-storage"), new JsonObject { ["spec"] = new JsonObject { ["type"] = "ClusterIP" } });
        H.Api.Put(Kinds.Deployments.In(Names.SystemNamespace).Named("kubeflex-storage"), Manifest.Parse(
            """
            spec:
              replicas: 1
              template:
                spec:
                  containers:
                  - name: storage
                    env:
                    - {name: PGPASSWORD, valueFrom: {secretKeyRef: {name: postgres-postgresql, key: postgres-password}}}
            """));
        Configure(config ?? new JsonObject { ["domain"] = "localtest.me", ["externalPort"] = "9443", ["hostContainer"] = "kubeflex-control-plane", ["isOpenShift"] = "false" });
    }

    public Harness H { get; }

    public FakePodTenants Tenants { get; } = new();

    public FakeStorageService Storage { get; } = new();

    public FakeNodes Nodes { get; }

    /// <summary>The next pass is one of an operator with other settings.</summary>
    public void Restart(PodsOptions pods) => H.Restart(H.Options with { Pods = pods });

    public void Configure(JsonObject data) =>
        H.Api.Put(Resources.ConfigMaps.In(Names.SystemNamespace).Named(Names.SystemConfig), new JsonObject { ["data"] = data });

    /// <summary>Passes and nodes' work in turn until it is ready or nothing more comes.</summary>
    public async Task SettleAsync(string name, int rounds = 8)
    {
        for (var i = 0; i < rounds; i++)
        {
            await H.ReconcileAsync(name);
            Nodes.Work();
        }
        await H.ReconcileAsync(name);
    }

    public async Task<PodsHarness> ReadyAsync(string type = "k8s", Action<JsonObject>? more = null)
    {
        H.CreateControlPlane("cp1", type, more);
        await SettleAsync("cp1");
        Assert.True(H.IsReady("cp1"), H.Find("cp1")!["status"]?.ToJsonString());
        return this;
    }

    public ValueTask DisposeAsync() => H.DisposeAsync();
}
