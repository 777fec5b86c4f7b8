using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Runtime.Tests.Kubeconfigs;

/// <summary>Whatever stands in a kubeconfig, adding a control plane and removing it again gives the same content.</summary>
public sealed class KubeconfigPropertyTests
{
    [Fact]
    public async Task Merging_and_removing_a_control_plane_keeps_everything_foreign()
    {
        for (var round = 0; round < 60; round++)
        {
            var seed = Environment.TickCount ^ (round * 7919);
            var random = new Random(seed);
            using var directory = new TemporaryDirectory();
            var before = RandomConfig(random);
            var file = directory.Write("config", YamlWriter.Write(before));
            var store = Stores.Of(file);

            await store.EditAsync(c => ControlPlaneEntries.Merge(c, "cp1", Stores.ControlPlane("https://127.0.0.1:1/"), TimeProvider.System), default);
            var merged = store.Load();
            Assert.True(merged.FindContext("cp1") == ("cp1-cluster", "cp1-admin", "default"), $"seed {seed}");
            Assert.True(KubeflexExtension.ControlPlaneOf(merged, "cp1") == "cp1", $"seed {seed}");

            await store.EditAsync(c => ControlPlaneEntries.Rename(c, "cp1", "renamed"), default);
            await store.EditAsync(c => ControlPlaneEntries.Remove(c, "renamed"), default);
            Assert.True(JsonNode.DeepEquals(Normal(before), Normal(Stores.Read(file))), $"seed {seed}:\n{before}\n{Stores.Read(file)}");
        }
    }

    [Fact]
    public async Task Storing_the_hosting_context_keeps_the_extensions_of_others()
    {
        for (var round = 0; round < 60; round++)
        {
            var seed = Environment.TickCount ^ (round * 104729);
            using var directory = new TemporaryDirectory();
            var before = RandomConfig(new Random(seed));
            var file = directory.Write("config", YamlWriter.Write(before));
            var store = Stores.Of(file);
            var context = store.Load().Names(KubeconfigSection.Contexts)[0];

            await store.EditAsync(c => KubeflexExtension.SetHostingContext(c, context, TimeProvider.System), default);

            Assert.Equal(context, KubeflexExtension.HostingContext(store.Load()));
            Assert.True(KubeflexExtension.IsHosting(store.Load(), context));
            var after = Stores.Read(file);
            Strip(after);
            foreach (var entry in after["contexts"]!.AsArray()) Strip(entry!["context"]!.AsObject());
            Assert.True(JsonNode.DeepEquals(Normal(before), Normal(after)), $"seed {seed}:\n{before}\n{after}");
        }
    }

    // Removing our extension must leave what was there: also a list that others started.
    private static void Strip(JsonObject holder)
    {
        var list = (JsonArray?)holder["extensions"];
        if (list is null) return;
        foreach (var mine in list.Where(e => (string?)e!["name"] == "kubeflex").ToList()) list.Remove(mine);
        if (list.Count == 0) holder.Remove("extensions");
    }

    private static JsonObject Normal(JsonObject config)
    {
        var copy = config.DeepClone().AsObject();
        copy["apiVersion"] ??= "v1";
        copy["kind"] ??= "Config";
        foreach (var section in new[] { "clusters", "contexts", "users" })
            if (copy[section] is null or JsonArray { Count: 0 }) copy.Remove(section);
        return new JsonObject(copy.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone())).ToList());
    }

    private static JsonObject RandomConfig(Random random)
    {
        var config = new JsonObject();
        if (random.Next(2) == 0) config["apiVersion"] = "v1";
        if (random.Next(2) == 0) config["kind"] = "Config";
        if (random.Next(2) == 0) config["preferences"] = new JsonObject { ["colors"] = true };
        if (random.Next(2) == 0) config["x-tool"] = Value(random, 2);
        if (random.Next(2) == 0) config["extensions"] = new JsonArray(Extension(random));
        config["contexts"] = Entries(random, "context", 1, body =>
        {
            body["cluster"] = Word(random);
            body["user"] = Word(random);
            if (random.Next(2) == 0) body["extensions"] = new JsonArray(Extension(random), Extension(random));
        });
        if (random.Next(4) > 0) config["clusters"] = Entries(random, "cluster", 0, body => body["server"] = $"https://{Word(random)}.example:{random.Next(65536)}/p?q=#f");
        if (random.Next(4) > 0)
        {
            config["users"] = Entries(random, "user", 0, body => body["exec"] = new JsonObject
            {
                ["command"] = "./plugin",
                ["args"] = new JsonArray("--flag", Word(random)),
                ["env"] = null,
            });
        }
        if (random.Next(2) == 0) config["current-context"] = Word(random);
        return config;
    }

    private static JsonArray Entries(Random random, string inner, int min, Action<JsonObject> fill)
    {
        var names = Enumerable.Range(0, min + random.Next(4)).Select(i => $"{Word(random)}{i}");
        return new JsonArray([.. names.Select(name =>
        {
            var body = new JsonObject { ["x-extra"] = Value(random, 2) };
            fill(body);
            return new JsonObject { ["name"] = name, [inner] = body };
        })]);
    }

    private static JsonObject Extension(Random random) => new() { ["name"] = $"tool-{Word(random)}", ["extension"] = Value(random, 3) };

    private static JsonNode? Value(Random random, int depth) => random.Next(depth > 0 ? 8 : 6) switch
    {
        0 => null,
        1 => random.Next(2) == 0,
        2 => random.Next(-1000, 1000),
        3 => 1.5 * random.Next(100),
        4 or 5 => Word(random),
        6 => new JsonArray([.. Enumerable.Range(0, random.Next(3)).Select(_ => Value(random, depth - 1))]),
        _ => new JsonObject(Enumerable.Range(0, random.Next(3)).Select(i => KeyValuePair.Create($"{Word(random)}{i}", Value(random, depth - 1)))),
    };

    // Words that YAML would read as something else, or that need quotes, are the interesting ones.
    private static string Word(Random random)
    {
        string[] words = ["dev", "yes", "null", "0123", "1e3", "~", "a: b", "# no", "'", "\"q\"", "line\nbreak", " pad ", "ünï", "2024-01-01", "- x", "{}", "@at", "%p", "true", "0x1F", "kind-kind"];
        return words[random.Next(words.Length)];
    }
}
