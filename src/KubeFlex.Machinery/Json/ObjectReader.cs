using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.Json;

/// <summary>A parsed request body.</summary>
/// <param name="Object">The document.</param>
/// <param name="Duplicates">Paths of members that stood twice (the last one won), for strict field validation.</param>
public sealed record ParsedObject(JsonObject Object, IReadOnlyList<string> Duplicates)
{
    /// <summary>
    /// What strict field validation says of the duplicates, ready to be joined behind <c>strict decoding error: </c>:
    /// <c>duplicate field "data.a"</c> for JSON, one text with line numbers for YAML.
    /// </summary>
    public IReadOnlyList<string> StrictErrors { get; init; } = [.. Duplicates.Select(d => $"duplicate field \"{d}\"")];
}

/// <summary>Reads JSON and YAML bodies.</summary>
/// <remarks>
/// The message of a failure is the bare text of upstream's parser; callers put their context in front: <c>unexpected end of JSON input</c>,
/// <c>invalid character 'n' looking for beginning of object key string</c>,
/// <c>json: cannot unmarshal array into Go value of type map[string]interface {}</c> for a document that is not an object, and for YAML
/// <c>error converting YAML to JSON: yaml: line 3: did not find expected key</c>. <c>null</c> and an empty YAML document read as an empty object.
/// </remarks>
public static class ObjectReader
{
    /// <summary>Go's name for the type that a document is decoded into; part of the message when it is not an object.</summary>
    public const string GoMapType = "map[string]interface {}";

    /// <summary>Go's name for the type that a created object is first decoded into, where POST and PUT say it instead of <see cref="GoMapType"/>.</summary>
    public const string GoTypeMetaType = "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";

    /// <summary>Reads a JSON document that must be an object; failures are 400 in upstream's words.</summary>
    public static Result<ParsedObject> ReadJson(ReadOnlySpan<byte> utf8)
    {
        if (!JsonTree.TryParse(utf8, out var root, out var error)) return ApiError.BadRequest(error);
        if (root.ValueKind == JsonValueKind.Null) return new ParsedObject([], []);
        if (root.ValueKind != JsonValueKind.Object) return ApiError.BadRequest(NotAn(root.ValueKind, GoMapType));
        var tree = new JsonTree();
        return new ParsedObject((JsonObject)tree.Build(root)!, tree.Duplicates);
    }

    /// <summary>Reads any JSON document; the error is Go's text. The last of several equal members wins.</summary>
    internal static Result<JsonNode?> ReadJsonNode(ReadOnlySpan<byte> utf8)
    {
        if (!JsonTree.TryParse(utf8, out var root, out var error)) return ApiError.BadRequest(error);
        return new JsonTree().Build(root);
    }

    /// <summary>Reads one YAML document (YAML 1.1 scalars, as kubectl's) that must be a mapping; further documents are not looked at.</summary>
    public static Result<ParsedObject> ReadYaml(ReadOnlySpan<byte> utf8)
    {
        // Most clients send JSON where YAML is allowed; the YAML reader takes ten times as long for it.
        if (utf8.TrimStart(" \r\n"u8) is [(byte)'{', ..] && AsJson(utf8) is { } json) return json;
        var reader = new YamlTree(Encoding.UTF8.GetString(utf8));
        if (!reader.TryNext(out var node, out var error)) return error is null ? new ParsedObject([], []) : ApiError.BadRequest($"error converting YAML to JSON: {error}");
        if (node is null) return new ParsedObject([], []);
        if (node is not JsonObject document)
            return ApiError.BadRequest($"error unmarshaling JSON: while decoding JSON: {NotAn(node.GetValueKind(), GoMapType)}");
        return new ParsedObject(document, reader.Duplicates) { StrictErrors = reader.StrictErrors };
    }

    /// <summary>A JSON document that means the same to both readers; null when it may not: numbers that are no integers, members that stand twice.</summary>
    private static ParsedObject? AsJson(ReadOnlySpan<byte> utf8)
    {
        if (!JsonTree.TryParse(utf8, out var root, out _) || root.ValueKind != JsonValueKind.Object || !HasIntegersOnly(root)) return null;
        var tree = new JsonTree();
        return tree.Build(root) is JsonObject document && tree.Duplicates.Count == 0 ? new ParsedObject(document, []) : null;
    }

    private static bool HasIntegersOnly(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Number => element.TryGetInt64(out _),
        JsonValueKind.Object => element.EnumerateObject().All(member => HasIntegersOnly(member.Value)),
        JsonValueKind.Array => element.EnumerateArray().All(HasIntegersOnly),
        _ => true,
    };

    /// <summary>Reads a stream of YAML documents (separated by ---), empty ones left out; JSON is YAML too.</summary>
    public static Result<IReadOnlyList<JsonNode>> ReadYamlStream(string text)
    {
        var reader = new YamlTree(text);
        var documents = new List<JsonNode>();
        while (reader.TryNext(out var node, out var error))
            if (node is not null) documents.Add(node);
            else if (error is not null) break;
        return reader.Error is { } failure ? ApiError.BadRequest($"error converting YAML to JSON: {failure}") : documents;
    }

    /// <summary>
    /// The 400 of a body whose kind could not be read: what upstream answers to a create or update that does not parse.
    /// </summary>
    /// <param name="kind">Kind that the URL asks for.</param>
    /// <param name="parseError">Message of the failed read.</param>
    /// <param name="body">The body, quoted in part.</param>
    public static ApiError Unrecognized(string kind, string parseError, ReadOnlySpan<byte> body)
    {
        const int Shown = 30;
        var more = body.Length > Shown ? " ..." : "";
        var head = body[..Math.Min(body.Length, Shown)];
        var summary = body.IsEmpty ? "<empty>" : (body[0] == '{' ? Encoding.UTF8.GetString(head) : Convert.ToHexStringLower(head)) + more;
        var why = parseError.StartsWith("error converting YAML to JSON: ", StringComparison.Ordinal)
            ? parseError["error converting YAML to JSON: ".Length..]
            : $"couldn't get version/kind; json parse error: {parseError.Replace(GoMapType, GoTypeMetaType, StringComparison.Ordinal)}";
        return ApiError.BadRequest($"the object provided is unrecognized (must be of type {kind}): {why} ({summary})");
    }

    internal static string NotAn(JsonValueKind actual, string goType) => $"json: cannot unmarshal {actual switch
    {
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.True or JsonValueKind.False => "bool",
        JsonValueKind.Number => "number",
        _ => "object",
    }} into Go value of type {goType}";
}
