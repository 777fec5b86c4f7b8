using System.Text.Json.Nodes;
using KubeFlex.Operator.Tests.Fakes;
using KubeFlex.Runtime.Client;
using KubeFlex.Testing;

namespace KubeFlex.Operator.Tests.Hooks;

/// <summary>What hooks can beyond KubeFlex: order, changes, destinations.</summary>
public sealed class HookFeatureTests : IAsyncDisposable
{
    private static readonly ResourceRef Jobs = new("batch", "v1", "jobs", "cp1-system");
    private static readonly ResourceRef Maps = Resources.ConfigMaps.In("cp1-system");

    private readonly Harness h = new();

    public ValueTask DisposeAsync() => h.DisposeAsync();

    [Fact]
    public async Task A_hook_comes_after_those_it_depends_on_and_waits_until_they_are_ready()
    {
        h.CreateHook("app", [Map("app")], more: s => s["dependsOn"] = new JsonArray("database"));
        h.CreateHook("database", [Job()]);
        Create("app", "database");
        var result = await h.ReconcileAsync("cp1");
        Assert.Equal(TimeSpan.FromMinutes(5), result.RequeueAfter);
        Assert.Null(h.Api.Get(Maps.Named("app")));
        Assert.Equal("""{"app":false,"database":false}""", Done());
        Assert.Equal(("ApplyingHooks", "0 of 2 hooks are done; under way: \"database\", \"app\""), Progress());

        SetJobStatus(new JsonObject { ["succeeded"] = 1 });
        await h.ReconcileAsync("cp1");
        Assert.NotNull(h.Api.Get(Maps.Named("app")));
        Assert.Equal("""{"app":true,"database":true}""", Done());
        Assert.Equal(("Complete", ""), Progress());
    }

    [Fact]
    public async Task A_circle_is_refused_with_its_names_and_others_go_on()
    {
        h.CreateHook("a", [Map("a")], more: s => s["dependsOn"] = new JsonArray("b"));
        h.CreateHook("b", [Map("b")], more: s => s["dependsOn"] = new JsonArray("c"));
        h.CreateHook("c", [Map("c")], more: s => s["dependsOn"] = new JsonArray("a"));
        h.CreateHook("d", [Map("d")]);
        h.CreateHook("e", [Map("e")], more: s => s["dependsOn"] = new JsonArray("b"));
        Create("a", "b", "c", "d", "e");
        Assert.False((await h.ReconcileAsync("cp1")).Retry);
        Assert.Equal("PostCreateHooks depend on each other in a circle: \"a\" → \"b\" → \"c\" → \"a\"; take one of these out of spec.dependsOn", (string?)h.Condition("cp1", "Synced")["message"]);
        Assert.Equal("Blocked", (string?)h.Condition("cp1", "Progressing")["reason"]);
        Assert.Equal(["d"], h.Api.All(Maps).Select(m => (string?)m["metadata"]!["name"]));
    }

    [Fact]
    public async Task A_dependency_that_is_not_named_is_an_error()
    {
        h.CreateHook("a", [Map("a")], more: s => s["dependsOn"] = new JsonArray("b"));
        Create("a");
        await h.ReconcileAsync("cp1");
        Assert.Contains("\"a\" depends on \"b\", which this control plane does not name", (string?)h.Condition("cp1", "Synced")["message"], StringComparison.Ordinal);
        Assert.Empty(h.Api.All(Maps));
    }

