using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Fairness;
using KubeFlex.Machinery.Catalog;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeFlex.ApiServer.Tests.Fairness;

public sealed class PipelineTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    [Fact]
    public async Task Creates_of_clients_wait_for_the_backlog_and_nothing_else_does()
    {
        var backlog = new Backlog(new("", "configmaps"), 0);
        await using var plane = await StartAsync(backlog);
        backlog.Report(1);
        var create = ClientAsync(plane, "POST", Maps, TestPlane.ConfigMap("a"));
        Assert.False(create.IsCompleted);

        // Reads, writes of other kinds, changes of the same kind, and callers inside the process.
        Assert.Equal(200, (await ClientAsync(plane, "GET", Maps)).Code);
        Assert.Equal(201, (await ClientAsync(plane, "POST", "/api/v1/namespaces", new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = "more" },
        })).Code);
        Assert.Equal(201, (await plane.CallAsync("POST", Maps, TestPlane.ConfigMap("inside"))).Code);
        Assert.Equal(200, (await ClientAsync(plane, "DELETE", Maps + "/inside")).Code);
        Assert.False(create.IsCompleted);

        backlog.Report(0);
        Assert.Equal(201, (await create).Code);
    }

    [Fact]
    public async Task Too_many_waiting_are_told_to_come_back()
    {
        var backlog = new Backlog(new("", "configmaps"), 0);
        await using var plane = await StartAsync(backlog);
        backlog.Report(1);
        var waiting = Enumerable.Range(0, 300).Select(i => ClientAsync(plane, "POST", Maps, TestPlane.ConfigMap($"m{i}"))).ToList();
        var refused = await ClientAsync(plane, "POST", Maps, TestPlane.ConfigMap("late"));
        Assert.Equal((429, "1", "Too many requests, please try again later.\n"), (refused.Code, refused.Headers.RetryAfter.ToString(), refused.Text));
        Assert.StartsWith("text/plain", refused.ContentType, StringComparison.Ordinal);

        backlog.Report(0);
        Assert.All(await Task.WhenAll(waiting), answer => Assert.Equal(201, answer.Code));
        Assert.Equal(404, (await ClientAsync(plane, "GET", Maps + "/late")).Code);
    }

    /// <summary>A process of its own: seats are shared by all control planes of one.</summary>
    private static async Task<TestPlane> StartAsync(Backlog backlog)
    {
        var plane = await TestPlane.StartAsync(shared: new SharedApi(ApiCatalog.Load(), TimeProvider.System, NullLoggerFactory.Instance), backlog: backlog);
        Assert.Equal(201, (await plane.CallAsync("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", new JsonObject
        {
            ["apiVersion"] = "rbac.authorization.k8s.io/v1", ["kind"] = "ClusterRoleBinding", ["metadata"] = new JsonObject { ["name"] = "robot" },
            ["roleRef"] = new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = "ClusterRole", ["name"] = "cluster-admin" },
            ["subjects"] = new JsonArray(new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = "User", ["name"] = "robot" }),
        })).Code);
        return plane;
    }

    /// <summary>With a token, as from outside.</summary>
    private static Task<TestAnswer> ClientAsync(TestPlane plane, string method, string url, JsonObject? body = null) =>
        plane.SendAsync(method, url, body is null ? null : Encoding.UTF8.GetBytes(body.ToJsonString()), prepare: c => c.Request.Headers.Authorization = "Bearer secret-token");
}
