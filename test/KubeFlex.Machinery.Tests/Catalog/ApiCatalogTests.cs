using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.Tests.Catalog;

public sealed class ApiCatalogTests
{
    private static readonly ApiCatalog Catalog = ApiCatalog.Load();

    private static IEnumerable<ResourceInfo> All =>
        Catalog.Groups.SelectMany(g => g.Versions.SelectMany(v => Catalog.ResourcesOf(new GroupVersion(g.Name, v))));

    [Fact]
    public void Groups_are_those_of_a_stock_server_in_its_order()
    {
        Assert.Equal("v1.35.0", Catalog.KubernetesVersion);
        Assert.Equal(
            [
                "", "apiregistration.k8s.io", "apps", "events.k8s.io", "authentication.k8s.io", "authorization.k8s.io", "autoscaling", "batch",
                "certificates.k8s.io", "networking.k8s.io", "policy", "rbac.authorization.k8s.io", "storage.k8s.io", "admissionregistration.k8s.io",
                "apiextensions.k8s.io", "scheduling.k8s.io", "coordination.k8s.io", "node.k8s.io", "discovery.k8s.io", "resource.k8s.io",
                "flowcontrol.apiserver.k8s.io",
            ],
            Catalog.Groups.Select(g => g.Name));
        Assert.Equal(["v2", "v1"], Catalog.Groups.Single(g => g.Name == "autoscaling").Versions);
        Assert.All(Catalog.Groups.Where(g => g.Name != "autoscaling"), g => Assert.Equal(["v1"], g.Versions));
    }

    [Fact]
    public void Every_resource_has_a_schema_columns_and_a_way_back()
    {
        Assert.Equal(66, All.Count());
        foreach (var resource in All)
        {
            Assert.Same(resource, Catalog.Find(resource.Kind.GroupVersion, resource.Resource));
            Assert.Same(resource, Catalog.FindKind(resource.Kind));
            Assert.Equal(SchemaType.Object, resource.Schema.Type);
            Assert.Same(Catalog.ObjectMeta.Properties, resource.Schema.Properties["metadata"].Properties);
            Assert.NotEmpty(resource.Columns);
            Assert.NotEmpty(resource.Verbs);
            Assert.Equal(resource.Verbs.Contains("watch"), resource.StorageVersionHash.Length > 0);
        }
    }

    [Fact]
    public void What_is_unknown_is_not_found()
    {
        Assert.Null(Catalog.Find(new("apps", "v1beta1"), "deployments"));
        Assert.Null(Catalog.Find(new("apps", "v1"), "pods"));
        Assert.Null(Catalog.FindKind(new("", "v1", "Deployment")));
        Assert.Empty(Catalog.ResourcesOf(new("certificates.k8s.io", "v1beta1")));
        Assert.Null(Catalog.Type("io.k8s.api.core.v1.Nothing"));
    }

    [Fact]
    public void Pods_are_described_as_discovery_does()
    {
        var pods = Catalog.Find(new("", "v1"), "pods")!;
        Assert.Equal(("pod", "PodList", true), (pods.Singular, pods.ListKind, pods.Namespaced));
        Assert.Equal(["po"], pods.ShortNames);
        Assert.Equal(["all"], pods.Categories);
        Assert.Equal(["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], pods.Verbs);
        Assert.Equal("xPOwRZ+Yhw8=", pods.StorageVersionHash);
        Assert.Equal(
            ["attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "proxy", "resize", "status"],
            pods.Subresources.Select(s => s.Name));
        Assert.Equal(new("policy", "v1", "Eviction"), pods.Subresource("eviction")!.Kind);
        Assert.Equal(new("", "v1", "Pod"), pods.Subresource("resize")!.Kind);
        Assert.Contains("spec.nodeName", pods.SelectableFields);
        Assert.Equal("Restarts", pods.Columns[3].Name);
        Assert.Equal(new("authentication.k8s.io", "v1", "TokenRequest"), Catalog.Find(new("", "v1"), "serviceaccounts")!.Subresource("token")!.Kind);
        Assert.Equal(["update"], Catalog.Find(new("", "v1"), "namespaces")!.Subresource("finalize")!.Verbs);
    }

    [Fact]
    public void Scale_is_where_discovery_says()
    {
        var scalable = All.Where(r => r.Scale is not null).Select(r => r.Resource);
        Assert.Equal(["replicationcontrollers", "deployments", "replicasets", "statefulsets"], scalable);
        Assert.All(All, r => Assert.Equal(r.Scale is not null, r.Subresource("scale") is not null));
        Assert.Equal(new ScalePaths(".spec.replicas", ".status.replicas", ".spec.selector"), Catalog.Find(new("apps", "v1"), "deployments")!.Scale);
    }

    [Fact]
    public void Versions_of_a_resource_share_their_storage()
    {
        var core = Catalog.Find(new("", "v1"), "events")!;
        var events = Catalog.Find(new("events.k8s.io", "v1"), "events")!;
        Assert.Equal(new("", "v1", "Event"), events.StorageKind);
        Assert.Equal((core.StorageResource, core.StorageVersionHash), (events.StorageResource, events.StorageVersionHash));
        var hpa = Catalog.Find(new("autoscaling", "v1"), "horizontalpodautoscalers")!;
        Assert.Equal(new("autoscaling", "v2", "HorizontalPodAutoscaler"), hpa.StorageKind);
        Assert.All(All.Where(r => r.Resource is not ("events" or "horizontalpodautoscalers")), r => Assert.Equal(r.Kind, r.StorageKind));
    }

    [Fact]
    public void Initial_objects_are_fresh_copies_of_served_kinds()
    {
        var first = Catalog.InitialObjects().ToList();
        Assert.Equal(4, first.Count(o => o["kind"]!.GetValue<string>() == "Namespace"));
        Assert.Equal(69, first.Count(o => o["kind"]!.GetValue<string>() == "ClusterRole"));
        foreach (var obj in first)
        {
            var version = GroupVersion.Parse(obj["apiVersion"]!.GetValue<string>())!.Value;
            Assert.NotNull(Catalog.FindKind(new(version.Group, version.Version, obj["kind"]!.GetValue<string>())));
            Assert.DoesNotContain("\"<", obj.ToJsonString(), StringComparison.Ordinal);
        }
        first[0]["metadata"]!["name"] = "changed";
        Assert.Equal("default", Catalog.InitialObjects().First()["metadata"]!["name"]!.GetValue<string>());
    }
}
