using System.Text.Json.Nodes;
using KubeFlex.Machinery.Patching;
using KubeFlex.Machinery.Tests.Json;

namespace KubeFlex.Machinery.Tests.Patching;

public class MergePatchTests
{
    // The examples of RFC 7386, appendix A, that are objects.
    [Theory]
    [InlineData("""{"a":"b"}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"b","b":"c"}""", """{"a":null}""", """{"b":"c"}""")]
    [InlineData("""{"a":["b"]}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":{"b":"c"}}""", """{"a":{"b":"d","c":null}}""", """{"a":{"b":"d"}}""")]
    [InlineData("""{"a":[{"b":"c"}]}""", """{"a":[1]}""", """{"a":[1]}""")]
    [InlineData("""{"e":null}""", """{"a":1}""", """{"e":null,"a":1}""")]
    [InlineData("{}", """{"a":{"bb":{"ccc":null}}}""", """{"a":{"bb":{}}}""")]
    public void The_rfcs_examples(string document, string patch, string expected) =>
        Assert.Equal(expected, MergePatch.Apply((JsonObject)JsonNode.Parse(document)!, (JsonObject)JsonNode.Parse(patch)!).ToJsonString());

    [Fact]
    public void The_difference_of_two_documents_leads_from_one_to_the_other_and_twice_is_once()
    {
        for (var seed = 0; seed < 2000; seed++)
        {
            var random = new RandomJson(seed);
            JsonObject from = WithoutNulls(random.Object(4)), to = WithoutNulls(random.Object(4));
            var patch = Difference(from, to);
            var result = MergePatch.Apply(from, patch);
            Assert.True(JsonNode.DeepEquals(to, result), $"seed {seed}");
            Assert.True(JsonNode.DeepEquals(result, MergePatch.Apply(result, patch)), $"seed {seed}");
        }
    }

    private static JsonObject Difference(JsonObject from, JsonObject to)
    {
        var patch = new JsonObject();
        foreach (var (name, _) in from) if (!to.ContainsKey(name)) patch[name] = null;
        foreach (var (name, value) in to)
            if (from[name] is JsonObject a && value is JsonObject b) patch[name] = Difference(a, b);
            else if (!JsonNode.DeepEquals(from[name], value)) patch[name] = value?.DeepClone();
        return patch;
    }

    // A merge patch cannot say null.
    private static JsonObject WithoutNulls(JsonObject o)
    {
        foreach (var (name, value) in o.ToList())
            if (value is null) o.Remove(name);
            else if (value is JsonObject inner) WithoutNulls(inner);
        return o;
    }
}
