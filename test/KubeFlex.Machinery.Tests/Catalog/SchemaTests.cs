using KubeFlex.Machinery.Catalog;

namespace KubeFlex.Machinery.Tests.Catalog;

public sealed class SchemaTests
{
    private static readonly ApiCatalog Catalog = ApiCatalog.Load();

    private static Schema At(string type, string path) =>
        path.Split('.').Aggregate(Catalog.Type(type)!, (s, name) => name == "[]" ? s.Items! : name == "*" ? s.AdditionalProperties! : s.Properties[name]);

    private static Schema Core(string path) => At("io.k8s.api.core.v1." + path[..path.IndexOf('.', StringComparison.Ordinal)], path[(path.IndexOf('.', StringComparison.Ordinal) + 1)..]);

    [Fact]
    public void Lists_know_their_keys_and_strategies()
    {
        var ports = Core("Container.ports");
        Assert.Equal((ListType.Map, "merge", "containerPort"), (ports.ListType, ports.PatchStrategy, ports.PatchMergeKey));
        Assert.Equal(["containerPort", "protocol"], ports.ListMapKeys);
        Assert.Equal(ListType.Set, At("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "finalizers").ListType);
        Assert.Equal("merge,retainKeys", Core("PodSpec.volumes").PatchStrategy);
        Assert.Equal(["containers"], Catalog.Type("io.k8s.api.core.v1.PodSpec")!.Required);
    }

    [Fact]
    public void A_reference_keeps_what_stands_beside_it()
    {
        var strategy = At("io.k8s.api.apps.v1.DeploymentSpec", "strategy");
        Assert.Equal("retainKeys", strategy.PatchStrategy);
        Assert.Equal("io.k8s.api.apps.v1.DeploymentStrategy", strategy.TypeName);
        Assert.True(strategy.Properties.ContainsKey("rollingUpdate"));
        Assert.Null(Catalog.Type("io.k8s.api.apps.v1.DeploymentStrategy")!.PatchStrategy);

        // An object reference is atomic, but not the claim reference of a volume.
        Assert.True(Catalog.Type("io.k8s.api.core.v1.ObjectReference")!.AtomicMap);
        Assert.False(Core("PersistentVolumeSpec.claimRef").AtomicMap);
        Assert.True(Core("Event.involvedObject").AtomicMap);
    }

    [Fact]
    public void Zero_values_are_published_but_are_no_defaults()
    {
        Assert.Equal("TCP", Core("ContainerPort.protocol").Default!.GetValue<string>());
        Assert.Equal("TCP", Core("ContainerPort.protocol").PublishedDefault!.GetValue<string>());
        Assert.Null(Core("Container.name").Default);
        Assert.Equal("", Core("Container.name").PublishedDefault!.GetValue<string>());
        Assert.Null(Core("Pod.spec").Default);
        Assert.Equal("{}", Core("Pod.spec").PublishedDefault!.ToJsonString());
        Assert.Null(Core("Container.image").PublishedDefault);
    }

    [Fact]
    public void Special_types_say_what_they_take()
    {
        var port = Core("HTTPGetAction.port");
        Assert.Equal((true, SchemaType.Any, "int-or-string"), (port.IntOrString, port.Type, port.Format));
        var limit = Core("ResourceRequirements.limits.*");
        Assert.Equal((SchemaType.Any, "quantity", false), (limit.Type, limit.Format, limit.PreserveUnknownFields));
        var time = At("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "creationTimestamp");
        Assert.Equal((SchemaType.String, "date-time"), (time.Type, time.Format));
        Assert.True(At("io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry", "fieldsV1").PreserveUnknownFields);
        Assert.True(At("io.k8s.api.apps.v1.ControllerRevision", "data").PreserveUnknownFields);
        Assert.Equal((SchemaType.String, "byte"), (Core("Secret.data.*").Type, Core("Secret.data.*").Format));
        Assert.Null(Catalog.Type("io.k8s.api.core.v1.Pod")!.Member("nonsense"));
    }

    [Fact]
    public void Recursive_types_end_where_the_value_ends()
    {
        var props = Catalog.Type("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps")!;
        Assert.Same(props.Properties, props.Properties["properties"].AdditionalProperties!.Properties);
        Assert.True(props.Properties["items"].PreserveUnknownFields);
        Assert.False(props.PreserveUnknownFields);
    }

    [Fact]
    public void Every_type_can_be_walked_and_is_made_once_for_all_threads()
    {
        var fresh = ApiCatalog.Load();
        var seen = Enumerable.Range(0, 4).AsParallel().WithDegreeOfParallelism(4).Select(_ =>
        {
            var all = new HashSet<Schema>(ReferenceEqualityComparer.Instance);
            foreach (var name in fresh.TypeNames) Walk(fresh.Type(name)!, all);
            return all;
        }).ToList();
        Assert.True(seen[0].Count > 1200, $"{seen[0].Count} schemas");
        Assert.All(seen, s => Assert.True(s.SetEquals(seen[0])));

        static void Walk(Schema schema, HashSet<Schema> all)
        {
            if (!all.Add(schema)) return;
            foreach (var child in schema.Properties.Values) Walk(child, all);
            if (schema.Items is { } items) Walk(items, all);
            if (schema.AdditionalProperties is { } more) Walk(more, all);
            Assert.All(schema.Required, r => Assert.True(schema.Properties.ContainsKey(r)));
            if (schema.ListType == ListType.Map) Assert.All(schema.ListMapKeys, k => Assert.True(schema.Items!.Properties.ContainsKey(k)));
            Assert.Equal(schema.Type == SchemaType.Array, schema.Items is not null);
        }
    }

    [Fact]
    public void A_schema_written_in_code_needs_no_catalog()
    {
        var schema = new Schema { Properties = new Dictionary<string, Schema> { ["a"] = new() { Items = Schema.Anything } } };
        Assert.Same(Schema.Anything, schema.Properties["a"].Items);
        Assert.Empty(schema.Properties["a"].Properties);
        Assert.Null(schema.AdditionalProperties);
        Assert.Null(schema.PublishedDefault);
    }
}
