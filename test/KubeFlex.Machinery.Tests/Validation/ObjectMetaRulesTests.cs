using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.Tests.Validation;

public class ObjectMetaRulesTests
{
    private static FieldErrors Create(string metadata, bool namespaced = true)
    {
        var errors = new FieldErrors();
        ObjectMetaRules.Validate(new JsonObject { ["metadata"] = JsonNode.Parse(metadata) }, namespaced, null, errors);
        return errors;
    }

    private static FieldErrors Update(string now, string before)
    {
        var errors = new FieldErrors();
        ObjectMetaRules.ValidateUpdate(new JsonObject { ["metadata"] = JsonNode.Parse(now) }, new JsonObject { ["metadata"] = JsonNode.Parse(before) }, errors);
        return errors;
    }

    [Fact]
    public void A_good_one_passes() =>
        Assert.Empty(Create("""{"name":"a","namespace":"n","labels":{"app":"x","a.io/b":""},"annotations":{"A.io/b":"any thing"},"finalizers":["a.io/f"]}"""));

    [Theory]
    [InlineData("""{"namespace":"n"}""", "metadata.name: Required value: name or generateName is required")]
    [InlineData("""{"name":"a"}""", "metadata.namespace: Required value")]
    [InlineData("""{"name":"a","namespace":"n","finalizers":["orphan","foregroundDeletion"]}""",
        "metadata.finalizers: Invalid value: [\"orphan\",\"foregroundDeletion\"]: finalizer orphan and foregroundDeletion cannot be both set")]
    [InlineData("""{"name":"a","namespace":"n","ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"p","uid":""}]}""",
        "metadata.ownerReferences.uid: Invalid value: \"\": must not be empty")]
    public void Bad_ones_are_named(string metadata, string error) => Assert.Equal(error, Assert.Single(Create(metadata)).ToString());

    [Fact]
    public void Cluster_wide_objects_have_no_namespace() =>
        Assert.Equal("metadata.namespace: Forbidden: not allowed on this type", Assert.Single(Create("""{"name":"a","namespace":"n"}""", namespaced: false)).ToString());

    [Fact]
    public void Annotations_are_limited_in_sum() =>
        Assert.Equal("metadata.annotations: Too long: may not be more than 262144 bytes",
            Assert.Single(Create("""{"name":"a","namespace":"n","annotations":{"a":"?"}}""".Replace("?", new string('x', 262144), StringComparison.Ordinal))).ToString());

    [Fact]
    public void A_generated_name_may_end_in_a_hyphen() => Assert.Empty(Create("""{"generateName":"a-","namespace":"n"}"""));

    [Fact]
    public void Uid_stays() =>
        Assert.Equal("metadata.uid: Invalid value: \"2\": field is immutable", Assert.Single(Update("""{"name":"a","uid":"2"}""", """{"name":"a","uid":"1"}""")).ToString());

    [Fact]
    public void No_finalizer_joins_a_deletion() => Assert.Equal(
        "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{\"example.com/g\"}",
        Assert.Single(Update("""{"deletionTimestamp":"2024-01-01T00:00:00Z","finalizers":["example.com/f","example.com/g"]}""",
            """{"deletionTimestamp":"2024-01-01T00:00:00Z","finalizers":["example.com/f"]}""")).ToString());
}
