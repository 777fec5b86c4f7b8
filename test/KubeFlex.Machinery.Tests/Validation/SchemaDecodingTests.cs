using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Objects;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.Tests.Validation;

public class SchemaDecodingTests
{
    private static readonly ApiCatalog Catalog = ApiCatalog.Load();

    private static (JsonObject Object, string? Error, List<string> Unknown) Decode(string group, string version, string kind, string json)
    {
        var resource = Catalog.FindKind(new GroupVersionKind(group, version, kind))!;
        var obj = (JsonObject)JsonNode.Parse(json)!;
        var unknown = new List<string>();
        return (obj, SchemaDecoding.Normalise(obj, resource.Schema, resource.Kind, unknown)?.Message, unknown);
    }

    [Theory]
    [InlineData("", "ConfigMap", """{"data":{"a":1}}""", "json: cannot unmarshal number into Go struct field ConfigMap.data of type string")]
    [InlineData("", "ConfigMap", """{"data":[1]}""", "json: cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string")]
    [InlineData("", "ConfigMap", """{"metadata":{"name":true}}""", "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.name of type string")]
    [InlineData("", "ConfigMap", """{"metadata":[]}""", "json: cannot unmarshal array into Go struct field ConfigMap.metadata of type v1.ObjectMeta")]
    [InlineData("", "Pod", """{"spec":{"containers":"x"}}""", "json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container")]
    [InlineData("", "Service", """{"spec":{"ports":[{"port":"eighty"}]}}""", "json: cannot unmarshal string into Go struct field ServicePort.spec.ports.port of type int32")]
    [InlineData("", "Service", """{"spec":{"ports":[{"port":1.5}]}}""", "json: cannot unmarshal number 1.5 into Go struct field ServicePort.spec.ports.port of type int32")]
    [InlineData("", "Service", """{"spec":{"ports":[{"port":99999999999}]}}""", "json: cannot unmarshal number 99999999999 into Go struct field ServicePort.spec.ports.port of type int32")]
    [InlineData("", "Secret", """{"data":{"a":"not base64!"}}""", "illegal base64 data at input byte 3")]
    [InlineData("apps", "Deployment", """{"spec":{"replicas":"3"}}""", "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32")]
    [InlineData("", "ResourceQuota", """{"spec":{"hard":{"pods":"many"}}}""", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    [InlineData("", "Pod", """{"metadata":{"deletionTimestamp":"soon"}}""", "parsing time \"soon\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"soon\" as \"2006\"")]
    public void Misfits_are_worded_as_go_words_them(string group, string kind, string json, string error) =>
        Assert.Equal($"{kind} in version \"v1\" cannot be handled as a {kind}: {error}", Decode(group, "v1", kind, json).Error);

    [Fact]
    public void Unknown_fields_are_dropped_and_named()
    {
        var (obj, error, unknown) = Decode("apps", "v1", "Deployment",
            """{"metadata":{"name":"d","nope":1},"spec":{"selector":{},"template":{"spec":{"containers":[{"name":"a"},{"name":"b","nope":true}]}}},"odd":1}""");
        Assert.Null(error);
        Assert.Equal(["metadata.nope", "spec.template.spec.containers[1].nope", "odd"], unknown);
        Assert.False(obj.ContainsKey("odd"));
    }

    [Fact]
    public void Go_writes_structs_and_required_members_and_omits_empty_ones()
    {
        var (obj, _, _) = Decode("", "v1", "Pod",
            """{"metadata":{"name":"p","labels":{},"creationTimestamp":null},"spec":{"hostNetwork":false,"automountServiceAccountToken":false,"nodeName":"","containers":[{"name":"c","env":[]}],"volumes":[{"name":"v","emptyDir":{}}]}}""");
        var expected = JsonNode.Parse(
            """{"metadata":{"name":"p"},"spec":{"automountServiceAccountToken":false,"containers":[{"name":"c","resources":{}}],"volumes":[{"name":"v","emptyDir":{}}]},"status":{}}""");
        Assert.True(JsonNode.DeepEquals(expected, obj), obj.ToJsonString());
    }

    [Fact]
    public void Required_lists_without_items_are_null()
    {
        Assert.Equal("""{"drivers":null}""", Decode("storage.k8s.io", "v1", "CSINode", """{"spec":{"drivers":[]}}""").Object["spec"]!.ToJsonString());
        Assert.True(Decode("rbac.authorization.k8s.io", "v1", "ClusterRole", "{}").Object.ContainsKey("rules"));
    }

    [Fact]
    public void Zero_times_of_events_are_written()
    {
        var (obj, _, _) = Decode("", "v1", "Event", """{"involvedObject":{}}""");
        foreach (var name in new[] { "eventTime", "firstTimestamp", "lastTimestamp" }) Assert.True(obj.ContainsKey(name) && obj[name] is null, name);
        Assert.Equal("", (string?)obj["reportingComponent"]);
        Assert.Equal("{}", obj["source"]!.ToJsonString());
    }

    [Fact]
    public void Quantities_and_times_are_canonical()
    {
        var (obj, _, _) = Decode("", "v1", "ResourceQuota", """{"metadata":{"deletionTimestamp":"2024-05-01T12:00:00.5+02:00"},"spec":{"hard":{"cpu":"1000m","memory":"1024Mi","pods":3}}}""");
        Assert.Equal("""{"cpu":"1","memory":"1Gi","pods":"3"}""", obj["spec"]!["hard"]!.ToJsonString());
        Assert.Equal("2024-05-01T10:00:00Z", (string?)obj["metadata"]!["deletionTimestamp"]);
    }

    [Fact]
    public void Micro_times_keep_their_fractions()
    {
        var (obj, _, _) = Decode("coordination.k8s.io", "v1", "Lease", """{"spec":{"renewTime":"2024-05-01T12:00:00.25Z","holderIdentity":""}}""");
        Assert.Equal("2024-05-01T12:00:00.250000Z", (string?)obj["spec"]!["renewTime"]);
        Assert.Equal("", (string?)obj["spec"]!["holderIdentity"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("YQ==")]
    [InlineData("YWJj")]
    [InlineData("YQ\n==\n")]
    public void Right_base64_passes(string text) => Assert.Null(Base64.FirstError(text));

    [Theory]
    [InlineData("YQ=", 3)]
    [InlineData("YQ", 0)]
    [InlineData("=", 0)]
    [InlineData("YWJjZ", 4)]
    [InlineData("YQ==YQ==", 4)]
    public void Wrong_base64_names_the_byte(string text, int at) => Assert.Equal(at, Base64.FirstError(text));

    [Fact]
    public void Completing_twice_changes_nothing()
    {
        var schema = Catalog.FindKind(new GroupVersionKind("apps", "v1", "StatefulSet"))!.Schema;
        var (obj, _, _) = Decode("apps", "v1", "StatefulSet", """{"spec":{"template":{},"volumeClaimTemplates":[{}]}}""");
        var once = obj.ToJsonString();
        SchemaDecoding.Complete(obj, schema);
        Assert.Equal(once, obj.ToJsonString());
    }
}
