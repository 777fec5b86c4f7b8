using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Answers;
using KubeFlex.ApiServer.Registry;
using KubeFlex.ApiServer.Requests;
using KubeFlex.Machinery.Apply;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Json;
using KubeFlex.Machinery.Objects;
using KubeFlex.Machinery.Patching;

namespace KubeFlex.ApiServer.Verbs;

/// <summary>The four kinds of patches.</summary>
internal enum PatchType { Json, Merge, Strategic, Apply }

/// <summary>PATCH of an object or of a subresource that has the object's own kind.</summary>
internal static class Patch
{
    public static async Task HandleAsync(ApiRequest r)
    {
        var result = await RunAsync(r);
        if (result.TryGet(out var written, out var error)) await ObjectAnswer.WriteAsync(r, written.Created ? 201 : 200, written.Bytes);
        else await Answer.ErrorAsync(r.Http, error);
    }

    private static async Task<Result<Written>> RunAsync(ApiRequest r)
    {
        if (TypeOf(r) is not { } type) return UnknownType(r);
        if (r.Options.ValidatePatch(type == PatchType.Apply) is { } invalid) return invalid;
        if (!(await RequestBody.ReadAsync(r.Http.Request, r.Cancellation)).TryGet(out var body, out var error)) return error;
        using (body)
            return type == PatchType.Apply ? await ApplyAsync(r, body) : await PatchAsync(r, type, body);
    }

    /// <summary>The patch's kind by its media type; null when it is none the resource takes.</summary>
    public static PatchType? TypeOf(ApiRequest r)
    {
        var type = r.Http.Request.ContentType ?? "";
        var semicolon = type.IndexOf(';', StringComparison.Ordinal);
        return (semicolon < 0 ? type : type[..semicolon]).Trim() switch
        {
            "application/json-patch+json" => PatchType.Json,
            "application/merge-patch+json" => PatchType.Merge,
            "application/strategic-merge-patch+json" when !r.Resource.Custom => PatchType.Strategic,
            "application/apply-patch+yaml" => PatchType.Apply,
            _ => null,
        };
    }

    public static ApiError UnknownType(ApiRequest r) => r.Resource.Custom
        ? ApiError.UnsupportedMediaType("the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml")
        : new ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", new StatusDetails());

    private static Task<Result<Written>> PatchAsync(ApiRequest r, PatchType type, RequestBody body)
    {
        JsonObject? patch = null;
        if (type != PatchType.Json)
        {
            if (!ReadPatch(body.Span).TryGet(out patch, out var bad)) return Task.FromResult<Result<Written>>(bad);
        }
        else if (CheckJsonPatch(body.Span) is { } malformed) return Task.FromResult<Result<Written>>(malformed);
        var bytes = type == PatchType.Json ? body.Span.ToArray() : [];
        return r.Plane.Writer.UpdateAsync(r, r.Name, new UpdatePlan(live => live is null
            ? ApiError.NotFound(r.GroupResource, r.Name)
            : Transform(r, type, live, patch, bytes, r.Resource.Kind, r.Resource.Schema, r.Resource.Custom), CreateIfAbsent: false, Applied: false, r.SubresourceName));
    }

    /// <summary>The object after the patch, decoded and with its names checked.</summary>
    public static Result<JsonObject> Transform(ApiRequest r, PatchType type, JsonObject live, JsonObject? patch, byte[] jsonPatch, GroupVersionKind kind, Schema schema, bool custom)
    {
        Result<JsonObject> result = type switch
        {
            PatchType.Json => JsonPatch.Apply(live, jsonPatch),
            PatchType.Merge => MergePatch.Apply(live, patch!),
            _ => StrategicMergePatch.Apply(live, patch!, schema),
        };
        if (!result.TryGet(out var patched, out var error)) return error;
        var shown = patched.ToJsonString(KubeJson.Relaxed);
        if (!ObjectDecoder.Accept(r, patched, [], kind, schema, custom).TryGet(out patched, out error))
            return error.Code == 400 && error.Message.Contains("json: ", StringComparison.Ordinal) ? Undecodable(shown, error) : error;
        return ObjectRules.CheckNames(r, patched, named: true) is { } mismatch ? mismatch : patched;
    }

    public static Result<JsonObject> ReadPatch(ReadOnlySpan<byte> body)
    {
        if (ObjectReader.ReadJson(body).TryGet(out var parsed, out var error)) return parsed.Object;
        return ApiError.BadRequest($"error decoding patch: {error.Message}");
    }

    public static ApiError? CheckJsonPatch(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            _ = JsonNode.Parse(ref reader);
            return null;
        }
        catch (JsonException)
        {
            return ObjectReader.ReadJson(body).Error is { } e ? ApiError.BadRequest($"error decoding patch: {e.Message}") : null;
        }
    }

    private static async Task<Result<Written>> ApplyAsync(ApiRequest r, RequestBody body)
    {
        if (!ObjectReader.ReadYaml(body.Span).TryGet(out var parsed, out var error)) return ApiError.BadRequest($"error decoding YAML: {error.Message}");
        var kind = r.Resource.Kind;
        if (Incomplete(parsed.Object) is { } incomplete) return incomplete;
        if (parsed.Object.Text("apiVersion") != kind.ApiVersion && !r.Resource.Custom)
            return ApiError.BadRequest($"Incorrect version specified in apply patch. Specified patch version: {parsed.Object.Text("apiVersion")}, expected: {kind.ApiVersion}");
        if (ObjectDecoder.AcceptApplied(r, parsed, kind, r.Resource.Custom) is { } refused) return refused;
        var applied = parsed.Object;
        if (ObjectRules.CheckNames(r, applied, named: true) is { } mismatch) return mismatch;
        if (Meta.Of(applied).List("managedFields") is { Count: > 0 }) return ApiError.BadRequest("metadata.managedFields must be nil");
        var writer = ObjectWriter.WriterOf(r, r.SubresourceName, r.Plane.Now);
        return await r.Plane.Writer.UpdateAsync(r, r.Name, new UpdatePlan(live =>
        {
            if (live is null && Meta.Uid(applied).Length > 0)
                return ApiError.Conflict(r.GroupResource, r.Name, $"uid mismatch: the provided object specified uid {Meta.Uid(applied)}, and no existing object was found");
            return FieldManager.Apply(live, (JsonObject)applied.DeepClone(), r.Resource.Schema, writer, r.Options.Force).TryGet(out var merged, out var failed)
                ? ObjectDecoder.Settle(r, merged, kind, r.Resource.Schema, r.Resource.Custom) : failed;
        }, CreateIfAbsent: r.Subresource is null, Applied: true, r.SubresourceName));
    }

    private static ApiError? Incomplete(JsonObject applied) =>
        applied.Text("kind").Length == 0 ? ApiError.BadRequest($"error decoding YAML: Object 'Kind' is missing in '{applied.ToJsonString(KubeJson.Relaxed)}'")
        : applied.Text("apiVersion").Length == 0 ? ApiError.BadRequest($"error decoding YAML: Object 'apiVersion' is missing in '{applied.ToJsonString(KubeJson.Relaxed)}'") : null;

    // A patch whose result is no such object is 422; the cause shows what it would have been.
    private static ApiError Undecodable(string shown, ApiError error)
    {
        var errors = new FieldErrors();
        var why = error.Message[error.Message.IndexOf("json: ", StringComparison.Ordinal)..];
        errors.Invalid("patch", shown, why);
        return ApiError.Invalid(new GroupKind("", ""), "", errors);
    }
}
