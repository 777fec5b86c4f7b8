using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.Json;

/// <summary>A parsed request body.</summary>
/// <param name="Object">The document.</param>
/// <param name="Duplicates">Paths of members that stood twice (the last one won), for strict field validation.</param>
public sealed record ParsedObject(JsonObject Object, IReadOnlyList<string> Duplicates);

/// <summary>Reads JSON and YAML bodies.</summary>
public static class ObjectReader
{
    /// <summary>Reads a JSON document that must be an object; failures are 400 in upstream's words.</summary>
    public static Result<ParsedObject> ReadJson(ReadOnlySpan<byte> utf8) => throw new NotImplementedException();

    /// <summary>Reads one YAML document (YAML 1.1 scalars, as kubectl's) that must be a mapping.</summary>
    public static Result<ParsedObject> ReadYaml(ReadOnlySpan<byte> utf8) => throw new NotImplementedException();

    /// <summary>Reads a stream of YAML documents (separated by ---), empty ones left out; JSON is YAML too.</summary>
    public static Result<IReadOnlyList<JsonNode>> ReadYamlStream(string text) => throw new NotImplementedException();
}
