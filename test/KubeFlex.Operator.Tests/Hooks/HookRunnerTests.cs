using System.Text.Json.Nodes;
using KubeFlex.Operator.Tests.Fakes;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Tests.Hooks;

public sealed class HookRunnerTests : IAsyncDisposable
{
    private static readonly ResourceRef Jobs = new("batch", "v1", "jobs", "cp1-system");
    private static readonly ResourceRef Maps = Resources.ConfigMaps.In("cp1-system");

    private readonly Harness h = new();

    public ValueTask DisposeAsync() => h.DisposeAsync();

    [Fact]
    public async Task Variables_come_from_four_places_in_order()
    {
        h.CreateHook("hello", [Map("m", new JsonObject { ["v"] = "{{.A}}{{.B}}{{.C}} {{.Namespace}} {{.ControlPlaneName}} {{.HookName}}" })],
            [Default("A", "default"), Default("B", "default"), Default("C", "default"), Default("HookName", "mine")]);
        h.CreateControlPlane("cp1", more: s =>
        {
            s["globalVars"] = new JsonObject { ["B"] = "-global", ["C"] = "-global" };
            s["postCreateHooks"] = new JsonArray(new JsonObject { ["hookName"] = "hello", ["vars"] = new JsonObject { ["C"] = "-hook" } });
        });
        await h.ReconcileAsync("cp1");
        Assert.Equal("default-global-hook cp1-system cp1 hello", (string?)h.Api.Get(Maps.Named("m"))!["data"]!["v"]);
        Assert.Equal("""{"hello":true}""", h.Find("cp1")!["status"]!["postCreateHooks"]!.ToJsonString());
        Assert.True((bool)h.Find("cp1")!["status"]!["postCreateHookCompleted"]!);
        Assert.True(h.IsReady("cp1"));
    }

    [Fact]
    public async Task The_legacy_hook_comes_first_and_each_is_applied_once()
    {
        h.CreateHook("one", [Map("m1", [])]);
        h.CreateHook("two", [Map("m2", [])]);
        h.CreateControlPlane("cp1", more: s =>
        {
            s["postCreateHook"] = "two";
            s["postCreateHooks"] = new JsonArray(Named("one"), Named("two"), Named("one"));
        });
        await h.ReconcileAsync("cp1");
        Assert.Equal(["m2", "m1"], h.Writes().Where(r => r.Path.Contains("/configmaps/", StringComparison.Ordinal)).Select(r => r.Path.Split('/')[^1]));
        h.Api.ClearRequests();
        h.Api.Remove(Maps.Named("m1"));
        await h.ReconcileAsync("cp1");
        Assert.Empty(h.Writes());
    }

    [Fact]
    public async Task Cluster_scoped_objects_are_marked_and_labels_of_the_hook_copied()
    {
        h.CreateHook("role", [new JsonObject { ["apiVersion"] = "rbac.authorization.k8s.io/v1", ["kind"] = "ClusterRole", ["metadata"] = new JsonObject { ["name"] = "r" } }],
            labels: new JsonObject { ["kflex.kubestellar.io/flavor"] = "openshift" });
        h.CreateControlPlane("cp1", more: s => s["postCreateHook"] = "role");
        await h.ReconcileAsync("cp1");
        var role = h.Api.Get(new ResourceRef("rbac.authorization.k8s.io", "v1", "clusterroles", null, "r"))!;
        Assert.Equal(("Helm", "cp1-system"), ((string?)role["metadata"]!["labels"]!["app.kubernetes.io/managed-by"], (string?)role["metadata"]!["annotations"]!["meta.helm.sh/release-namespace"]));
        Assert.Equal("openshift", (string?)h.Find("cp1")!["metadata"]!["labels"]!["kflex.kubestellar.io/flavor"]);
    }

    [Fact]
    public async Task A_mistake_in_one_hook_is_told_applies_nothing_of_it_and_does_not_stop_the_next()
    {
        h.CreateHook("bad", [Map("m1", []), Map("m2", new JsonObject { ["v"] = "{{.NOPE}}" })]);
        h.CreateHook("good", [Map("m3", [])]);
        h.CreateControlPlane("cp1", more: s => s["postCreateHooks"] = new JsonArray(Named("bad"), Named("good")));
        var result = await h.ReconcileAsync("cp1");
        Assert.False(result.Retry);
        Assert.Null(h.Api.Get(Maps.Named("m1")));
        Assert.NotNull(h.Api.Get(Maps.Named("m3")));
        Assert.StartsWith("PostCreateHook \"bad\", template 1 (ConfigMap/m2): variable \"NOPE\" is not defined", (string?)h.Condition("cp1", "Synced")["message"], StringComparison.Ordinal);
        Assert.Equal("""{"bad":false,"good":true}""", h.Find("cp1")!["status"]!["postCreateHooks"]!.ToJsonString());
        Assert.True(h.IsReady("cp1"));
        Assert.Single(h.Events("SyncFail"));
    }

