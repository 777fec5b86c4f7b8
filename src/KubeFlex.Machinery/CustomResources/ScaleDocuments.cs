using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>The <c>scale</c> subresource as a view of an object: <c>autoscaling/v1 Scale</c> out, replicas in.</summary>
public static class ScaleDocuments
{
    /// <summary>The Scale of an object. A custom resource without its replicas field is a 500, as upstream.</summary>
    public static Result<JsonObject> From(ResourceInfo resource, JsonObject obj)
    {
        if (resource.Scale is not { } paths) return ApiError.NoSuchPath();
        var wanted = At(obj, paths.SpecReplicas).AsLong();
        if (wanted is null && resource.Custom) return ApiError.Internal($"the spec replicas field \"{paths.SpecReplicas}\" does not exist");
        var metadata = new JsonObject();
        foreach (var name in new[] { "name", "namespace", "uid", "resourceVersion", "creationTimestamp" })
            if (obj.Obj("metadata").Get(name) is { } value) metadata[name] = value.DeepClone();
        var spec = new JsonObject();
        if (wanted is { } count && count != 0) spec["replicas"] = count;
        var status = new JsonObject { ["replicas"] = At(obj, paths.StatusReplicas).AsLong() ?? 0 };
        if (paths.LabelSelector is { } path && SelectorText(At(obj, path)) is { Length: > 0 } selector) status["selector"] = selector;
        return new JsonObject { ["apiVersion"] = "autoscaling/v1", ["kind"] = "Scale", ["metadata"] = metadata, ["spec"] = spec, ["status"] = status };
    }

    /// <summary>Checks a Scale that was sent (<c>autoscaling/validation.ValidateScale</c>).</summary>
    public static void Validate(JsonObject scale, FieldErrors errors)
    {
        if (scale.Obj("spec").Long("replicas") is { } replicas and < 0) errors.Invalid("spec.replicas", replicas, "must be greater than or equal to 0");
    }

    /// <summary>Writes the wanted replicas of a Scale into the object it belongs to; an absent count is zero. Creates the parents it needs.</summary>
    public static void Apply(ResourceInfo resource, JsonObject scale, JsonObject obj)
    {
        if (resource.Scale is not { } paths) return;
        var names = paths.SpecReplicas.TrimStart('.').Split('.');
        var parent = obj;
        foreach (var name in names[..^1])
        {
            if (parent.Obj(name) is not { } child) parent[name] = child = [];
            parent = child;
        }
        parent[names[^1]] = scale.Obj("spec").Long("replicas") ?? 0;
    }

    /// <summary>Checks the replica counts inside a custom resource (<c>customresource.validator.ValidateScaleSpec</c> and <c>ValidateScaleStatus</c>).</summary>
    public static void ValidateCounts(ResourceInfo resource, JsonObject obj, FieldErrors errors)
    {
        if (resource is not { Custom: true, Scale: { } paths }) return;
        foreach (var path in new[] { paths.SpecReplicas, paths.StatusReplicas })
        {
            if (At(obj, path) is not { } value) continue;
            var field = path.TrimStart('.');
            if (value.AsLong() is not { } count) errors.Invalid(field, 0L, $"{path} accessor error: {value.ToJsonString()} is of the wrong type, expected int64");
            else if (count < 0) errors.Invalid(field, count, "should be a non-negative integer");
            else if (count > int.MaxValue) errors.Invalid(field, count, $"should be less than or equal to {int.MaxValue}");
        }
    }

    private static JsonNode? At(JsonNode? node, string path)
    {
        foreach (var name in path.TrimStart('.').Split('.')) node = node.Get(name);
        return node;
    }

    // Custom resources hold the text itself, replication controllers a map of labels, the others a LabelSelector.
    private static string? SelectorText(JsonNode? selector) => selector switch
    {
        JsonObject o => Tables.SelectorFormat.Format(o, none: ""),
        _ => selector.AsString(),
    };
}
