using System.Text.Json.Nodes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Tests.Fakes;

/// <summary>A hosting cluster with nodes, KubeFlex's settings and a PostgreSQL.</summary>
internal sealed class PodsHarness : IAsyncDisposable
{
    public PodsHarness(PodsOptions? pods = null, JsonObject? config = null)
    {
        H = new Harness(new OperatorOptions { Pods = pods ?? new PodsOptions(), DefaultRuntime = "Pods" }, Tenants);
        Nodes = new FakeNodes(H.Api);
        H.Api.Put(Resources.Namespaces.Named(Names.SystemNamespace), []);
        H.Api.Put(Resources.Secrets.In(Names.SystemNamespace).Named("postgres-postgresql"), new JsonObject { ["data"] = new JsonObject { ["postgres-password"] = "c2VjcmV0" } });
        Configure(config ?? new JsonObject { ["domain"] = "localtest.me", ["externalPort"] = "9443", ["hostContainer"] = "kubeflex-control-plane", ["isOpenShift"] = "false" });
    }

    public Harness H { get; }

    public FakePodTenants Tenants { get; } = new();

    public FakeNodes Nodes { get; }

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
