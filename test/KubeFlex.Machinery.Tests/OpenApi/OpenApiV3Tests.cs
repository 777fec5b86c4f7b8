using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Objects;
using KubeFlex.Machinery.OpenApi;

namespace KubeFlex.Machinery.Tests.OpenApi;

public sealed class OpenApiV3Tests
{
    internal static readonly ApiCatalog Catalog = ApiCatalog.Load();

    internal static readonly PublishedCustomResource Widgets = new(DiscoveryDocumentsTests.Widget("z.example.com", "v1"), (JsonObject)JsonNode.Parse("""
        {"type":"object","description":"A widget.","required":["spec"],"properties":{
          "metadata":{"type":"object"},
          "spec":{"type":"object","description":"Wishes.","properties":{
            "size":{"type":"integer","minimum":1,"default":3},
            "port":{"x-kubernetes-int-or-string":true,"anyOf":[{"type":"integer"},{"type":"string"}]},
            "note":{"type":"string","nullable":true},
            "labels":{"type":"object","additionalProperties":{"type":"string"}},
            "template":{"type":"object","x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true}}}}}
        """)!);

    public static TheoryData<string> Documents
    {
        get
        {
            var index = JsonNode.Parse(OpenApiDocuments.V3Index(Catalog, [Widgets]))!["paths"]!.AsObject();
            return [.. index.Select(p => p.Key)];
        }
    }

    private static JsonNode V3(GroupVersion version) => JsonNode.Parse(OpenApiDocuments.V3(Catalog, version, [Widgets]))!;

    [Theory, MemberData(nameof(Documents))]
    public void Every_reference_resolves_and_every_operation_is_named_once(string document)
    {
        var root = JsonNode.Parse(OpenApiDocuments.V3(Catalog, document, [Widgets])!)!;
        Assert.Equal("3.0.0", (string?)root["openapi"]);
        var schemas = root["components"]!["schemas"]!.AsObject();
        foreach (var reference in References(root))
        {
            Assert.StartsWith("#/components/schemas/", reference, StringComparison.Ordinal);
            Assert.True(schemas.ContainsKey(reference["#/components/schemas/".Length..]), reference);
        }
        var ids = root["paths"]!.AsObject().SelectMany(p => p.Value!.AsObject()).Select(o => o.Value).OfType<JsonObject>().Select(o => (string)o["operationId"]!).ToList();
        Assert.NotEmpty(ids);
        Assert.Equal(ids.Count, ids.Distinct().Count());
    }

    [Fact]
    public void Deployments_are_published_as_a_stock_server_does()
    {
        var golden = DiscoveryDocumentsTests.Golden("openapi-v3-deployments.json");
        var actual = V3(new("apps", "v1"));
        // The golden file has no descriptions.
        foreach (var response in actual["paths"]!.AsObject().SelectMany(p => p.Value!.AsObject()).Select(o => o.Value).OfType<JsonObject>()
            .SelectMany(o => o["responses"]!.AsObject()).Select(r => r.Value!.AsObject()))
            Assert.True(response.Remove("description"));
        foreach (var (path, expected) in golden["paths"]!.AsObject()) AssertSame(path, expected!, actual["paths"]![path]!);
        foreach (var (name, expected) in golden["schemas"]!.AsObject()) AssertSame(name, expected!, actual["components"]!["schemas"]![name]!);
    }

    [Fact]
    public void Lists_and_quantities_keep_their_facts()
    {
        var schemas = V3(new("", "v1"))["components"]!["schemas"]!;
        AssertSame("ports", JsonNode.Parse("""
            {"type":"array","items":{"default":{},"allOf":[{"$ref":"#/components/schemas/io.k8s.api.core.v1.ContainerPort"}]},
             "x-kubernetes-list-map-keys":["containerPort","protocol"],"x-kubernetes-list-type":"map",
             "x-kubernetes-patch-merge-key":"containerPort","x-kubernetes-patch-strategy":"merge"}
            """)!, schemas["io.k8s.api.core.v1.Container"]!["properties"]!["ports"]!);
        AssertSame("protocol", JsonNode.Parse("""{"type":"string","default":"TCP"}""")!, schemas["io.k8s.api.core.v1.ContainerPort"]!["properties"]!["protocol"]!);
        AssertSame("quantity", JsonNode.Parse("""{"oneOf":[{"type":"string"},{"type":"number"}]}""")!, schemas["io.k8s.apimachinery.pkg.api.resource.Quantity"]!);
        AssertSame("port", JsonNode.Parse("""{"oneOf":[{"type":"integer"},{"type":"string"}],"format":"int-or-string"}""")!,
            schemas["io.k8s.apimachinery.pkg.util.intstr.IntOrString"]!);
        Assert.Equal("granular", (string?)schemas["io.k8s.api.core.v1.PersistentVolumeSpec"]!["properties"]!["claimRef"]!["x-kubernetes-map-type"]);
        Assert.Equal("type", (string?)schemas["io.k8s.api.core.v1.SeccompProfile"]!["x-kubernetes-unions"]![0]!["discriminator"]);
        Assert.Equal(62, schemas["io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"]!["x-kubernetes-group-version-kind"]!.AsArray().Count);
    }

