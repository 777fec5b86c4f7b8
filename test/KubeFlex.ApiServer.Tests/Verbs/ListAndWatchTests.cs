using System.Text.Json.Nodes;

namespace KubeFlex.ApiServer.Tests.Verbs;

public sealed class ListAndWatchTests
{
    private const string Maps = "/api/v1/namespaces/lists/configmaps";

    [Fact]
    public async Task PagesShowOneMomentHoweverMuchIsWritten()
    {
        await using var plane = await StartAsync();
        for (var i = 0; i < 7; i++) await plane.CreateAsync(Maps, TestPlane.ConfigMap($"m{i}"));
        var names = new List<string>();
        var next = "";
        string? version = null;
        do
        {
            var page = (await plane.CallAsync("GET", $"{Maps}?limit=3{(next.Length > 0 ? "&continue=" + next : "")}")).Json;
            version ??= (string?)page["metadata"]!["resourceVersion"];
            Assert.Equal(version, (string?)page["metadata"]!["resourceVersion"]);
            names.AddRange(page["items"]!.AsArray().Select(i => (string)i!["metadata"]!["name"]!));
            next = (string?)page["metadata"]!["continue"] ?? "";
            await plane.CreateAsync(Maps, TestPlane.ConfigMap($"late{names.Count}"));
        }
        while (next.Length > 0);
        Assert.Equal(Enumerable.Range(0, 7).Select(i => $"m{i}"), names);
    }

    [Theory]
    [InlineData("labelSelector=app=x", 1)]
    [InlineData("labelSelector=app", 2)]
    [InlineData("labelSelector=!app", 1)]
    [InlineData("fieldSelector=metadata.name=b", 1)]
    public async Task SelectorsChoose(string query, int count)
    {
        await using var plane = await StartAsync();
        await plane.CreateAsync(Maps, TestPlane.ConfigMap("a", "x"));
        await plane.CreateAsync(Maps, TestPlane.ConfigMap("b", "y"));
        await plane.CreateAsync(Maps, TestPlane.ConfigMap("c"));
        var list = await plane.CallAsync("GET", $"{Maps}?{query}");
        Assert.Equal(count, list.Json["items"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("resourceVersion=abc", 400)]
    [InlineData("resourceVersion=999999", 504)]
    [InlineData("resourceVersionMatch=Exact", 422)]
    [InlineData("limit=x", 400)]
    [InlineData("continue=garbage", 400)]
    [InlineData("labelSelector=a in b", 400)]
    [InlineData("fieldSelector=nope=1", 400)]
    public async Task NonsenseIsRefused(string query, int code)
    {
        await using var plane = await StartAsync();
        Assert.Equal(code, (await plane.CallAsync("GET", $"{Maps}?{query}")).Code);
    }

    [Fact]
    public async Task AWatchWithASelectorSeesObjectsComeAndGo()
    {
        await using var plane = await StartAsync();
        var start = (await plane.CallAsync("GET", Maps)).Version;
        await plane.CreateAsync(Maps, TestPlane.ConfigMap("a"));
        await LabelAsync(plane, "x");
        await plane.CallAsync("PATCH", Maps + "/a", new JsonObject { ["data"] = new JsonObject { ["n"] = "1" } }, "application/merge-patch+json");
        await LabelAsync(plane, "y");
        await LabelAsync(plane, "x");
        await plane.CallAsync("DELETE", Maps + "/a");
        var watch = await plane.CallAsync("GET", $"{Maps}?watch=1&timeoutSeconds=1&labelSelector=app%3Dx&resourceVersion={start}&allowWatchBookmarks=true");
        Assert.Equal(["ADDED", "MODIFIED", "DELETED", "ADDED", "DELETED", "BOOKMARK"], watch.Lines.Select(l => (string)l["type"]!));
        var versions = watch.Lines.Select(l => long.Parse((string)l["object"]!["metadata"]!["resourceVersion"]!, System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(versions.Order(), versions);
    }

    [Fact]
    public async Task InitialEventsEndWithAMark()
    {
        await using var plane = await StartAsync();
        await plane.CreateAsync(Maps, TestPlane.ConfigMap("a"));
        var watch = (await plane.CallAsync("GET", $"{Maps}?watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true")).Lines.ToList();
        Assert.Equal("ADDED", (string?)watch[0]["type"]);
        Assert.Equal("true", (string?)watch[1]["object"]!["metadata"]!["annotations"]!["k8s.io/initial-events-end"]);
    }

    [Fact]
    public async Task ACompactedVersionIsGone()
    {
        await using var plane = await StartAsync();
        await plane.CreateAsync(Maps, TestPlane.ConfigMap("a"));
        var old = (await plane.CallAsync("GET", $"{Maps}?limit=1")).Version;
        await plane.CreateAsync(Maps, TestPlane.ConfigMap("b"));
        await plane.Store.CompactAsync(plane.Store.Revision, default);
        var watch = await plane.CallAsync("GET", $"{Maps}?watch=1&timeoutSeconds=1&resourceVersion=2");
        Assert.Equal(("ERROR", 410), ((string?)watch.Lines.First()["type"], watch.Lines.First()["object"]!["code"]!.GetValue<int>()));
        Assert.Equal(410, (await plane.CallAsync("GET", $"{Maps}?resourceVersionMatch=Exact&resourceVersion={old}")).Code);
    }

    [Fact]
    public async Task TheCollectionIsDeletedBySelector()
    {
        await using var plane = await StartAsync();
        await plane.CreateAsync(Maps, TestPlane.ConfigMap("a", "x"));
        await plane.CreateAsync(Maps, TestPlane.ConfigMap("b"));
        Assert.Single((await plane.CallAsync("DELETE", $"{Maps}?labelSelector=app")).Json["items"]!.AsArray());
        Assert.Equal("b", (string?)Assert.Single((await plane.CallAsync("GET", Maps)).Json["items"]!.AsArray())!["metadata"]!["name"]);
    }

    // A namespace that holds nothing yet: the others come with a ConfigMap of authorities.
    private static async Task<TestPlane> StartAsync()
    {
        var plane = await TestPlane.StartAsync();
        await plane.CreateAsync("/api/v1/namespaces", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "lists" } });
        return plane;
    }

    private static Task<TestAnswer> LabelAsync(TestPlane plane, string value) =>
        plane.CallAsync("PATCH", Maps + "/a", new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["app"] = value } } }, "application/merge-patch+json");
}
