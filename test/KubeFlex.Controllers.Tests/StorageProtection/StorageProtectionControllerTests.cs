using System.Text.Json.Nodes;
using KubeFlex.Controllers.StorageProtection;

namespace KubeFlex.Controllers.Tests.StorageProtection;

public sealed class StorageProtectionControllerTests
{
    private const string Claim = """{"metadata":{"name":"data","ownerReferences":[{"uid":"other"}]}}""";
    private const string Owned = """{"metadata":{"name":"p-scratch","ownerReferences":[{"uid":"u1"}]}}""";

    [Theory]
    [InlineData(true, Claim, """{"nodeName":"n","volumes":[{"name":"a","emptyDir":{}},{"name":"v","persistentVolumeClaim":{"claimName":"data"}}]}""")]
    [InlineData(false, Claim, """{"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"data"}}]}""")]
    [InlineData(false, Claim, """{"nodeName":"","volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"data"}}]}""")]
    [InlineData(false, Claim, """{"nodeName":"n","volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"else"}}]}""")]
    [InlineData(false, Claim, """{"nodeName":"n"}""")]
    [InlineData(true, Owned, """{"nodeName":"n","volumes":[{"name":"scratch","ephemeral":{}}]}""")]
    [InlineData(false, """{"metadata":{"name":"p-scratch"}}""", """{"nodeName":"n","volumes":[{"name":"scratch","ephemeral":{}}]}""")]
    public void A_pod_with_a_node_uses_the_claims_of_its_volumes(bool uses, string claim, string spec)
    {
        // It counts until it is gone, finished or not.
        var pod = new JsonObject { ["metadata"] = new JsonObject { ["name"] = "p", ["uid"] = "u1" }, ["spec"] = JsonNode.Parse(spec), ["status"] = new JsonObject { ["phase"] = "Succeeded" } };
        Assert.Equal(uses, StorageProtectionController.Uses(pod, JsonNode.Parse(claim)!.AsObject()));
    }
}
