using System.Text.Json.Nodes;
using KubeFlex.Machinery.Apply;
using static KubeFlex.Machinery.Tests.Apply.Shapes;

namespace KubeFlex.Machinery.Tests.Apply;

public class ApplyTests
{
    [Fact]
    public void Conflicts_are_refused_force_takes_the_field_and_giving_it_up_shares_it()
    {
        var live = Applying(null, Map("""
            "data":{"a":"1"}
            """), "m1").Value;
        Assert.Equal("""m1/Apply {"f:data":{"f:a":{}}}""", Owners(live));
        Assert.Equal("""{"manager":"m1","operation":"Apply","apiVersion":"v1","time":"2026-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:data":{"f:a":{}}}}""", live["metadata"]!["managedFields"]![0]!.ToJsonString());

        var error = Applying(live, Map("\"data\":{\"a\":\"2\"}"), "m2").Error!;
        Assert.Equal((409, "Conflict", "Apply failed with 1 conflict: conflict with \"m1\": .data.a"), (error.Code, error.Reason, error.Message));
        Assert.Equal("""{"causes":[{"reason":"FieldManagerConflict","message":"conflict with \u0022m1\u0022","field":".data.a"}]}""", error.Details!.ToJson().ToJsonString());

        live = Applying(live, Map("\"data\":{\"a\":\"2\"}"), "m2", force: true).Value;
        Assert.Equal("""m2/Apply {"f:data":{"f:a":{}}}""", Owners(live));
        Assert.Equal("Apply failed with 1 conflict: conflict with \"m2\": .data.a", Applying(live, Map("\"data\":{\"a\":\"1\"}"), "m1").Error!.Message);

        live = Applying(live, Map("\"data\":{\"b\":\"1\"}"), "m1").Value;
        Assert.Equal("""{"a":"2","b":"1"}""", live["data"]!.ToJsonString());
        Assert.Equal("""m1/Apply {"f:data":{"f:b":{}}} m2/Apply {"f:data":{"f:a":{}}}""", Owners(live));
    }

    [Fact]
    public void An_updater_is_named_with_its_version()
    {
        var live = Update(null, Map("\"data\":{\"a\":\"1\",\"z\":\"9\"}"), "creator");
        Assert.Equal("Apply failed with 1 conflict: conflict with \"creator\" using v1: .data.a", Applying(live, Map("\"data\":{\"a\":\"5\"}"), "m1").Error!.Message);
        live = Applying(live, Map("\"data\":{\"a\":\"5\"}"), "m1", force: true).Value;
        Assert.Equal("""m1/Apply {"f:data":{"f:a":{}}} creator/Update {"f:data":{".":{},"f:z":{}}}""", Owners(live));
        Assert.Equal("""{"a":"5","z":"9"}""", live["data"]!.ToJsonString());
    }

    [Fact]
    public void Several_conflicts_are_grouped_by_manager()
    {
        var live = Applying(null, Map("\"data\":{\"a\":\"1\",\"b\":\"1\"}"), "m1").Value;
        live = Update(live, Merge(live, "c", "1"), "u");
        var error = Applying(live, Map("\"data\":{\"a\":\"2\",\"b\":\"2\",\"c\":\"2\"}"), "m2").Error!;
        Assert.Equal("Apply failed with 3 conflicts: conflicts with \"m1\":\n- .data.a\n- .data.b\nconflicts with \"u\" using v1:\n- .data.c", error.Message);
        Assert.Equal(3, error.Details!.Causes!.Count);

        FieldManager.Update(live, live = Merge(live, "d", "1"), ConfigMap, By("s", subresource: "status"));
        Assert.Contains("conflict with \"s\" with subresource \"status\" using v1", Applying(live, Map("\"data\":{\"d\":\"2\"}"), "m2").Error!.Message, StringComparison.Ordinal);
    }

    private static JsonObject Merge(JsonObject live, string key, string value)
    {
        var copy = (JsonObject)live.DeepClone();
        copy["data"]![key] = value;
        return copy;
    }

