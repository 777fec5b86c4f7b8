using System.Text.Json.Nodes;

namespace KubeFlex.Cli.Tenancy;

/// <summary>The table of control planes: KubeFlex's columns, which are also the definition's printer columns.</summary>
internal static class ControlPlaneTable
{
    public static readonly IReadOnlyList<string> Heads = ["NAME", "SYNCED", "READY", "TYPE", "AGE"];

    /// <summary>Rows of a table that a server printed; null when it is none, or lacks one of the columns (a definition of another version).</summary>
    public static IReadOnlyList<IReadOnlyList<string>>? Rows(JsonObject answer)
    {
        if ((string?)answer["kind"] != "Table" || answer["columnDefinitions"] is not JsonArray definitions) return null;
        var names = definitions.Select(definition => (string?)definition?["name"] ?? "").ToList();
        var places = Heads.Select(head => names.FindIndex(name => name.Equals(head, StringComparison.OrdinalIgnoreCase))).ToList();
        if (places.Contains(-1)) return null;
        return [.. (answer["rows"] as JsonArray ?? []).Select(row => (IReadOnlyList<string>)[.. places.Select(place => row?["cells"]?[place]?.ToString() ?? "")])];
    }
}
