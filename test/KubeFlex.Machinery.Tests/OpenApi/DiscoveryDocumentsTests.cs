using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Objects;
using KubeFlex.Machinery.OpenApi;

namespace KubeFlex.Machinery.Tests.OpenApi;

public sealed class DiscoveryDocumentsTests
{
    private static readonly ApiCatalog Catalog = ApiCatalog.Load();

    internal static JsonNode Golden(string name)
    {
        using var stream = typeof(DiscoveryDocumentsTests).Assembly.GetManifestResourceStream(name)!;
        return JsonNode.Parse(stream)!;
    }

    public static TheoryData<string> RecordedPaths => [.. Golden("discovery.json").AsObject().Select(p => p.Key)];

    [Theory, MemberData(nameof(RecordedPaths))]
    public void Documents_are_those_of_a_stock_server(string path)
    {
        var expected = Golden("discovery.json")[path]!;
        var actual = path.Split('/', StringSplitOptions.RemoveEmptyEntries) switch
        {
            ["api"] => DiscoveryDocuments.Versions("<serverAddress>"),
            ["apis"] => DiscoveryDocuments.Groups(Catalog, []),
            ["api", var version] => DiscoveryDocuments.Resources(Catalog, [], new("", version)),
            ["apis", var group] => DiscoveryDocuments.Group(Catalog, [], group),
            ["apis", var group, var version] => DiscoveryDocuments.Resources(Catalog, [], new(group, version)),
            _ => null,
        };
        foreach (var resource in (actual!["resources"]?.AsArray() ?? []).Where(r => r!.AsObject().ContainsKey("storageVersionHash")))
        {
            Assert.Equal(12, resource!["storageVersionHash"]!.GetValue<string>().Length);
            resource["storageVersionHash"] = "<storageVersionHash>";
        }
        AssertSame(expected, actual);
    }

    [Fact]
    public void Aggregated_groups_are_those_of_a_stock_server()
    {
        var items = DiscoveryDocuments.Aggregated(Catalog, [], core: false)["items"]!.AsArray();
        Assert.Equal(Catalog.Groups.Count - 1, items.Count);
        foreach (var expected in Golden("aggregated.json").AsArray())
            AssertSame(expected!, items.Single(i => (string?)i!["metadata"]!["name"] == (string?)expected!["metadata"]!["name"])!);
        var core = DiscoveryDocuments.Aggregated(Catalog, [], core: true)["items"]!.AsArray();
        Assert.Equal("{}", Assert.Single(core)!["metadata"]!.ToJsonString());
        Assert.Equal("v1", (string?)core[0]!["versions"]![0]!["version"]);
    }

    [Fact]
    public void Custom_groups_come_last_by_name_and_their_versions_best_first()
    {
        var custom = new[] { Widget("z.example.com", "v1alpha1"), Widget("z.example.com", "v2"), Widget("z.example.com", "v1beta1"), Widget("a.example.com", "v1") };
        var groups = DiscoveryDocuments.Groups(Catalog, custom)["groups"]!.AsArray();
        Assert.Equal(["flowcontrol.apiserver.k8s.io", "a.example.com", "z.example.com"], groups.TakeLast(3).Select(g => (string?)g!["name"]));
        Assert.Equal(["v2", "v1beta1", "v1alpha1"], groups[^1]!["versions"]!.AsArray().Select(v => (string?)v!["version"]));
        Assert.Equal("z.example.com/v2", (string?)groups[^1]!["preferredVersion"]!["groupVersion"]);

        var list = DiscoveryDocuments.Resources(Catalog, custom, new("a.example.com", "v1"))!;
        AssertSame(JsonNode.Parse("""
            {"kind":"APIResourceList","apiVersion":"v1","groupVersion":"a.example.com/v1","resources":[
              {"name":"widgets","singularName":"widget","namespaced":true,"kind":"Widget","shortNames":["wd"],
               "verbs":["delete","deletecollection","get","list","patch","create","update","watch"],"storageVersionHash":"<hash>"},
              {"name":"widgets/status","singularName":"","namespaced":true,"kind":"Widget","verbs":["get","patch","update"]},
              {"name":"widgets/scale","singularName":"","namespaced":true,"group":"autoscaling","version":"v1","kind":"Scale","verbs":["get","patch","update"]}]}
            """.Replace("<hash>", (string?)list["resources"]![0]!["storageVersionHash"], StringComparison.Ordinal))!, list);

        var aggregated = DiscoveryDocuments.Aggregated(Catalog, custom, core: false)["items"]!.AsArray()[^2]!;
        Assert.Equal("""{"group":"a.example.com","version":"v1","kind":"Widget"}""", aggregated["versions"]![0]!["resources"]![0]!["responseKind"]!.ToJsonString());
    }

    [Fact]
    public void What_is_not_served_has_no_document()
    {
        Assert.Null(DiscoveryDocuments.Group(Catalog, [], "extensions"));
        Assert.Null(DiscoveryDocuments.Group(Catalog, [], ""));
        Assert.Null(DiscoveryDocuments.Resources(Catalog, [], new("apps", "v1beta1")));
        Assert.Null(DiscoveryDocuments.Resources(Catalog, [], new("a.example.com", "v1")));
    }

    internal static ResourceInfo Widget(string group, string version) => new()
    {
        Kind = new(group, version, "Widget"),
        Resource = "widgets",
        Singular = "widget",
        ListKind = "WidgetList",
        ShortNames = ["wd"],
        Namespaced = true,
        Verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        Subresources =
        [
            new("scale", new("autoscaling", "v1", "Scale"), ["get", "patch", "update"]),
            new("status", new(group, version, "Widget"), ["get", "patch", "update"]),
        ],
        Schema = Schema.Anything,
        StorageKind = new(group, version, "Widget"),
        StorageResource = new(group, "widgets"),
        Custom = true,
    };

    private static void AssertSame(JsonNode expected, JsonNode actual) =>
        Assert.True(JsonNode.DeepEquals(expected, actual), $"expected {expected.ToJsonString()}\nactual   {actual.ToJsonString()}");
}