    [Fact]
    public async Task A_hook_that_asks_for_it_is_applied_again_when_it_or_its_variables_change()
    {
        void Put(string text) => h.CreateHook("conf", [Map("m", text), Job()], more: s => s["reapply"] = "OnChange");
        Put("1 {{.HOW}}");
        Create("conf");
        h.Edit("cp1", cp => cp["spec"]!["globalVars"] = new JsonObject { ["HOW"] = "x" });
        await h.ReconcileAsync("cp1");
        var job = (string?)h.Api.Get(Jobs.Named("j"))!["metadata"]!["uid"];
        SetJobStatus(new JsonObject { ["succeeded"] = 1 });
        h.Api.ClearRequests();
        await h.ReconcileAsync("cp1");
        Assert.Empty(h.Writes());

        Put("2 {{.HOW}}");
        await h.ReconcileAsync("cp1");
        Assert.Equal("2 x", Text());
        Assert.NotEqual(job, (string?)h.Api.Get(Jobs.Named("j"))!["metadata"]!["uid"]);
        Assert.True(h.IsReady("cp1"));

        h.Edit("cp1", cp => cp["spec"]!["globalVars"] = new JsonObject { ["HOW"] = "y", ["UNUSED"] = "z" });
        await h.ReconcileAsync("cp1");
        Assert.Equal("2 y", Text());
        SetJobStatus(new JsonObject { ["succeeded"] = 1 });
        h.Edit("cp1", cp => cp["spec"]!["globalVars"] = new JsonObject { ["HOW"] = "y" });
        await h.ReconcileAsync("cp1");
        h.Api.ClearRequests();
        await h.ReconcileAsync("cp1");
        Assert.Empty(h.Writes());
    }

    [Fact]
    public async Task Without_asking_a_changed_hook_is_not_applied_again()
    {
        h.CreateHook("conf", [Map("m", "1")]);
        Create("conf");
        await h.ReconcileAsync("cp1");
        h.CreateHook("conf", [Map("m", "2"), Map("n")]);
        await h.ReconcileAsync("cp1");
        Assert.Equal("1", Text());
        Assert.Null(h.Api.Get(Maps.Named("n")));
    }

    [Fact]
    public async Task A_job_that_fails_after_its_hook_is_done_is_reported_and_run_again()
    {
        h.CreateHook("job", [Job()]);
        Create("job");
        Assert.NotNull((await h.ReconcileAsync("cp1")).RequeueAfter);
        Assert.Equal("""{"job":true}""", Done());
        SetJobStatus(new JsonObject
        {
            ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Failed", ["status"] = "True", ["reason"] = "DeadlineExceeded", ["message"] = "too slow", ["lastTransitionTime"] = "2026-07-01T12:00:00Z" }),
        });
        Assert.Equal(TimeSpan.FromSeconds(30), (await h.ReconcileAsync("cp1")).RequeueAfter);
        Assert.Contains("the Job failed (attempt 1): DeadlineExceeded: too slow", (string?)h.Condition("cp1", "Synced")["message"], StringComparison.Ordinal);
        Assert.True(h.IsReady("cp1"));
        h.Time.Advance(TimeSpan.FromSeconds(30));
        await h.ReconcileAsync("cp1");
        Assert.Equal("2", (string?)h.Api.Get(Jobs.Named("j"))!["metadata"]!["annotations"]!["kflex.kubestellar.org/attempt"]);
        SetJobStatus(new JsonObject { ["succeeded"] = 1 });
        await h.ReconcileAsync("cp1");
        Assert.Equal("ReconcileSuccess", (string?)h.Condition("cp1", "Synced")["reason"]);
    }

    [Fact]
    public async Task A_hook_can_apply_into_the_control_plane()
    {
        using var tenant = new FakeApi();
        foreach (var ns in new[] { "default", "apps" }) tenant.Put(Resources.Namespaces.Named(ns), []);
        var elsewhere = Map("n");
        elsewhere["metadata"]!["namespace"] = "apps";
        h.CreateHook("inside", [Map("m", "for {{.ControlPlaneName}}"), elsewhere,
            new JsonObject { ["apiVersion"] = "rbac.authorization.k8s.io/v1", ["kind"] = "ClusterRole", ["metadata"] = new JsonObject { ["name"] = "r" } }], more: s => s["target"] = "ControlPlane");
        Create("inside");
        // It is away at first.
        Assert.True((await h.ReconcileAsync("cp1")).Retry);
        Assert.Contains("PostCreateHook \"inside\": the control plane cannot be reached", (string?)h.Condition("cp1", "Synced")["message"], StringComparison.Ordinal);
        Assert.True(h.IsReady("cp1"));

        h.Tenants.Servers["https://127.0.0.1:9443/controlplanes/cp1/"] = tenant;
        await h.ReconcileAsync("cp1");
        Assert.Equal("""{"inside":true}""", Done());
        Assert.Equal("for cp1", (string?)tenant.Get(Resources.ConfigMaps.In("default").Named("m"))!["data"]!["v"]);
        Assert.NotNull(tenant.Get(Resources.ConfigMaps.In("apps").Named("n")));
        Assert.Null(tenant.Get(new ResourceRef("rbac.authorization.k8s.io", "v1", "clusterroles", null, "r"))!["metadata"]!["labels"]);
        Assert.Empty(h.Api.All(Resources.ConfigMaps));
    }

