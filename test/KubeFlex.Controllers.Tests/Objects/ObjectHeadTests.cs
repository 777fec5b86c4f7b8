using System.Text;
using KubeFlex.Controllers.Objects;

namespace KubeFlex.Controllers.Tests.Objects;

public sealed class ObjectHeadTests
{
    [Fact]
    public void Reads_identity_owners_and_finalizers_and_skips_the_rest()
    {
        var head = ObjectHead.Read(Encoding.UTF8.GetBytes("""
            {"apiVersion":"apps/v1","kind":"ReplicaSet","metadata":{"name":"r","namespace":"n","managedFields":[{"fieldsV1":{"f:x":{}}}],"uid":"u",
             "ownerReferences":[{"apiVersion":"apps/v1","kind":"Deployment","name":"d","uid":"du","controller":true,"blockOwnerDeletion":true},
                                {"apiVersion":"v1","kind":"ConfigMap","name":"c","uid":"cu"}],
             "finalizers":["a.io/x","foregroundDeletion"],"deletionTimestamp":"2026-01-01T00:00:00Z"},"spec":{"metadata":{"name":"not me"}}}
            """))!;
        Assert.Equal(("apps", "ReplicaSet", "n", "r", "u"), (head.Id.Kind.Group, head.Id.Kind.Kind, head.Id.Namespace, head.Id.Name, head.Id.Uid));
        Assert.Equal([("Deployment", "du", true), ("ConfigMap", "cu", false)], head.Owners.Select(o => (o.Kind.Kind, o.Uid, o.BlocksOwnerDeletion)));
        Assert.True(head.DeletingInForeground);
        Assert.False(head.DeletingAndOrphaning);
    }

    [Theory]
    [InlineData("""{"metadata":{"name":"r"},"spec":{},"kind":"X","apiVersion":"v1"}""", "r")]
    [InlineData("""{"apiVersion":"v1","kind":"X","metadata":{"name":"r","finalizers":null,"ownerReferences":null,"deletionTimestamp":null}}""", "r")]
    public void Order_and_nulls_do_not_matter(string json, string name)
    {
        var head = ObjectHead.Read(Encoding.UTF8.GetBytes(json))!;
        Assert.Equal(name, head.Id.Name);
        Assert.False(head.Deleting);
        Assert.Empty(head.Owners);
    }

    [Theory, InlineData("[]"), InlineData("""{"kind":"X"}"""), InlineData("""{"apiVersion":"a/b/c","kind":"X","metadata":{}}""")]
    public void What_is_no_object_is_null(string json) => Assert.Null(ObjectHead.Read(Encoding.UTF8.GetBytes(json)));
}
