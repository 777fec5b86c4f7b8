using System.Text;
using System.Text.Json.Nodes;

namespace KubeFlex.ApiServer.Tests.Verbs;

public sealed class ObjectTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    [Fact]
    public async Task AnObjectIsCreatedReadChangedAndDeleted()
    {
        await using var plane = await TestPlane.StartAsync();
        var created = await plane.CreateAsync(Maps, TestPlane.ConfigMap("a"));
        Assert.NotEmpty((string)created["metadata"]!["uid"]!);
        var read = await plane.CallAsync("GET", Maps + "/a");
        Assert.True(JsonNode.DeepEquals(created, read.Json));
        created["data"] = new JsonObject { ["k"] = "w" };
        var updated = await plane.CallAsync("PUT", Maps + "/a", created);
        Assert.Equal(200, updated.Code);
        Assert.NotEqual(read.Version, updated.Version);
        var stale = await plane.CallAsync("PUT", Maps + "/a", created);
        Assert.Equal((409, "Conflict"), (stale.Code, stale.Reason));
        var deleted = await plane.CallAsync("DELETE", Maps + "/a");
        Assert.Equal("Success", (string?)deleted.Json["status"]);
        Assert.Equal(404, (await plane.CallAsync("GET", Maps + "/a")).Code);
    }

    [Fact]
    public async Task AWriteThatChangesNothingKeepsTheVersion()
    {
        await using var plane = await TestPlane.StartAsync();
        var created = await plane.CreateAsync(Maps, TestPlane.ConfigMap("a"));
        var again = await plane.CallAsync("PUT", Maps + "/a", TestPlane.ConfigMap("a"));
        Assert.Equal((string?)created["metadata"]!["resourceVersion"], again.Version);
    }

    [Fact]
    public async Task ApplyingTheSameAgainKeepsTheVersionAlsoWhereQuantitiesAreSpelledDifferently()
    {
        await using var plane = await TestPlane.StartAsync();
        const string path = "/api/v1/namespaces/default/resourcequotas/q?fieldManager=m";
        var quota = JsonNode.Parse("""{"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"q"},"spec":{"hard":{"requests.cpu":2,"requests.memory":"1024Mi"}}}""")!.AsObject();
        var first = await plane.CallAsync("PATCH", path, quota, "application/apply-patch+yaml");
        Assert.Equal(201, first.Code);
        var again = await plane.CallAsync("PATCH", path, quota, "application/apply-patch+yaml");
        Assert.Equal(200, again.Code);
        Assert.Equal(first.Version, again.Version);
    }

    [Fact]
    public async Task ADryRunStoresNothing()
    {
        await using var plane = await TestPlane.StartAsync();
        Assert.Equal(201, (await plane.CallAsync("POST", Maps + "?dryRun=All", TestPlane.ConfigMap("a"))).Code);
        Assert.Equal(404, (await plane.CallAsync("GET", Maps + "/a")).Code);
        await plane.CreateAsync(Maps, TestPlane.ConfigMap("a"));
        Assert.Equal(200, (await plane.CallAsync("DELETE", Maps + "/a?dryRun=All")).Code);
        Assert.Equal(200, (await plane.CallAsync("GET", Maps + "/a")).Code);
    }

    [Theory]
    [InlineData("application/merge-patch+json", "{\"data\":{\"x\":\"1\"}}", 200)]
    [InlineData("application/strategic-merge-patch+json", "{\"data\":{\"x\":\"1\"}}", 200)]
    [InlineData("application/json-patch+json", "[{\"op\":\"add\",\"path\":\"/data/x\",\"value\":\"1\"}]", 200)]
    [InlineData("application/apply-patch+yaml", "apiVersion: v1\nkind: ConfigMap\ndata: {x: \"1\"}\n", 200)]
    [InlineData("application/merge-patch+json", "{\"metadata\":{\"resourceVersion\":\"1\"}}", 409)]
    [InlineData("application/merge-patch+json", "{", 400)]
    [InlineData("application/nope", "{}", 415)]
    public async Task PatchesOfAllTypes(string type, string patch, int code)
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.CreateAsync(Maps, TestPlane.ConfigMap("a"));
        var query = type.Contains("apply", StringComparison.Ordinal) ? "?fieldManager=me" : "";
        var answer = await plane.SendAsync("PATCH", Maps + "/a" + query, Encoding.UTF8.GetBytes(patch), type, prepare: c => c.Features.Set(new AuthenticatedUser(TestPlane.Admin)));
        Assert.True(answer.Code == code, answer.Text);
        if (code == 200) Assert.Equal("1", (string?)answer.Json["data"]!["x"]);
    }

    [Fact]
    public async Task FinalizersHoldADeletedObject()
    {
        await using var plane = await TestPlane.StartAsync();
        var map = TestPlane.ConfigMap("a");
        map["metadata"]!["finalizers"] = new JsonArray("example.com/hold");
        await plane.CreateAsync(Maps, map);
        var deleted = await plane.CallAsync("DELETE", Maps + "/a");
        Assert.NotNull(deleted.Json["metadata"]!["deletionTimestamp"]);
        var released = await plane.CallAsync("PATCH", Maps + "/a", new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } }, "application/merge-patch+json");
        Assert.Equal(200, released.Code);
        Assert.Equal(404, (await plane.CallAsync("GET", Maps + "/a")).Code);
    }

    [Fact]
    public async Task PreconditionsGuardDeletion()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.CreateAsync(Maps, TestPlane.ConfigMap("a"));
        var wrong = await plane.CallAsync("DELETE", Maps + "/a", new JsonObject { ["preconditions"] = new JsonObject { ["uid"] = "other" } });
        Assert.Equal(409, wrong.Code);
        Assert.Equal(200, (await plane.CallAsync("GET", Maps + "/a")).Code);
    }

    [Fact]
    public async Task ServicesTakeDifferentAddressesAndGiveThemBack()
    {
        await using var plane = await TestPlane.StartAsync();
        const string services = "/api/v1/namespaces/default/services";
        static JsonObject Service(string name) => new()
        {
            ["apiVersion"] = "v1", ["kind"] = "Service", ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = new JsonObject { ["type"] = "NodePort", ["ports"] = new JsonArray(new JsonObject { ["port"] = 80 }) },
        };
        var made = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => plane.CreateAsync(services, Service($"s{i}"))));
        Assert.Equal(16, made.Select(s => (string)s["spec"]!["clusterIP"]!).Distinct().Count());
        Assert.Equal(16, made.Select(s => s["spec"]!["ports"]![0]!["nodePort"]!.ToJsonString()).Distinct().Count());
        var ip = (string)made[0]["spec"]!["clusterIP"]!;
        Assert.Equal(200, (await plane.CallAsync("GET", $"/apis/networking.k8s.io/v1/ipaddresses/{ip}")).Code);
        await plane.CallAsync("DELETE", services + "/s0");
        Assert.Equal(404, (await plane.CallAsync("GET", $"/apis/networking.k8s.io/v1/ipaddresses/{ip}")).Code);
    }

    [Fact]
    public async Task NothingIsCreatedInANamespaceThatGoesAway()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.CreateAsync("/api/v1/namespaces", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "n" } });
        Assert.Equal("Terminating", (string?)(await plane.CallAsync("DELETE", "/api/v1/namespaces/n")).Json["status"]!["phase"]);
        Assert.Equal((403, "Forbidden"), await CodeAsync(plane, "/api/v1/namespaces/n/configmaps"));
        Assert.Equal((404, "NotFound"), await CodeAsync(plane, "/api/v1/namespaces/absent/configmaps"));
        var ended = await plane.CallAsync("PUT", "/api/v1/namespaces/n/finalize", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "n" }, ["spec"] = new JsonObject() });
        Assert.Equal(200, ended.Code);
        Assert.Equal(404, (await plane.CallAsync("GET", "/api/v1/namespaces/n")).Code);
    }

    private static async Task<(int, string)> CodeAsync(TestPlane plane, string url)
    {
        var answer = await plane.CallAsync("POST", url, TestPlane.ConfigMap("x"));
        return (answer.Code, answer.Reason);
    }
}