    [Theory]
    [InlineData("""{"succeeded":1}""", true, "")]
    [InlineData("""{"conditions":[{"type":"Failed","status":"True","reason":"DeadlineExceeded","message":"too slow"}]}""", false, "DeadlineExceeded: too slow")]
    public async Task What_hooks_made_is_watched_while_it_is_waited_for(string status, bool ready, string told)
    {
        h.Run();
        h.CreateHook("job", [Job()]);
        h.CreateControlPlane("cp1", more: s => (s["postCreateHook"], s["waitForPostCreateHooks"]) = ("job", true));
        await h.UntilAsync(() => h.Find("cp1")!["status"]?["conditions"] is not null && Progress().Item1 == "ApplyingHooks");
        Assert.Equal("cp1", (string?)h.Api.Get(Jobs.Named("j"))!["metadata"]!["labels"]!["kflex.kubestellar.org/hook-of"]);
        // The clock is the real one: the safety net is minutes away.
        SetJobStatus((JsonObject)JsonNode.Parse(status)!);
        await h.UntilAsync(() => h.IsReady("cp1") == ready && ((string?)h.Condition("cp1", "Synced")["message"])!.EndsWith(told, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_failed_pod_is_told()
    {
        h.Api.Served.Add(new FakeResource("", "v1", "pods", "Pod", true));
        h.CreateHook("pod", [new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Pod", ["metadata"] = new JsonObject { ["name"] = "p" } }]);
        h.CreateControlPlane("cp1", more: s => (s["postCreateHook"], s["waitForPostCreateHooks"]) = ("pod", true));
        await h.ReconcileAsync("cp1");
        var at = new ResourceRef("", "v1", "pods", "cp1-system", "p");
        var pod = h.Api.Get(at)!;
        pod["status"] = new JsonObject { ["phase"] = "Failed", ["reason"] = "Evicted", ["message"] = "the node was low on memory" };
        h.Api.Put(at, pod);
        await h.ReconcileAsync("cp1");
        Assert.Equal("PostCreateHook \"pod\", template 0 (Pod/p): Evicted: the node was low on memory", (string?)h.Condition("cp1", "Synced")["message"]);
        Assert.False(h.IsReady("cp1"));
    }

    private void Create(params string[] hooks) =>
        h.CreateControlPlane("cp1", more: s => s["postCreateHooks"] = new JsonArray([.. hooks.Select(n => (JsonNode)new JsonObject { ["hookName"] = n })]));

    private string Done() => h.Find("cp1")!["status"]!["postCreateHooks"] is JsonObject done
        ? new JsonObject(done.OrderBy(d => d.Key, StringComparer.Ordinal).Select(d => KeyValuePair.Create(d.Key, d.Value?.DeepClone()))).ToJsonString() : "";

    private (string?, string?) Progress() => ((string?)h.Condition("cp1", "Progressing")["reason"], (string?)h.Condition("cp1", "Progressing")["message"]);

    private string? Text() => (string?)h.Api.Get(Maps.Named("m"))!["data"]!["v"];

    private void SetJobStatus(JsonObject status)
    {
        var job = h.Api.Get(Jobs.Named("j"))!;
        job["status"] = status;
        h.Api.Put(Jobs.Named("j"), job);
    }

    private static JsonObject Job() => new() { ["apiVersion"] = "batch/v1", ["kind"] = "Job", ["metadata"] = new JsonObject { ["name"] = "j" } };

    private static JsonObject Map(string name, string value = "") => new()
    {
        ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = new JsonObject { ["name"] = name }, ["data"] = new JsonObject { ["v"] = value },
    };
}
