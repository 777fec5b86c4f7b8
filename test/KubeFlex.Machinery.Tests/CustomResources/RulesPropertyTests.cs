using System.Text.Json.Nodes;
using KubeFlex.Machinery.CustomResources;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.Tests.CustomResources;

/// <summary>What holds for every object: pruning and defaulting twice is doing it once, and neither makes the other necessary again.</summary>
public class RulesPropertyTests
{
    private static readonly Machinery.Catalog.Schema Schema = Widgets.SpecSchema("""
        {"type":"object","default":{},"properties":{
          "a":{"type":"integer","default":3},"b":{"type":"string","nullable":true,"default":"x"},"c":{"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{"a":{"type":"object","properties":{"b":{"type":"string","default":"y"}}}}},
          "list":{"type":"array","items":{"type":"object","properties":{"a":{"type":"integer","default":1},"b":{"type":"string"}}}},
          "map":{"type":"object","additionalProperties":{"type":"object","properties":{"a":{"type":"integer","default":2}}}}}}
        """);

    [Fact]
    public void Prune_and_default_are_idempotent_and_stable()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            var obj = new JsonObject { ["spec"] = Value(random, 4) };
            CustomResourceRules.Prune(obj, Schema);
            var pruned = obj.ToJsonString();
            Assert.True(CustomResourceRules.Prune(obj, Schema).Count == 0, $"seed {seed}: {pruned}");
            CustomResourceRules.Default(obj, Schema);
            var defaulted = obj.ToJsonString();
            CustomResourceRules.Default(obj, Schema);
            Assert.True(obj.ToJsonString() == defaulted, $"seed {seed}: {defaulted}");
            Assert.True(CustomResourceRules.Prune(obj, Schema).Count == 0, $"seed {seed}: defaults brought unknown members: {defaulted}");
            var errors = new FieldErrors();
            CustomResourceRules.Validate(obj, (JsonObject)obj.DeepClone(), Schema, errors);
            Assert.True(errors.Count == 0, $"seed {seed}: an unchanged object is never refused");
        }
    }

    private static JsonNode? Value(Random random, int depth) => random.Next(depth > 0 ? 6 : 4) switch
    {
        0 => JsonValue.Create(random.Next(10)),
        1 => JsonValue.Create("s"),
        2 => null,
        3 => JsonValue.Create(true),
        4 => new JsonArray([.. Enumerable.Range(0, random.Next(3)).Select(_ => Value(random, depth - 1))]),
        _ => new JsonObject(new[] { "a", "b", "c", "list", "map", "zzz" }.Where(_ => random.Next(2) == 0).Select(n => KeyValuePair.Create(n, Value(random, depth - 1)))),
    };
}
