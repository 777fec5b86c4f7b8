using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Requests;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.CustomResources;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Json;
using KubeFlex.Machinery.Objects;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.ApiServer.Registry;

/// <summary>How a body is written.</summary>
internal enum BodyFormat { Json, Yaml, Protobuf }

/// <summary>From a body to an object of the request's kind: parsing, kind check, field validation.</summary>
internal static class ObjectDecoder
{
    /// <summary>Reads a request's body as an object of <paramref name="kind"/>.</summary>
    public static async ValueTask<Result<JsonObject>> ReadAsync(ApiRequest r, GroupVersionKind kind, Schema schema, bool custom)
    {
        if (MediaTypeOf(r) is not { } format || format == BodyFormat.Protobuf && custom) return UnknownFormat();
        if (!(await RequestBody.ReadAsync(r.Http.Request, r.Cancellation)).TryGet(out var body, out var error)) return error;
        using (body)
        {
            if (!Parse(r, body.Span, format, kind, schema.TypeName, custom).TryGet(out var parsed, out error)) return error;
            return Accept(r, parsed.Object, parsed.Duplicates, kind, schema, custom);
        }
    }

    /// <summary>Checks kind and fields of a parsed object; the object is normalised in place.</summary>
    public static Result<JsonObject> Accept(ApiRequest r, JsonObject obj, IReadOnlyList<string> duplicates, GroupVersionKind kind, Schema schema, bool custom)
    {
        if (CheckKind(obj, kind, custom) is { } mismatch) return mismatch;
        obj["apiVersion"] = kind.ApiVersion;
        obj["kind"] = kind.Kind;
        var unknown = new List<string>();
        // An empty list resets managed fields; Go's form of the object would leave it out.
        var reset = Meta.Of(obj).List("managedFields") is { Count: 0 } or [JsonObject { Count: 0 }];
        if (!custom)
        {
            if (SchemaDecoding.Normalise(obj, schema, kind, unknown) is { } wrong) return wrong;
        }
        else
        {
            if (Metadata(r, obj, kind, unknown) is { } wrong) return wrong;
            unknown.AddRange(CustomResourceRules.Prune(obj, schema));
        }
        if (reset) Meta.Of(obj)["managedFields"] = new JsonArray();
        return FieldValidation(r, kind, unknown, duplicates) is { } refused ? refused : obj;
    }

    /// <summary>
    /// Checks the kind and the doubled members of a configuration to apply, and leaves it as it is: whoever applies owns what is stated, and
    /// fields that the schema does not know are server-side apply's own error.
    /// </summary>
    public static ApiError? AcceptApplied(ApiRequest r, ParsedObject parsed, GroupVersionKind kind, bool custom) =>
        CheckKind(parsed.Object, kind, custom) ?? FieldValidation(r, kind, [], parsed.Duplicates);

    /// <summary>Brings an object that apply has merged to the form of its kind.</summary>
    public static Result<JsonObject> Settle(ApiRequest r, JsonObject merged, GroupVersionKind kind, Schema schema, bool custom)
    {
        if (custom) CustomResourceRules.Prune(merged, schema);
        else if (SchemaDecoding.Normalise(merged, schema, kind, []) is { } wrong) return wrong;
        return custom && Metadata(r, merged, kind, []) is { } bad ? bad : merged;
    }

    public static ApiError UnknownFormat() =>
        ApiError.UnsupportedMediaType($"the body of the request was in an unknown format - accepted media types include: {MediaType.Supported}");

    /// <summary>How the body is written; null is something that no kind can be read from.</summary>
    public static BodyFormat? MediaTypeOf(ApiRequest r)
    {
        var type = r.Http.Request.ContentType;
        if (string.IsNullOrEmpty(type)) return BodyFormat.Json;
        var semicolon = type.IndexOf(';', StringComparison.Ordinal);
        return (semicolon < 0 ? type : type[..semicolon]).Trim() switch
        {
            "application/json" => BodyFormat.Json,
            "application/yaml" => BodyFormat.Yaml,
            "application/vnd.kubernetes.protobuf" => BodyFormat.Protobuf,
            _ => null,
        };
    }

