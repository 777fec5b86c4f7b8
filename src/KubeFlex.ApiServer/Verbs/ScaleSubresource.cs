using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Answers;
using KubeFlex.ApiServer.Registry;
using KubeFlex.ApiServer.Requests;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Objects;
using KubeFlex.Machinery.Patching;
using KubeFlex.Machinery.Selectors;

namespace KubeFlex.ApiServer.Verbs;

/// <summary><c>autoscaling/v1 Scale</c>: a view of an object's replicas, and a way to set them.</summary>
internal static class ScaleSubresource
{
    private static readonly GroupVersionKind Kind = new("autoscaling", "v1", "Scale");

    public static async Task HandleAsync(ApiRequest r)
    {
        var result = r.Info.Verb switch { "get" => await GetAsync(r), "update" => await UpdateAsync(r), _ => await PatchAsync(r) };
        if (result.TryGet(out var scale, out var error)) await Answer.NodeAsync(r.Http, 200, scale, r.Accept, r.Options.Pretty);
        else await Answer.ErrorAsync(r.Http, error);
    }

    private static async Task<Result<JsonObject>> GetAsync(ApiRequest r)
    {
        var view = await r.Plane.Store.ViewAsync(r.Cancellation);
        return view.Get(r.Entry.Key(r.Namespace, r.Name)) is { } found ? ScaleOf(r, ObjectAnswer.Parsed(r.Entry, found.Value)) : ApiError.NotFound(r.GroupResource, r.Name);
    }

    private static async Task<Result<JsonObject>> UpdateAsync(ApiRequest r)
    {
        if (r.Options.ValidateWrite("UpdateOptions") is { } invalid) return invalid;
        if (!(await ObjectDecoder.ReadAsync(r, Kind, ScaleSchema(r), custom: false)).TryGet(out var scale, out var error)) return error;
        if (ObjectRules.CheckNames(r, scale, named: true) is { } mismatch) return mismatch;
        return await WriteAsync(r, _ => (JsonObject)scale.DeepClone());
    }

    private static async Task<Result<JsonObject>> PatchAsync(ApiRequest r)
    {
        if (Patch.TypeOf(r) is not { } type) return Patch.UnknownType(r);
        if (r.Options.ValidatePatch(type == PatchType.Apply) is { } invalid) return invalid;
        if (!(await RequestBody.ReadAsync(r.Http.Request, r.Cancellation)).TryGet(out var body, out var error)) return error;
        byte[] json;
        JsonObject? patch = null;
        using (body)
        {
            json = body.Span.ToArray();
            if (type != PatchType.Json && !Patch.ReadPatch(json).TryGet(out patch, out error)) return error;
        }
        if (type == PatchType.Json && Patch.CheckJsonPatch(json) is { } malformed) return malformed;
        return await WriteAsync(r, scale => Patch.Transform(r, type == PatchType.Apply ? PatchType.Merge : type, scale, patch, json, Kind, ScaleSchema(r), custom: false));
    }

    private static async Task<Result<JsonObject>> WriteAsync(ApiRequest r, Func<JsonObject, Result<JsonObject>> change)
    {
        var paths = Paths(r);
        var result = await r.Plane.Writer.UpdateAsync(r, r.Name, new UpdatePlan(live =>
        {
            if (!change(ScaleOf(r, live!)).TryGet(out var scale, out var error)) return error;
            var replicas = scale.Child("spec").Number("replicas") ?? 0;
            if (replicas < 0)
            {
                var errors = new FieldErrors();
                errors.Invalid("spec.replicas", replicas, "must be greater than or equal to 0");
                return ApiError.Invalid(Kind.GroupKind, r.Name, errors);
            }
            var obj = (JsonObject)live!.DeepClone();
            Set(obj, paths.SpecReplicas, replicas);
            Meta.Of(obj)["resourceVersion"] = Meta.Of(scale).Text("resourceVersion");
            return obj;
        }, CreateIfAbsent: false, Applied: false, "scale"));
        return result.TryGet(out var written, out var failed) ? ScaleOf(r, ObjectAnswer.Parsed(r.Entry, written.Bytes)) : failed;
    }

    private static JsonObject ScaleOf(ApiRequest r, JsonObject obj)
    {
        var paths = Paths(r);
        var metadata = new JsonObject();
        foreach (var name in new[] { "name", "namespace", "uid", "resourceVersion", "creationTimestamp" }) ObjectRules.Take(metadata, Meta.Of(obj), name);
        var spec = new JsonObject();
        if (At(obj, paths.SpecReplicas) is { } wanted) spec["replicas"] = wanted.DeepClone();
        var status = new JsonObject { ["replicas"] = At(obj, paths.StatusReplicas)?.DeepClone() ?? 0 };
        var selector = paths.LabelSelector is null ? null : At(obj, paths.LabelSelector);
        var text = selector switch
        {
            JsonObject o when o.ContainsKey("matchLabels") || o.ContainsKey("matchExpressions") => LabelSelector.FromObject(o).TryGet(out var s, out _) ? s.ToString() : "",
            // A ReplicationController's selector is a plain map.
            JsonObject o => string.Join(",", o.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value}")),
            JsonValue v => v.ToString(),
            _ => "",
        };
        if (text.Length > 0) status["selector"] = text;
        return new JsonObject { ["kind"] = "Scale", ["apiVersion"] = "autoscaling/v1", ["metadata"] = metadata, ["spec"] = spec, ["status"] = status };
    }

    private static ScalePaths Paths(ApiRequest r) => r.Resource.Scale ?? new ScalePaths(".spec.replicas", ".status.replicas", ".spec.selector");

    private static Schema ScaleSchema(ApiRequest r) => r.Plane.Shared.Catalog.Type("io.k8s.api.autoscaling.v1.Scale") ?? Schema.Anything;

    private static JsonNode? At(JsonObject obj, string path)
    {
        JsonNode? node = obj;
        foreach (var part in path.TrimStart('.').Split('.')) node = (node as JsonObject)?[part];
        return node;
    }

    private static void Set(JsonObject obj, string path, long value)
    {
        var parts = path.TrimStart('.').Split('.');
        foreach (var part in parts.AsSpan(0, parts.Length - 1))
        {
            if (obj[part] is not JsonObject next) obj[part] = next = [];
            obj = next;
        }
        obj[parts[^1]] = value;
    }
}
