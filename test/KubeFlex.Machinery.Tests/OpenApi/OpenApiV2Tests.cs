using System.Text.Json.Nodes;
using KubeFlex.Machinery.OpenApi;

namespace KubeFlex.Machinery.Tests.OpenApi;

public sealed class OpenApiV2Tests
{
    private static readonly byte[] Json = OpenApiDocuments.V2(OpenApiV3Tests.Catalog, [OpenApiV3Tests.Widgets]);
    private static readonly JsonNode Document = JsonNode.Parse(Json)!;

    [Fact]
    public void Every_reference_resolves_and_nothing_of_v3_is_left()
    {
        foreach (var reference in OpenApiV3Tests.References(Document))
        {
            var (section, name) = reference.Split('/') is ["#", var s, var n] ? (s, n) : ("", "");
            Assert.True(Document[section]?.AsObject().ContainsKey(name), reference);
        }
        foreach (var (name, schema) in Document["definitions"]!.AsObject())
            foreach (var word in (string[])["\"default\":{}", "\"oneOf\":[", "\"anyOf\":[", "\"nullable\":true"])
                Assert.False(schema!.ToJsonString().Contains(word, StringComparison.Ordinal), $"{name}: {word}");
        Assert.Equal("2.0", (string?)Document["swagger"]);
    }

    [Fact]
    public void Ids_are_unique_over_all_paths()
    {
        var ids = Document["paths"]!.AsObject().SelectMany(p => p.Value!.AsObject()).Select(o => o.Value).OfType<JsonObject>().Select(o => (string)o["operationId"]!).ToList();
        Assert.True(ids.Count > 700, $"{ids.Count}");
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.Contains("readRbacAuthorizationV1ClusterRole", ids);
        Assert.Contains("createCoreV1NamespacedPodEviction", ids);
        Assert.Contains("createCoreV1NamespacedServiceAccountToken", ids);
        Assert.Contains("deleteAppsV1CollectionNamespacedDeployment", ids);
        Assert.Contains("getAppsAPIGroup", ids);
    }

    [Fact]
    public void Patches_take_what_kubectl_looks_for()
    {
        var patch = Document["paths"]!["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]!["patch"]!;
        Assert.Equal("""{"group":"apps","version":"v1","kind":"Deployment"}""", patch["x-kubernetes-group-version-kind"]!.ToJsonString());
        Assert.Contains(patch["parameters"]!.AsArray(), p => (string?)p!["name"] == "fieldValidation" && (string?)p["in"] == "query");
        Assert.Contains(patch["parameters"]!.AsArray(), p => (string?)p!["$ref"] == "#/parameters/fieldManager-7c6nTn1T");
    }

    [Fact]
    public void Custom_schemas_say_less_than_in_v3()
    {
        var spec = Document["definitions"]!["com.example.z.v1.Widget"]!["properties"]!["spec"]!["properties"]!;
        Assert.Equal("""{"type":"integer","minimum":1}""", spec["size"]!.ToJsonString());
        Assert.Equal("""{"x-kubernetes-int-or-string":true}""", spec["port"]!.ToJsonString());
        Assert.Equal("{}", spec["note"]!.ToJsonString());
        Assert.False(spec["template"]!.AsObject().ContainsKey("properties"));
        Assert.Equal("#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
            (string?)Document["definitions"]!["com.example.z.v1.Widget"]!["properties"]!["metadata"]!["$ref"]);
    }

    [Fact]
    public void The_protobuf_form_says_the_same()
    {
        var document = ProtobufReader.Read(OpenApiDocuments.V2Protobuf(Json));
        Assert.Equal("2.0", document.Text(1));
        Assert.Equal("Kubernetes", document.Message(2).Text(1));

        var paths = document.Message(8).Named(2);
        Assert.Equal(Document["paths"]!.AsObject().Select(p => p.Key), paths.Keys);
        var item = paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"];
        var patch = item.Message(8);
        Assert.Equal("patchAppsV1NamespacedDeployment", patch.Text(5));
        Assert.Equal("""{"group":"apps","version":"v1","kind":"Deployment"}""", patch.Named(13)["x-kubernetes-group-version-kind"].Text(2));
        var parameters = patch.Messages(8).ToList();
        Assert.Equal("#/parameters/body-78PwaGsr", parameters[0].Message(2).Text(1));
        Assert.Equal("dryRun", parameters[1].Message(1).Message(2).Message(3).Text(4));
        Assert.Equal("name", item.Messages(9).First().Message(1).Message(2).Message(4).Text(4));
        Assert.Equal("#/definitions/io.k8s.api.apps.v1.Deployment", patch.Message(9).Named(1)["200"].Message(1).Message(2).Message(1).Text(1));

        var definitions = document.Message(9).Named(1);
        Assert.Equal(Document["definitions"]!.AsObject().Select(p => p.Key), definitions.Keys);
        var spec = definitions["io.k8s.api.apps.v1.DeploymentSpec"];
        Assert.Equal(["selector", "template"], spec.Texts(19));
        Assert.Equal("object", spec.Message(22).Text(1));
        var properties = spec.Message(25).Named(1);
        Assert.Equal(("int32", "integer"), (properties["replicas"].Text(2), properties["replicas"].Message(22).Text(1)));
        Assert.Equal("#/definitions/io.k8s.api.core.v1.PodTemplateSpec", properties["template"].Text(1));
        var ports = definitions["io.k8s.api.core.v1.Container"].Message(25).Named(1)["ports"];
        Assert.Equal("#/definitions/io.k8s.api.core.v1.ContainerPort", ports.Message(23).Message(1).Text(1));
        Assert.Equal("\"map\"", ports.Named(31)["x-kubernetes-list-type"].Text(2));
        Assert.Equal("string", definitions["io.k8s.api.core.v1.ConfigMap"].Message(25).Named(1)["data"].Message(21).Message(1).Message(22).Text(1));
        Assert.Equal("apiKey", document.Message(13).Named(1)["BearerToken"].Message(2).Text(1));
        Assert.Contains("namespace-vgWSWtn3", document.Message(10).Named(1).Keys);
    }
}
