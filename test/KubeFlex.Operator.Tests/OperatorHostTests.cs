using System.Text.Json.Nodes;
using KubeFlex.Operator.Tests.Fakes;
using KubeFlex.Runtime.Client;
using KubeFlex.Testing;

namespace KubeFlex.Operator.Tests;

public sealed class OperatorHostTests
{
    [Fact]
    public async Task A_thousand_at_once_become_ready_and_go_again()
    {
        await using var h = new Harness(new OperatorOptions { Workers = 8 });
        h.Run();
        var names = Enumerable.Range(0, 1000).Select(i => $"cp{i}").ToList();
        foreach (var name in names) h.CreateControlPlane(name);
        await h.UntilAsync(() => h.Host.Running.Count == 1000);
        foreach (var name in names) await h.UntilAsync(() => h.IsReady(name));
        foreach (var name in names) await h.DeleteAsync(name);
        foreach (var name in names) await h.UntilAsync(() => h.Find(name) is null);
        Assert.Empty(h.Host.Running);
        Assert.Empty(h.Api.All(Resources.Namespaces));
        Assert.Empty(h.Api.All(Resources.Secrets));
    }

    [Fact]
    public async Task Its_own_writes_do_not_bring_it_back_for_ever()
    {
        await using var h = new Harness();
        h.Run();
        h.CreateControlPlane("cp1");
        await h.UntilAsync(() => h.Events("SyncSuccess").Count > 0);
        h.CreateControlPlane("cp2");
        await h.UntilAsync(() => h.Events("SyncSuccess").Count > 1);
        Assert.InRange(h.Host.Calls.Count(c => c == "check cp1"), 1, 2);
    }

    [Fact]
    public async Task A_lost_secret_and_a_late_hook_are_noticed()
    {
        await using var h = new Harness();
        h.Run();
        h.CreateControlPlane("cp1", more: s =>
        {
            s["postCreateHooks"] = new JsonArray(new JsonObject { ["hookName"] = "late" });
            s["waitForPostCreateHooks"] = true;
        });
        await h.UntilAsync(() => h.Events("SyncFail").Count > 0);
        Assert.False(h.IsReady("cp1"));
        Assert.Contains("\"late\" not found", (string?)h.Condition("cp1", "Synced")["message"], StringComparison.Ordinal);
        h.CreateHook("late", [new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = new JsonObject { ["name"] = "m" } }]);
        await h.UntilAsync(() => h.IsReady("cp1"));

        h.Api.Remove(Harness.Secret("cp1", "admin-kubeconfig"));
        await h.UntilAsync(() => h.Api.Get(Harness.Secret("cp1", "admin-kubeconfig")) is not null);
    }

    [Fact]
    public async Task A_namespace_that_goes_lets_its_control_plane_go()
    {
        await using var h = new Harness();
        h.Api.HeldNamespaces.Add("cp1-system");
        h.Run();
        h.CreateControlPlane("cp1");
        await h.UntilAsync(() => h.IsReady("cp1"));
        await h.DeleteAsync("cp1");
        await h.UntilAsync(() => h.Find("cp1")?["status"]?["conditions"]?[0]?["reason"]?.ToString() == "Deleting");
        h.Api.HeldNamespaces.Clear();
        h.Api.Remove(Harness.Namespace("cp1"));
        await h.UntilAsync(() => h.Find("cp1") is null);
    }

    [Fact]
    public async Task It_brings_its_definitions_and_survives_an_API_that_stutters()
    {
        await using var h = new Harness();
        var n = 0;
        h.Api.Intercept = r => r.Path.Contains("-system", StringComparison.Ordinal) && Interlocked.Increment(ref n) % 3 == 1 ? FakeApi.Failure(503, "ServiceUnavailable", "busy") : null;
        h.Run();
        h.CreateControlPlane("cp1");
        await h.UntilAsync(() => h.IsReady("cp1"));
        Assert.Equal(["controlplanes.tenancy.kflex.kubestellar.org", "postcreatehooks.tenancy.kflex.kubestellar.org"],
            h.Api.All(Resources.CustomResourceDefinitions).Select(c => (string?)c["metadata"]!["name"]));
    }
}
