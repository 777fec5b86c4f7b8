using System.Text.Json.Nodes;

namespace KubeFlex.ApiServer.Tests.CustomResources;

public sealed class DefinitionTests
{
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private const string Widgets = "/apis/example.com/v1/namespaces/default/widgets";

    private static JsonObject Definition() => JsonNode.Parse("""
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"widgets.example.com"},
         "spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"widgets","kind":"Widget"},
          "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},
           "schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"size":{"type":"integer","minimum":1}}},"status":{"type":"object","properties":{"phase":{"type":"string"}}}}}}}]}}
        """)!.AsObject();

    private static JsonObject Widget(string name, int size) => new()
    {
        ["apiVersion"] = "example.com/v1", ["kind"] = "Widget", ["metadata"] = new JsonObject { ["name"] = name }, ["spec"] = new JsonObject { ["size"] = size },
    };

    [Fact]
    public async Task ADefinitionServesItsObjectsAtOnce()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.CreateAsync(Definitions, Definition());
        await plane.CreateAsync(Widgets, Widget("w", 1));
        Assert.Equal(422, (await plane.CallAsync("POST", Widgets, Widget("x", 0))).Code);
        var established = (await plane.CallAsync("GET", Definitions + "/widgets.example.com")).Json["status"]!["conditions"]!.AsArray();
        Assert.Contains(established, c => (string?)c!["type"] == "Established" && (string?)c["status"] == "True");
        Assert.Equal(200, (await plane.CallAsync("GET", "/apis/example.com/v1")).Code);
        Assert.Equal(200, (await plane.CallAsync("GET", "/openapi/v3/apis/example.com/v1")).Code);
    }

    [Fact]
    public async Task StatusAndSpecAreWrittenApart()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.CreateAsync(Definitions, Definition());
        await plane.CreateAsync(Widgets, Widget("w", 1));
        var patch = JsonNode.Parse("""{"spec":{"size":9},"status":{"phase":"Done"}}""");
        var status = (await plane.CallAsync("PATCH", Widgets + "/w/status", patch, "application/merge-patch+json")).Json;
        Assert.Equal(("1", "Done", "1"), (status["spec"]!["size"]!.ToJsonString(), (string?)status["status"]!["phase"], status["metadata"]!["generation"]!.ToJsonString()));
        var spec = (await plane.CallAsync("PATCH", Widgets + "/w", JsonNode.Parse("""{"spec":{"size":9},"status":{"phase":"Lost"}}"""), "application/merge-patch+json")).Json;
        Assert.Equal(("9", "Done", "2"), (spec["spec"]!["size"]!.ToJsonString(), (string?)spec["status"]!["phase"], spec["metadata"]!["generation"]!.ToJsonString()));
    }

    [Fact]
    public async Task ADeletedDefinitionTakesItsObjectsWithIt()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.CreateAsync(Definitions, Definition());
        await plane.CreateAsync(Widgets, Widget("w", 1));
        Assert.Equal(200, (await plane.CallAsync("DELETE", Definitions + "/widgets.example.com")).Code);
        for (var i = 0; i < 200 && (await plane.CallAsync("GET", Definitions + "/widgets.example.com")).Code != 404; i++) await Task.Delay(10);
        Assert.Equal(404, (await plane.CallAsync("GET", Definitions + "/widgets.example.com")).Code);
        // Its objects' URLs follow within the same step, but not at the same instant.
        for (var i = 0; i < 200 && (await plane.CallAsync("GET", Widgets)).Code != 404; i++) await Task.Delay(10);
        Assert.Equal(404, (await plane.CallAsync("GET", Widgets)).Code);
        // Made again, it starts empty.
        await plane.CreateAsync(Definitions, Definition());
        Assert.Empty((await plane.CallAsync("GET", Widgets)).Json["items"]!.AsArray());
    }
}
