using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Patching;

namespace KubeFlex.Machinery.Tests.Patching;

public class StrategicMergePatchTests
{
    private static readonly Schema Text = new() { Type = SchemaType.String };
    private static readonly Schema Item = new()
    {
        Type = SchemaType.Object,
        Properties = new Dictionary<string, Schema>
        {
            ["name"] = Text, ["image"] = Text,
            ["args"] = new() { Type = SchemaType.Array, Items = Text },
            ["tags"] = new() { Type = SchemaType.Array, Items = Text, PatchStrategy = "merge" },
        },
    };

    private static readonly Schema Spec = new()
    {
        Type = SchemaType.Object,
        Properties = new Dictionary<string, Schema>
        {
            ["items"] = new() { Type = SchemaType.Array, Items = Item, PatchStrategy = "merge", PatchMergeKey = "name" },
            ["tags"] = new() { Type = SchemaType.Array, Items = Text, PatchStrategy = "merge" },
            ["args"] = new() { Type = SchemaType.Array, Items = Text },
            ["strategy"] = new() { Type = SchemaType.Object, PatchStrategy = "retainKeys", AdditionalProperties = Schema.Anything },
            ["whole"] = new() { Type = SchemaType.Object, PatchStrategy = "replace", AdditionalProperties = Text },
            ["labels"] = new() { Type = SchemaType.Object, AdditionalProperties = Text },
        },
    };

    private static Result<JsonObject> Apply(string document, string patch) =>
        StrategicMergePatch.Apply((JsonObject)JsonNode.Parse(document)!, (JsonObject)JsonNode.Parse(patch)!, Spec);

    [Theory]
    [InlineData("""{"items":[{"name":"a","image":"1"},{"name":"b","image":"1"}]}""", """{"items":[{"name":"b","image":"2"},{"name":"c"}]}""", """{"items":[{"name":"a","image":"1"},{"name":"b","image":"2"},{"name":"c"}]}""")]
    [InlineData("""{"items":[{"name":"a"},{"name":"b"}]}""", """{"items":[{"name":"c"}]}""", """{"items":[{"name":"c"},{"name":"a"},{"name":"b"}]}""")]
    [InlineData("""{"items":[{"name":"a"},{"name":"b"}]}""", """{"items":[{"$patch":"delete","name":"a"}]}""", """{"items":[{"name":"b"}]}""")]
    [InlineData("""{"items":[{"name":"a"},{"name":"b"}]}""", """{"items":[{"$patch":"replace"},{"name":"z"}]}""", """{"items":[{"name":"z"}]}""")]
    [InlineData("""{"items":[{"name":"a","args":["x"],"tags":["x"]}]}""", """{"items":[{"name":"a","args":["y"],"tags":["y"]}]}""", """{"items":[{"name":"a","args":["y"],"tags":["y","x"]}]}""")]
    [InlineData("""{"items":[{"name":"a"},{"name":"b"},{"name":"c"}]}""", """{"$setElementOrder/items":[{"name":"c"},{"name":"a"}]}""", """{"items":[{"name":"b"},{"name":"c"},{"name":"a"}]}""")]
    [InlineData("""{"items":[{"name":"a"},{"name":"b"}]}""", """{"$setElementOrder/items":[{"name":"n"},{"name":"b"},{"name":"a"}],"items":[{"name":"n"}]}""", """{"items":[{"name":"n"},{"name":"b"},{"name":"a"}]}""")]
    [InlineData("""{"tags":["a","b"]}""", """{"tags":["c","a"]}""", """{"tags":["c","a","b"]}""")]
    [InlineData("""{"tags":["a.io/2"]}""", """{"tags":["a.io/3"]}""", """{"tags":["a.io/3","a.io/2"]}""")]
    [InlineData("""{"tags":["a","b","c"]}""", """{"$deleteFromPrimitiveList/tags":["a","c"]}""", """{"tags":["b"]}""")]
    [InlineData("""{"tags":["a","b","c"]}""", """{"$setElementOrder/tags":["c","b"],"$deleteFromPrimitiveList/tags":["a"]}""", """{"tags":["c","b"]}""")]
    [InlineData("""{"tags":["a"]}""", """{"$deleteFromPrimitiveList/none":["a"]}""", """{"tags":["a"]}""")]
    [InlineData("""{"strategy":{"type":"Rolling","rolling":{"x":1}}}""", """{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}""", """{"strategy":{"type":"Recreate"}}""")]
    [InlineData("""{"labels":{"a":"1","b":"2"}}""", """{"labels":{"a":null,"c":"3"}}""", """{"labels":{"b":"2","c":"3"}}""")]
    [InlineData("""{"labels":{"a":"1"}}""", """{"labels":{"$patch":"replace","c":"3"}}""", """{"labels":{"c":"3"}}""")]
    [InlineData("""{"labels":{"a":"1"},"args":["x"]}""", """{"labels":{"$patch":"delete"}}""", """{"labels":{},"args":["x"]}""")]
    [InlineData("""{"whole":{"a":"1"}}""", """{"whole":{"b":"2"}}""", """{"whole":{"b":"2"}}""")]
    [InlineData("""{"args":["x","y"]}""", """{"args":["z"]}""", """{"args":["z"]}""")]
    [InlineData("""{"args":["x","y"],"labels":{}}""", """{"args":null}""", """{"labels":{}}""")]
    [InlineData("{}", """{"items":[{"name":"a","$patch":"delete"},{"name":"b","image":null,"$retainKeys":["name"]}]}""", """{"items":[{"name":"b"}]}""")]
    [InlineData("{}", """{"unknown":{"a":1}}""", """{"unknown":{"a":1}}""")]
    public void Patches_merge_as_the_schema_says(string document, string patch, string expected) => Assert.Equal(expected, Apply(document, patch).Value.ToJsonString());

