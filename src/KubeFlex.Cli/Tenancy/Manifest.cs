using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Cli.Tenancy;

/// <summary>ControlPlane documents: made from nothing, or read from a file.</summary>
internal static class Manifest
{
    private static readonly string ApiVersion = $"{Resources.ControlPlanes.Group}/{Resources.ControlPlanes.Version}";

    public static JsonObject New(string name, JsonObject spec) => new()
    {
        ["apiVersion"] = ApiVersion,
        ["kind"] = "ControlPlane",
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = spec,
    };

    /// <summary>The one ControlPlane of a file (YAML or JSON; "-" is stdin).</summary>
    public static async Task<JsonObject> ReadAsync(string file, CliHost host, CancellationToken cancellation)
    {
        string text;
        try
        {
            text = file == "-" ? await host.In.ReadToEndAsync(cancellation) : await File.ReadAllTextAsync(file, cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"cannot read {file}: {e.Message}", ExitCodes.Usage);
        }
        if (!ObjectReader.ReadYamlStream(text).TryGet(out var documents, out var error)) throw new CliException($"{file} is neither YAML nor JSON: {error.Message}", ExitCodes.Usage);
        if (documents is not [JsonObject document])
            throw new CliException($"{file} holds {documents.Count} documents; create takes one ControlPlane", ExitCodes.Usage, "Several at once: kubectl apply -f on the hosting context.");
        var (version, kind) = (ControlPlaneView.Text(document["apiVersion"]), ControlPlaneView.Text(document["kind"]));
        if (version != ApiVersion || kind != "ControlPlane")
            throw new CliException($"{file} holds a {(kind.Length > 0 ? kind : "document without a kind")} of {(version.Length > 0 ? version : "no apiVersion")}, not a ControlPlane of {ApiVersion}", ExitCodes.Usage);
        if (document["metadata"] is not JsonObject) document["metadata"] = new JsonObject();
        if (document["spec"] is not JsonObject) document["spec"] = new JsonObject();
        return document;
    }
}
