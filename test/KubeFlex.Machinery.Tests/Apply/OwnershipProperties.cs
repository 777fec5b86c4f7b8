using System.Text.Json.Nodes;
using KubeFlex.Machinery.Apply;
using KubeFlex.Machinery.Json;
using static KubeFlex.Machinery.Tests.Apply.Shapes;

namespace KubeFlex.Machinery.Tests.Apply;

/// <summary>Laws over random configurations.</summary>
public class OwnershipProperties
{
    private static JsonObject RandomConfig(Random random)
    {
        var config = Doc("""{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"}}""");
        string Value() => random.Next(3).ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (random.Next(2) == 0) config["metadata"]!["labels"] = new JsonObject(Names().Select(n => KeyValuePair.Create(n, (JsonNode?)Value())));
        if (random.Next(2) == 0) config["metadata"]!["finalizers"] = new JsonArray([.. Names().Select(n => (JsonNode)n)]);
        var spec = new JsonObject();
        if (random.Next(2) == 0) spec["replicas"] = random.Next(3);
        if (random.Next(2) == 0) spec["selector"] = new JsonObject { ["x"] = Value() };
        if (random.Next(2) == 0) spec["containers"] = new JsonArray([.. Names().Select(n =>
        {
            var c = new JsonObject { ["name"] = n };
            if (random.Next(2) == 0) c["image"] = Value();
            if (random.Next(3) == 0) c["env"] = new JsonArray([.. Names().Select(e => (JsonNode)new JsonObject { ["name"] = e, ["value"] = Value() })]);
            return (JsonNode)c;
        })]);
        if (spec.Count > 0) config["spec"] = spec;
        return config;

        List<string> Names() => [.. new[] { "a", "b", "c", "d" }.Where(_ => random.Next(2) == 0).OrderBy(_ => random.Next()).DefaultIfEmpty("e")];
    }

    private static string Text(JsonNode node) => node.ToJsonString(KubeJson.Relaxed);

    [Fact]
    public void Applying_twice_is_applying_once_and_what_is_applied_is_there()
    {
        for (var seed = 0; seed < 1500; seed++)
        {
            var random = new Random(seed);
            var live = Applying(Applying(null, RandomConfig(random), "other").Value, RandomConfig(random), "third", force: true).Value;
            var config = RandomConfig(random);
            var once = Applying(live, config, "m", force: true).Value;
            var twice = Applying(once, config, "m", second: 30);
            Assert.True(twice.Error is null && Text(once) == Text(twice.Value), $"seed {seed}\n{Text(once)}\n{(twice.Error is null ? Text(twice.Value) : twice.Error.Message)}");
            // Laying the configuration over the result once more changes nothing: all it states is there.
            Assert.True(JsonNode.DeepEquals(once, TypedMerge.Merge(Service, once, config)), $"seed {seed}\n{Text(config)}\n{Text(once)}");
        }
    }

    [Fact]
    public void Applying_nothing_takes_back_what_only_this_manager_brought()
    {
        for (var seed = 0; seed < 1500; seed++)
        {
            var random = new Random(seed);
            var start = Applying(null, RandomConfig(random), "other").Value;
            var config = RandomConfig(random);
            var with = Applying(start, config, "m");
            if (with.Error is not null) continue;
            var without = Applying(with.Value, Doc("""{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"}}"""), "m").Value;
            // Order may have followed the configuration meanwhile; empty containers say nothing.
            Assert.True(Canonical(start) == Canonical(without), $"seed {seed}\n{Text(start)}\n{Text(config)}\n{Text(without)}");
            Assert.DoesNotContain("\"m\"", Text(without), StringComparison.Ordinal);
        }
    }

    // Members and items sorted, empty containers and managed fields left out.
    private static string Canonical(JsonNode? node) => node switch
    {
        JsonObject o => $"{{{string.Join(',', o.Where(m => m.Key != "managedFields" && m.Value is not (JsonObject { Count: 0 } or JsonArray { Count: 0 })).OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => $"{m.Key}:{Canonical(m.Value)}"))}}}",
        JsonArray a => $"[{string.Join(',', a.Select(Canonical).Order(StringComparer.Ordinal))}]",
        _ => node?.ToJsonString() ?? "null",
    };