    public static Result<ParsedObject> Parse(ApiRequest r, ReadOnlySpan<byte> body, BodyFormat format, GroupVersionKind kind, string? typeName, bool custom)
    {
        if (format == BodyFormat.Protobuf) return r.Plane.Shared.Protobuf.Read(body, typeName ?? "", kind.Kind);
        var result = format == BodyFormat.Yaml ? ObjectReader.ReadYaml(body) : ObjectReader.ReadJson(body);
        if (result.TryGet(out var parsed, out var error)) return parsed;
        if (custom) return error;
        // Upstream's decoder looks for the kind first and fails there.
        return ApiError.BadRequest($"the object provided is unrecognized (must be of type {kind.Kind}): couldn't get version/kind; json parse error: {error.Message} ({Show(body)})");
    }

    private static string Show(ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty) return "<empty>";
        foreach (var b in body)
            if (b is < 0x20 and not (9 or 10 or 13) || b >= 0x7f) return Hex(body);
        var text = Encoding.ASCII.GetString(body);
        return text[0] is '{' ? text.Length > 1024 ? text[..1024] + " ..." : text : Hex(body);
    }

    private static string Hex(ReadOnlySpan<byte> body) => Convert.ToHexStringLower(body[..Math.Min(body.Length, 1024)]);

    private static ApiError? CheckKind(JsonObject obj, GroupVersionKind kind, bool custom)
    {
        var (apiVersion, name) = (obj.Text("apiVersion"), obj.Text("kind"));
        if (custom)
        {
            if (name.Length == 0) return ApiError.BadRequest($"Object 'Kind' is missing in '{obj.ToJsonString(KubeJson.Relaxed)}'");
            if (apiVersion != kind.ApiVersion) return ApiError.BadRequest($"the API version in the data ({(apiVersion.Length == 0 ? "" : apiVersion)}) does not match the expected API version ({kind.ApiVersion})");
            if (name == kind.Kind) return null;
            var errors = new FieldErrors();
            errors.Invalid("kind", name, $"must be {kind.Kind}");
            return ApiError.Invalid(kind.GroupKind, Meta.Name(obj), errors);
        }
        if (apiVersion.Length == 0) apiVersion = kind.ApiVersion;
        if (name.Length == 0) name = kind.Kind;
        if (apiVersion == kind.ApiVersion && name == kind.Kind) return null;
        var unregistered = apiVersion != kind.ApiVersion;
        return ApiError.BadRequest(unregistered
            ? $"{name} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: no kind \"{name}\" is registered for version \"{apiVersion}\" in scheme \"pkg/api/legacyscheme/scheme.go:30\""
            : $"{name} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: converting (v1.{name}) to ({(kind.Group.Length == 0 ? "core" : kind.Group.Split('.')[0])}.{kind.Kind}): unknown conversion");
    }

    // A custom resource's metadata is typed although the rest is not.
    private static ApiError? Metadata(ApiRequest r, JsonObject obj, GroupVersionKind kind, List<string> unknown)
    {
        if (!obj.TryGetPropertyValue("metadata", out var node) || node is null) { obj["metadata"] = new JsonObject(); return null; }
        if (node is not JsonObject metadata) return ApiError.BadRequest($"{kind.Kind} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: json: cannot unmarshal {Json(node)} into Go struct field .metadata of type v1.ObjectMeta");
        var inner = new List<string>();
        var error = SchemaDecoding.Normalise(metadata, r.Plane.Shared.Catalog.ObjectMeta, kind, inner);
        unknown.AddRange(inner.Select(i => "metadata." + i));
        return error;
    }

    private static string Json(JsonNode node) => node.GetValueKind() switch
    {
        System.Text.Json.JsonValueKind.Array => "array", System.Text.Json.JsonValueKind.String => "string", System.Text.Json.JsonValueKind.Number => "number", _ => "bool",
    };

    private static ApiError? FieldValidation(ApiRequest r, GroupVersionKind kind, List<string> unknown, IReadOnlyList<string> duplicates)
    {
        if (unknown.Count == 0 && duplicates.Count == 0 || r.Options.FieldValidation == "Ignore") return null;
        var problems = duplicates.Select(d => $"duplicate field \"{d}\"").Concat(unknown.Select(u => $"unknown field \"{u}\"")).Distinct().ToList();
        if (r.Options.FieldValidation == "Strict")
            return ApiError.BadRequest($"{kind.Kind} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: strict decoding error: {string.Join(", ", problems)}");
        foreach (var p in problems) r.Warn(p);
        return null;
    }
}
