using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Json;
using KubeFlex.Machinery.Patching;
using KubeFlex.Machinery.Tests.Json;

namespace KubeFlex.Machinery.Tests.Patching;

public class JsonPatchTests
{
    private static Result<JsonObject> Apply(string document, string patch) =>
        JsonPatch.Apply((JsonObject)JsonNode.Parse(document)!, Encoding.UTF8.GetBytes(patch));

    [Theory]
    [InlineData("""{"a":1}""", """[{"op":"add","path":"/b","value":2}]""", """{"a":1,"b":2}""")]
    [InlineData("""{"a":[1,2]}""", """[{"op":"add","path":"/a/1","value":9},{"op":"add","path":"/a/-","value":7}]""", """{"a":[1,9,2,7]}""")]
    [InlineData("""{"a":[1,2]}""", """[{"op":"remove","path":"/a/0"}]""", """{"a":[2]}""")]
    [InlineData("""{"a":[1,2]}""", """[{"op":"replace","path":"/a/-1","value":5}]""", """{"a":[1,5]}""")]
    [InlineData("""{"a":{"b":1}}""", """[{"op":"move","from":"/a/b","path":"/c"}]""", """{"a":{},"c":1}""")]
    [InlineData("""{"a":{"b":1}}""", """[{"op":"copy","from":"/a","path":"/c"}]""", """{"a":{"b":1},"c":{"b":1}}""")]
    [InlineData("""{"a/b":1,"m~n":2}""", """[{"op":"test","path":"/a~1b","value":1.0},{"op":"remove","path":"/m~0n"}]""", """{"a/b":1}""")]
    [InlineData("""{"a":1}""", """[{"op":"test","path":"/z","value":null}]""", """{"a":1}""")]
    [InlineData("""{"a":1}""", """[{"op":"add","path":"","value":{"b":2}}]""", """{"b":2}""")]
    [InlineData("""{"a":1}""", """[{"op":"add","path":"/b","value":null}]""", """{"a":1,"b":null}""")]
    [InlineData("""{"a":1}""", "[]", """{"a":1}""")]
    public void Operations_change_a_copy(string document, string patch, string expected)
    {
        var original = (JsonObject)JsonNode.Parse(document)!;
        Assert.Equal(expected, JsonPatch.Apply(original, Encoding.UTF8.GetBytes(patch)).Value.ToJsonString());
        Assert.Equal(document, original.ToJsonString());
    }

    [Theory]
    [InlineData("""[{"op":"test","path":"/a","value":99}]""")]
    [InlineData("""[{"op":"remove","path":"/nope/nope"}]""")]
    [InlineData("""[{"op":"remove","path":"/nope"}]""")]
    [InlineData("""[{"op":"replace","path":"/nope","value":1}]""")]
    [InlineData("""[{"op":"nope","path":"/x"}]""")]
    [InlineData("""[{"op":"add","path":"/l/3","value":1}]""")]
    [InlineData("""[{"op":"add","path":"x","value":1}]""")]
    [InlineData("""[{"op":"move","from":"/l","path":"/l/0"}]""")]
    [InlineData("""[{"op":"add","path":"","value":[]}]""")]
    [InlineData("""[{"path":"/x"}]""")]
    [InlineData("[null]")]
    public void A_patch_that_does_not_apply_is_unprocessable(string patch)
    {
        var error = Apply("""{"a":1,"l":[1,2]}""", patch).Error!;
        Assert.Equal((422, "Invalid", "the server rejected our request due to an error in our request"), (error.Code, error.Reason, error.Message));
        Assert.Equal("{}", error.Details!.ToJson().ToJsonString());
    }

    [Theory]
    [InlineData("not a list", "error decoding patch: invalid character 'o' in literal null (expecting 'u')")]
    [InlineData("{}", "error decoding patch: json: cannot unmarshal object into Go value of type []interface {}")]
    [InlineData("[1]", "json: cannot unmarshal number into Go value of type jsonpatch.Operation")]
    public void A_malformed_patch_is_a_bad_request(string patch, string message)
    {
        var error = Apply("{}", patch).Error!;
        Assert.Equal((400, message), (error.Code, error.Message));
    }

    [Fact]
    public void Copies_cannot_grow_without_bound()
    {
        var doubling = string.Join(',', Enumerable.Range(0, 40).Select(i => $$"""{"op":"copy","from":"/a","path":"/a/x{{i}}"}"""));
        Assert.Equal(422, Apply("""{"a":{"b":"0123456789"}}""", $"[{doubling}]").Error!.Code);
    }

    [Fact]
    public void Too_many_operations_are_too_large()
    {
        var many = string.Join(',', Enumerable.Repeat("""{"op":"test","path":"/a","value":1}""", 10_001));
        Assert.Equal((413, "The allowed maximum operations in a JSON patch is 10000, got 10001"), (Apply("""{"a":1}""", $"[{many}]").Error!.Code, Apply("""{"a":1}""", $"[{many}]").Error!.Message));
    }

    [Fact]
    public void Remove_undoes_add()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new RandomJson(seed);
            var document = random.Object(3);
            document["list"] = new JsonArray(1, 2, 3);
            var value = random.Node(2)?.ToJsonString(KubeJson.Relaxed) ?? "null";
            foreach (var path in new[] { "/fresh", "/list/1", "/list/3" })
            {
                var text = $$"""[{"op":"add","path":"{{path}}","value":{{value}}},{"op":"remove","path":"{{path}}"}]""";
                var result = JsonPatch.Apply(document, Encoding.UTF8.GetBytes(text));
                Assert.True(result.Error is null && JsonNode.DeepEquals(document, result.Value), $"seed {seed} {text}");
            }
        }
    }
}