    [Fact]
    public async Task Another_namespace_is_refused_an_unknown_kind_tried_again()
    {
        var elsewhere = Map("m", []);
        elsewhere["metadata"]!["namespace"] = "kube-system";
        h.CreateHook("elsewhere", [elsewhere]);
        h.CreateHook("unknown", [new JsonObject { ["apiVersion"] = "example.com/v1", ["kind"] = "Widget", ["metadata"] = new JsonObject { ["name"] = "w" } }]);
        h.CreateControlPlane("cp1", more: s => s["postCreateHooks"] = new JsonArray(Named("elsewhere"), Named("unknown")));
        Assert.True((await h.ReconcileAsync("cp1")).Retry);
        var message = (string?)h.Condition("cp1", "Synced")["message"];
        Assert.Contains("metadata.namespace is \"kube-system\"", message, StringComparison.Ordinal);
        Assert.Contains("does not serve kind \"Widget\" of \"example.com/v1\"", message, StringComparison.Ordinal);

        h.Api.Served.Add(new("example.com", "v1", "widgets", "Widget", true));
        await h.ReconcileAsync("cp1");
        Assert.NotNull(h.Api.Get(new ResourceRef("example.com", "v1", "widgets", "cp1-system", "w")));
    }

    [Fact]
    public async Task Ready_waits_for_what_hooks_made_when_asked_to()
    {
        h.CreateHook("job", [Job()]);
        h.CreateControlPlane("cp1", more: s => (s["postCreateHook"], s["waitForPostCreateHooks"]) = ("job", true));
        var result = await h.ReconcileAsync("cp1");
        Assert.Equal(TimeSpan.FromMinutes(5), result.RequeueAfter);
        Assert.Equal(("WaitingForPostCreateHooks", "Waiting for PostCreateHook completion"), ((string?)h.Condition("cp1", "Ready")["reason"], (string?)h.Condition("cp1", "Ready")["message"]));
        Assert.False((bool)h.Find("cp1")!["status"]!["postCreateHookCompleted"]!);

        SetStatus(new JsonObject { ["succeeded"] = 1 });
        await h.ReconcileAsync("cp1");
        Assert.True(h.IsReady("cp1"));
        Assert.True((bool)h.Find("cp1")!["status"]!["postCreateHookCompleted"]!);
    }

    [Fact]
    public async Task Waiting_without_hooks_is_no_waiting()
    {
        h.CreateControlPlane("cp1", more: s => s["waitForPostCreateHooks"] = true);
        await h.ReconcileAsync("cp1");
        Assert.True(h.IsReady("cp1"));
    }

    [Fact]
    public async Task A_failed_job_is_reported_with_its_reason_and_run_again_later()
    {
        h.CreateHook("job", [Job()]);
        h.CreateControlPlane("cp1", more: s => (s["postCreateHook"], s["waitForPostCreateHooks"]) = ("job", true));
        await h.ReconcileAsync("cp1");
        Fail();
        var first = (string?)h.Api.Get(Jobs.Named("j"))!["metadata"]!["uid"];
        var result = await h.ReconcileAsync("cp1");
        Assert.Equal(TimeSpan.FromSeconds(30), result.RequeueAfter);
        Assert.Equal("PostCreateHook \"job\", template 0 (Job/j): the Job failed (attempt 1): BackoffLimitExceeded: too many retries", (string?)h.Condition("cp1", "Synced")["message"]);

        h.Time.Advance(TimeSpan.FromSeconds(30));
        await h.ReconcileAsync("cp1");
        var second = h.Api.Get(Jobs.Named("j"))!;
        Assert.NotEqual(first, (string?)second["metadata"]!["uid"]);
        Assert.Equal("2", (string?)second["metadata"]!["annotations"]!["kflex.kubestellar.org/attempt"]);
        Fail();
        Assert.Equal(TimeSpan.FromSeconds(60), (await h.ReconcileAsync("cp1")).RequeueAfter);
    }

    private void Fail() => SetStatus(new JsonObject
    {
        ["conditions"] = new JsonArray(new JsonObject
        {
            ["type"] = "Failed", ["status"] = "True", ["reason"] = "BackoffLimitExceeded", ["message"] = "too many retries",
            ["lastTransitionTime"] = h.Time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture),
        }),
    });

    private void SetStatus(JsonObject status)
    {
        var job = h.Api.Get(Jobs.Named("j"))!;
        job["status"] = status;
        h.Api.Put(Jobs.Named("j"), job);
    }

    private static JsonObject Job() => new() { ["apiVersion"] = "batch/v1", ["kind"] = "Job", ["metadata"] = new JsonObject { ["name"] = "j" } };

    private static JsonObject Map(string name, JsonObject data) =>
        new() { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = new JsonObject { ["name"] = name }, ["data"] = data };

    private static JsonObject Named(string hook) => new() { ["hookName"] = hook };

    private static JsonObject Default(string name, string value) => new() { ["name"] = name, ["value"] = value };
}