    [Theory]
    [InlineData("""{"items":[{"image":"x"}]}""", 500, "map: image: x\n does not contain declared merge key: name")]
    [InlineData("""{"labels":{"$patch":"nope"}}""", 500, "unknown patch type: nope in map: $patch: nope\n")]
    [InlineData("""{"$deleteFromPrimitiveList/tags":"a"}""", 400, "invalid patch format of primitive list")]
    [InlineData("""{"strategy":{"$retainKeys":"type"}}""", 400, "invalid patch format of retainKeys")]
    [InlineData("""{"strategy":{"$retainKeys":["type"],"other":1}}""", 400, "invalid patch format of retainKeys")]
    [InlineData("""{"$setElementOrder/tags":"a"}""", 400, "invalid patch format of setElementOrder list")]
    [InlineData("""{"$setElementOrder/tags":["a","b"],"tags":["b","a"]}""", 500, "The order in patch list:\n[b a]\n doesn't match $setElementOrder list:\n[a b]\n")]
    public void Bad_patches_are_answered_in_upstreams_words(string patch, int code, string message)
    {
        var error = Apply("""{"items":[{"name":"a"}],"tags":["a"],"labels":{"a":"1"},"strategy":{}}""", patch).Error!;
        Assert.Equal((code, message), (error.Code, error.Message));
    }

    [Fact]
    public void Lists_by_key_behave_as_maps_by_key()
    {
        for (var seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            string Name() => ((char)('a' + random.Next(6))).ToString();
            var model = new Dictionary<string, string?>();
            var live = new JsonArray();
            foreach (var name in Enumerable.Range(0, random.Next(6)).Select(_ => Name()).Distinct())
            {
                model[name] = "1";
                live.Add(new JsonObject { ["name"] = name, ["image"] = "1" });
            }
            var patch = new JsonArray();
            foreach (var name in Enumerable.Range(0, random.Next(6)).Select(_ => Name()).Distinct().ToList())
            {
                if (random.Next(3) == 0)
                {
                    model.Remove(name);
                    patch.Add(new JsonObject { ["name"] = name, ["$patch"] = "delete" });
                }
                else
                {
                    model[name] = "2";
                    patch.Add(new JsonObject { ["name"] = name, ["image"] = "2" });
                }
            }
            var document = new JsonObject { ["items"] = live };
            var text = document.ToJsonString();
            var result = StrategicMergePatch.Apply(document, new JsonObject { ["items"] = patch }, Spec).Value;
            var items = result["items"]!.AsArray().ToDictionary(i => i!["name"]!.GetValue<string>(), i => i!["image"]?.GetValue<string>());
            Assert.True(model.Count == items.Count && model.All(m => items[m.Key] == m.Value), $"seed {seed}: {text} + {patch.ToJsonString()} = {result.ToJsonString()}");
            Assert.Equal(text, document.ToJsonString());

            // Items that the patch does not name keep their relative order.
            var named = patch.Select(p => p!["name"]!.GetValue<string>()).ToHashSet();
            Assert.Equal(live.Select(i => i!["name"]!.GetValue<string>()).Where(n => !named.Contains(n)), items.Keys.Where(n => !named.Contains(n)));
        }
    }
}
