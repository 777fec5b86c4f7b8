using System.Text.Json.Nodes;

namespace KubeFlex.CatalogGenerator;

/// <summary>One served group and version, in discovery's order.</summary>
internal sealed record ServedVersion(string Group, string Version, IReadOnlyList<ServedResource> Resources)
{
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";
}

/// <summary>A resource as aggregated discovery describes it; an empty group and version of a kind means those of the resource.</summary>
internal sealed record ServedResource(
    string Name, string Singular, string Kind, bool Namespaced, string[] Verbs, string[] ShortNames, string[] Categories, List<ServedSubresource> Subresources);

internal sealed record ServedSubresource(string Name, string Group, string Version, string Kind, string[] Verbs);

/// <summary>The inputs, brought together: which groups and versions are served by default, and what each holds.</summary>
internal sealed class Facts
{
    public required string Version { get; init; }
    public required IReadOnlyList<ServedVersion> Groups { get; init; }
    public required JsonObject Schemas { get; init; }
    public required JsonObject Protobuf { get; init; }
    public required JsonObject Columns { get; init; }
    public required JsonObject FieldSelectors { get; init; }
    public required JsonArray InitialObjects { get; init; }

    public static Facts Read(string reference, string discovery)
    {
        JsonNode File(string name) => JsonNode.Parse(System.IO.File.ReadAllText(Path.Combine(reference, name)))!;
        var answers = Answers(JsonNode.Parse(System.IO.File.ReadAllText(discovery))!.AsArray());
        return new Facts
        {
            // The published documents say 1.35; a release is a patch version.
            Version = $"v{File("openapi-v2-example.json")["info"]!["version"]}.0",
            Groups = Served(answers, File("discovery-aggregated-v2.json")),
            Schemas = File("schemas.json").AsObject(),
            Protobuf = File("protobuf.json").AsObject(),
            Columns = File("table-columns.json").AsObject(),
            FieldSelectors = File("field-selectors.json").AsObject(),
            InitialObjects = File("initial-objects.json").AsArray(),
        };
    }

    private static Dictionary<string, JsonNode> Answers(JsonArray scenarios)
    {
        var answers = new Dictionary<string, JsonNode>();
        foreach (var step in scenarios.SelectMany(s => s!["steps"]!.AsArray()))
            if (step!["expect"]?["body"] is { } body)
                answers[step["do"]!.GetValue<string>()] = body;
        return answers;
    }

    private static List<ServedVersion> Served(Dictionary<string, JsonNode> answers, JsonNode aggregated)
    {
        var served = new List<ServedVersion> { new("", "v1", Legacy(answers["GET /api/v1"])) };
        foreach (var group in answers["GET /apis"]["groups"]!.AsArray())
        {
            var name = Text(group!, "name");
            var known = aggregated["items"]!.AsArray().Single(g => Text(g!["metadata"]!, "name") == name)!["versions"]!.AsArray();
            foreach (var version in group!["versions"]!.AsArray().Select(v => Text(v!, "version")))
            {
                var resources = known.Single(v => Text(v!, "version") == version)!["resources"]!.AsArray();
                served.Add(new ServedVersion(name, version, [.. resources.Select(r => Aggregated(r!))]));
            }
        }
        return served;
    }

    // The aggregated document has no core group; the legacy list has one entry per resource and subresource.
    private static List<ServedResource> Legacy(JsonNode list)
    {
        var resources = new List<ServedResource>();
        foreach (var entry in list["resources"]!.AsArray().Select(e => e!).OrderBy(e => Text(e, "name"), StringComparer.Ordinal))
        {
            var name = Text(entry, "name").Split('/');
            if (name.Length == 1)
                resources.Add(new ServedResource(name[0], Text(entry, "singularName"), Text(entry, "kind"), entry["namespaced"]!.GetValue<bool>(),
                    Texts(entry, "verbs"), Texts(entry, "shortNames"), Texts(entry, "categories"), []));
            else
                resources.Single(r => r.Name == name[0]).Subresources.Add(new ServedSubresource(
                    name[1], Text(entry, "group"), Text(entry, "version"), Text(entry, "kind"), Texts(entry, "verbs")));
        }
        return resources;
    }

    private static ServedResource Aggregated(JsonNode entry) => new(
        Text(entry, "resource"), Text(entry, "singularResource"), Text(entry["responseKind"]!, "kind"), Text(entry, "scope") == "Namespaced",
        Texts(entry, "verbs"), Texts(entry, "shortNames"), Texts(entry, "categories"),
        [.. (entry["subresources"]?.AsArray() ?? []).Select(s => new ServedSubresource(
            Text(s!, "subresource"), Text(s!["responseKind"]!, "group"), Text(s["responseKind"]!, "version"), Text(s["responseKind"]!, "kind"), Texts(s, "verbs")))]);

    public static string Text(JsonNode node, string name) => node[name]?.GetValue<string>() ?? "";

    public static string[] Texts(JsonNode node, string name) => [.. (node[name]?.AsArray() ?? []).Select(v => v!.GetValue<string>())];
}