    [Fact]
    public void Items_are_known_by_their_keys_with_defaults_and_go_when_no_longer_applied()
    {
        var live = Applying(null, Ports("{\"name\":\"a\",\"port\":80},{\"name\":\"b\",\"port\":81}"), "m1").Value;
        Assert.Equal("""m1/Apply {"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:name":{},"f:port":{}},"k:{\"port\":81,\"protocol\":\"TCP\"}":{".":{},"f:name":{},"f:port":{}}}}}""", Owners(live));
        // Defaults belong to nobody.
        foreach (var port in live["spec"]!["ports"]!.AsArray()) (port!["protocol"], port["targetPort"]) = ("TCP", port["port"]!.DeepClone());

        live = Applying(live, Ports("{\"name\":\"a\",\"port\":80}"), "m1").Value;
        Assert.Equal("""[{"name":"a","port":80,"protocol":"TCP","targetPort":80}]""", live["spec"]!["ports"]!.ToJsonString());
        live = Applying(live, Ports("{\"name\":\"u\",\"port\":80,\"protocol\":\"UDP\"}"), "m2").Value;
        Assert.Equal("""[{"name":"a","port":80,"protocol":"TCP","targetPort":80},{"name":"u","port":80,"protocol":"UDP"}]""", live["spec"]!["ports"]!.ToJsonString());
    }

    private static JsonObject Ports(string ports) => Doc("""{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"ports":[PORTS]}}""".Replace("PORTS", ports, StringComparison.Ordinal));

    [Fact]
    public void Sets_are_shared_by_value()
    {
        var live = Applying(null, Map("", ",\"finalizers\":[\"a.io/1\"]"), "m1").Value;
        live = Applying(live, Map("", ",\"finalizers\":[\"a.io/2\"]"), "m2").Value;
        Assert.Equal("""["a.io/1","a.io/2"]""", live["metadata"]!["finalizers"]!.ToJsonString());
        Assert.Equal("""m1/Apply {"f:metadata":{"f:finalizers":{"v:\"a.io/1\"":{}}}} m2/Apply {"f:metadata":{"f:finalizers":{"v:\"a.io/2\"":{}}}}""", Owners(live));
        live = Applying(live, Map("\"data\":{}"), "m1").Value;
        Assert.Equal("""["a.io/2"]""", live["metadata"]!["finalizers"]!.ToJsonString());
        live = Applying(live, Map(""), "m2").Value;
        Assert.Null(live["metadata"]!["finalizers"]);
        Assert.Equal("c", live["metadata"]!["name"]!.GetValue<string>());
    }