    [Fact]
    public void No_field_has_two_updaters_and_every_owned_field_is_there()
    {
        for (var seed = 0; seed < 600; seed++)
        {
            var random = new Random(seed);
            JsonObject? live = null;
            for (var step = 0; step < 5; step++)
            {
                var who = $"m{random.Next(3)}";
                live = random.Next(2) == 0 ? Applying(live, RandomConfig(random), who, force: true).Value : Update(live, RandomConfig(random), who);
                var entries = ManagedFields.Read(live["metadata"]!["managedFields"]).Entries;
                var updaters = entries.Where(e => !e.Applied).ToList();
                for (var i = 0; i < updaters.Count; i++)
                    for (var j = 0; j < i; j++)
                        Assert.True(updaters[i].Fields.Intersect(updaters[j].Fields).IsEmpty, $"seed {seed} step {step}\n{Text(live)}");
                var present = TypedCompare.Of(Service, [], live).Added;
                foreach (var entry in entries)
                    Assert.True(entry.Fields.Except(present).IsEmpty, $"seed {seed} step {step}: {entry} owns {Text(entry.Fields.Except(present).ToJson())}\n{Text(live)}");
            }
        }
    }

    [Fact]
    public void Sets_obey_the_laws_of_sets_and_survive_writing()
    {
        for (var seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            FieldSet a = RandomSet(), b = RandomSet(), c = RandomSet();
            void Same(FieldSet x, FieldSet y, string law) => Assert.True(x.SetEquals(y), $"seed {seed}: {law}\n{Text(a.ToJson())}\n{Text(b.ToJson())}\n{Text(x.ToJson())}\n{Text(y.ToJson())}");
            Same(a.Union(b), b.Union(a), "union commutes");
            Same(a.Union(b).Union(c), a.Union(b.Union(c)), "union associates");
            Same(a.Intersect(b), b.Intersect(a), "intersection commutes");
            Same(a.Intersect(b.Union(c)), a.Intersect(b).Union(a.Intersect(c)), "intersection distributes");
            Same(a.Except(b).Union(a.Intersect(b)), a, "difference and intersection make the whole");
            Assert.True(a.Except(b).Intersect(b).IsEmpty, $"seed {seed}: difference is disjoint");
            Same(a.Except(b).Except(c), a.Except(b.Union(c)), "difference of a union");
            Same(FieldSet.FromJson(a.ToJson())!, a, "writing and reading");
            Assert.Equal(a.Paths().Count(), FieldSet.Of([.. a.Paths().Select(p => p.ToArray())]).Paths().Count());

            FieldSet RandomSet()
            {
                string[] elements = ["f:a", "f:b", "k:{\"name\":\"x\"}", "v:1", "i:0"];
                return FieldSet.Of([.. Enumerable.Range(0, random.Next(6)).Select(_ => Enumerable.Range(0, random.Next(1, 4)).Select(_ => elements[random.Next(elements.Length)]).ToArray())]);
            }
        }
    }

    [Fact]
    public void Elements_are_sorted_by_kind_and_value()
    {
        var set = FieldSet.FromJson(Doc("""{"v:\"b\"":{},"i:10":{},"i:9":{},"k:{ \"b\":1, \"a\":443}":{},"k:{\"a\":80,\"b\":1}":{},"f:z":{},"f:a":{"f:x":{}}}"""))!;
        Assert.Equal("""{"f:a":{"f:x":{}},"f:z":{},"k:{\"a\":80,\"b\":1}":{},"k:{\"a\":443,\"b\":1}":{},"v:\"b\"":{},"i:9":{},"i:10":{}}""", Text(set.ToJson()));
        Assert.Equal([".z", "[a=80,b=1]", "[a=443,b=1]", "[=\"b\"]", "[9]", "[10]", ".a.x"], set.Paths().Select(FieldSet.Display));
        Assert.Null(FieldSet.FromJson(Doc("""{"q:x":{}}""")));
    }
}
