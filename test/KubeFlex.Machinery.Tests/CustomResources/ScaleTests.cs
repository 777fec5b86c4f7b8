using KubeFlex.Machinery.CustomResources;

namespace KubeFlex.Machinery.Tests.CustomResources;

public class ScaleTests
{
    [Fact]
    public void A_custom_resource_scales()
    {
        var crd = Widgets.Definition();
        crd["spec"]!["versions"]![0]!["subresources"]!["scale"] = Widgets.Json("""{"labelSelectorPath":".status.selector","specReplicasPath":".spec.size","statusReplicasPath":".status.replicas"}""");
        var resource = CustomResourceDefinitions.Compile(crd, Widgets.ObjectMeta)[0];
        var obj = Widgets.Json("""{"metadata":{"name":"w","namespace":"n","uid":"u","resourceVersion":"1"},"spec":{"size":2}}""");
        var scale = ScaleDocuments.From(resource, obj).Value;
        Assert.Equal("""{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"w","namespace":"n","uid":"u","resourceVersion":"1"},"spec":{"replicas":2},"status":{"replicas":0}}""", scale.ToJsonString());
        scale["spec"]!["replicas"] = 5;
        ScaleDocuments.Apply(resource, scale, obj);
        Assert.Equal("""{"size":5}""", obj["spec"]!.ToJsonString());
        Assert.Equal(500, ScaleDocuments.From(resource, Widgets.Json("""{"metadata":{"name":"w"}}""")).Error!.Code);
    }
}