    [Fact]
    public void Bad_configurations_are_answered_in_upstreams_words()
    {
        Assert.Equal("invalid object type: /, Kind=ConfigMap", Applying(null, Doc("""{"kind":"ConfigMap","metadata":{"name":"c"}}"""), "m1").Error!.Message);
        Assert.Equal("metadata.managedFields must be nil", Applying(null, Map("", ",\"managedFields\":[{\"manager\":\"x\"}]"), "m1").Error!.Message);
        var error = Applying(null, Map("\"nope\":1"), "m1").Error!;
        Assert.Equal((500, "", "failed to create typed patch object (/c; /v1, Kind=ConfigMap): .nope: field not declared in schema"), (error.Code, error.Reason, error.Message));
        Assert.Null(error.Details);
        Assert.EndsWith(": .data.a: expected string, got &value.valueUnstructured{Value:1}", Applying(null, Map("\"data\":{\"a\":1}"), "m1").Error!.Message, StringComparison.Ordinal);
        Assert.EndsWith(": .metadata.finalizers: duplicate entries for key [=\"a\"]", Applying(null, Map("", ",\"finalizers\":[\"a\",\"a\"]"), "m1").Error!.Message, StringComparison.Ordinal);
        Assert.EndsWith(": .spec.ports: duplicate entries for key [port=80,protocol=\"TCP\"]", Applying(null, Ports("{\"port\":80},{\"port\":80,\"protocol\":\"TCP\"}"), "m1").Error!.Message, StringComparison.Ordinal);
        Assert.EndsWith(": errors:\n  .data.a: expected string, got &value.valueUnstructured{Value:1}\n  .x: field not declared in schema", Applying(null, Map("\"data\":{\"a\":1},\"x\":1"), "m1").Error!.Message, StringComparison.Ordinal);
        Assert.EndsWith(".spec.containers: element 0: associative list with keys has an element that omits key field \"name\" (and doesn't have default value)",
            FieldManager.Apply(null, Doc("""{"apiVersion":"v1","kind":"X","spec":{"l":[{}]}}"""), Keyless, By("m", "X"), false).Error!.Message.Replace(".spec.l", ".spec.containers", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    private static readonly Machinery.Catalog.Schema Keyless = new()
    {
        Type = Machinery.Catalog.SchemaType.Object,
        Properties = new Dictionary<string, Machinery.Catalog.Schema>
        {
            ["spec"] = new()
            {
                Type = Machinery.Catalog.SchemaType.Object,
                Properties = new Dictionary<string, Machinery.Catalog.Schema> { ["l"] = new() { Type = Machinery.Catalog.SchemaType.Array, ListType = Machinery.Catalog.ListType.Map, ListMapKeys = ["name"], Items = Machinery.Catalog.Schema.Anything } },
            },
        },
    };

    [Fact]
    public void The_first_apply_gives_what_was_there_to_a_manager_of_its_own()
    {
        var live = Map("\"data\":{\"a\":\"1\"}", ",\"uid\":\"u\"");
        Assert.Equal("Apply failed with 1 conflict: conflict with \"before-first-apply\" using v1: .data.a", Applying(live, Map("\"data\":{\"a\":\"2\"}"), "m1").Error!.Message);
        Assert.Equal("""m1/Apply {"f:data":{"f:b":{}}} before-first-apply/Update {"f:data":{".":{},"f:a":{}}}""", Owners(Applying(live, Map("\"data\":{\"b\":\"2\"}"), "m1").Value));
    }

    [Fact]
    public void An_apply_that_changes_nothing_changes_nothing()
    {
        var live = Applying(null, Map("\"data\":{\"a\":\"1\"}"), "m1").Value;
        var text = live.ToJsonString();
        Assert.Equal(text, Applying(live, Map("\"data\":{\"a\":\"1\"}"), "m1", second: 9).Value.ToJsonString());
        Assert.Equal(text, live.ToJsonString());
    }

    [Fact]
    public void Kubectl_may_take_what_its_annotation_says_it_applied()
    {
        var annotation = "{\\\"apiVersion\\\":\\\"v1\\\",\\\"kind\\\":\\\"ConfigMap\\\",\\\"metadata\\\":{\\\"name\\\":\\\"c\\\"},\\\"data\\\":{\\\"a\\\":\\\"1\\\"}}";
        var live = Update(null, Map("\"data\":{\"a\":\"1\",\"b\":\"1\"}", $",\"annotations\":{{\"kubectl.kubernetes.io/last-applied-configuration\":\"{annotation}\"}}"), "kubectl-client-side-apply");
        Assert.NotNull(Applying(live, Map("\"data\":{\"a\":\"2\"}"), "other").Error);
        Assert.Contains(".data.b", Applying(live, Map("\"data\":{\"a\":\"2\",\"b\":\"2\"}"), "kubectl").Error!.Message, StringComparison.Ordinal);
        var result = Applying(live, Map("\"data\":{\"a\":\"2\"}"), "kubectl").Value;
        Assert.Equal("2", result["data"]!["a"]!.GetValue<string>());
        Assert.Equal("{\"apiVersion\":\"v1\",\"data\":{\"a\":\"2\"},\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c\"}}\n",
            result["metadata"]!["annotations"]!["kubectl.kubernetes.io/last-applied-configuration"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("a,x,b", "b,n,a", "x,b,n,a")]
    [InlineData("a,b,c", "a,n,b", "a,n,b,c")]
    [InlineData("a,b", "c", "a,b,c")]
    [InlineData("", "b,a", "b,a")]
    [InlineData("a,b,c", "c,b,a", "c,b,a")]
    public void The_configurations_order_rules(string live, string applied, string expected)
    {
        static string List(string names) => string.Join(',', names.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(n => $"\"{n}\""));
        var before = Update(null, Map("", $",\"finalizers\":[{List(live)}]"), "u");
        var after = Applying(before, Map("", $",\"finalizers\":[{List(applied)}]"), "m").Value;
        Assert.Equal($"[{List(expected)}]", after["metadata"]!["finalizers"]!.ToJsonString());
    }
}