    [Fact]
    public void Custom_resources_are_published_with_their_schema()
    {
        var root = V3(new("z.example.com", "v1"));
        Assert.Equal("Kubernetes CRD Swagger", (string?)root["info"]!["title"]);
        var widget = root["components"]!["schemas"]!["com.example.z.v1.Widget"]!;
        Assert.Equal("A widget.", (string?)widget["description"]);
        Assert.Equal("""[{"group":"z.example.com","kind":"Widget","version":"v1"}]""", widget["x-kubernetes-group-version-kind"]!.ToJsonString());
        Assert.Equal("#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", (string?)widget["properties"]!["metadata"]!["allOf"]![0]!["$ref"]);
        Assert.Equal(3, (int?)widget["properties"]!["spec"]!["properties"]!["size"]!["default"]);
        Assert.NotNull(widget["properties"]!["spec"]!["properties"]!["template"]!["properties"]!["kind"]);
        var patch = root["paths"]!["/apis/z.example.com/v1/namespaces/{namespace}/widgets/{name}"]!["patch"]!;
        Assert.Contains(patch["parameters"]!.AsArray(), p => (string?)p!["name"] == "fieldValidation");
        // A strategic merge patch is not offered: kubectl falls back to a merge patch of its own.
        Assert.DoesNotContain(patch["requestBody"]!["content"]!.AsObject(), c => c.Key.Contains("strategic", StringComparison.Ordinal));
        Assert.NotNull(root["paths"]!["/apis/z.example.com/v1/namespaces/{namespace}/widgets/{name}/scale"]!["put"]);
        Assert.False(Widgets.Schema.ContainsKey("x-kubernetes-group-version-kind"), "the definition itself is untouched");
    }

    [Fact]
    public void The_index_changes_only_where_a_definition_does()
    {
        static JsonObject Index(params PublishedCustomResource[] custom) => JsonNode.Parse(OpenApiDocuments.V3Index(Catalog, custom))!["paths"]!.AsObject();
        static string? Url(JsonObject index, string path) => (string?)index[path]?["serverRelativeURL"];
        var (none, one) = (Index(), Index(Widgets));
        var changed = Index(Widgets with { Schema = new JsonObject { ["type"] = "object" } });
        Assert.StartsWith("/openapi/v3/apis/apps/v1?hash=", Url(one, "apis/apps/v1"), StringComparison.Ordinal);
        Assert.Equal(Url(none, "apis/apps/v1"), Url(changed, "apis/apps/v1"));
        Assert.Null(Url(none, "apis/z.example.com/v1"));
        Assert.NotEqual(Url(one, "apis/z.example.com/v1"), Url(changed, "apis/z.example.com/v1"));
        Assert.Equal(Url(one, "apis/z.example.com/v1"), Url(Index(Widgets), "apis/z.example.com/v1"));
        Assert.Null(OpenApiDocuments.V3(Catalog, "apis/nope/v1", [Widgets]));
    }

    internal static IEnumerable<string> References(JsonNode? node) => node switch
    {
        // A property may be called $ref too (JSONSchemaProps has one): then its value is no string.
        JsonObject o => o.SelectMany(p => p is { Key: "$ref", Value: JsonValue v } ? [v.GetValue<string>()] : References(p.Value)),
        JsonArray a => a.SelectMany(References),
        _ => [],
    };

    private static void AssertSame(string what, JsonNode expected, JsonNode actual) =>
        Assert.True(JsonNode.DeepEquals(expected, actual), $"{what}\nexpected {expected.ToJsonString()}\nactual   {actual.ToJsonString()}");
}
