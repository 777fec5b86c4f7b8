using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Answers;
using KubeFlex.ApiServer.Registry;
using KubeFlex.ApiServer.Requests;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.ApiServer.Verbs;

/// <summary>Binding a pod to a node: what schedulers do.</summary>
internal static class BindingSubresource
{
    public static async Task HandleAsync(ApiRequest r)
    {
        if (await RunAsync(r) is { } error) { await Answer.ErrorAsync(r.Http, error); return; }
        await Answer.NodeAsync(r.Http, 201, new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["code"] = 201 }, r.Accept, r.Options.Pretty);
    }

    private static async Task<ApiError?> RunAsync(ApiRequest r)
    {
        var kind = new GroupVersionKind("", "v1", "Binding");
        var schema = r.Plane.Shared.Catalog.Type("io.k8s.api.core.v1.Binding") ?? Schema.Anything;
        if (r.Options.ValidateWrite("CreateOptions") is { } invalid) return invalid;
        if (!(await ObjectDecoder.ReadAsync(r, kind, schema, custom: false)).TryGet(out var binding, out var error)) return error;
        var target = binding.Child("target");
        var errors = new FieldErrors();
        if (target.Text("kind") is not ("" or "Node")) errors.NotSupported("target.kind", target.Text("kind"), ["Node", "<empty>"]);
        if (target.Text("name").Length == 0) errors.Required("target.name");
        if (errors.Count > 0) return ApiError.Invalid(kind.GroupKind, Meta.Name(binding), errors);
        // bindings of the namespace name the pod in their body, pods/x/binding in the URL.
        var pod = r.Name.Length > 0 ? r.Name : Meta.Name(binding);
        var pods = r.Subresource is null ? new ApiRequest { Http = r.Http, Plane = r.Plane, Info = r.Info, User = r.User, Entry = r.Plane.BuiltIn("", "v1", "pods"), Subresource = null, Options = r.Options, Accept = r.Accept } : r;
        var result = await r.Plane.Writer.UpdateAsync(pods, pod, new UpdatePlan(live => Bind(r, live!, pod, target.Text("name"), binding), CreateIfAbsent: false, Applied: false, "binding"));
        return result.Error is { Code: 404 } missing ? missing with { Details = missing.Details } : result.Error;
    }

    private static Result<JsonObject> Bind(ApiRequest r, JsonObject live, string pod, string node, JsonObject binding)
    {
        var resource = new GroupResource("", "pods/binding");
        if (Meta.Deleting(live)) return ApiError.Conflict(resource, pod, $"pod {pod} is being deleted, cannot be assigned to a host");
        if (live.Child("spec").Text("nodeName") is { Length: > 0 } bound) return ApiError.Conflict(resource, pod, $"pod {pod} is already assigned to node \"{bound}\"");
        if (live.Child("spec").List("schedulingGates") is { Count: > 0 }) return ApiError.Conflict(resource, pod, $"pod {pod} has non-empty .spec.schedulingGates");
        var obj = (JsonObject)live.DeepClone();
        obj.Child("spec")!["nodeName"] = node;
        if (Meta.Of(binding).Child("annotations") is { } annotations)
        {
            if (Meta.Of(obj).Child("annotations") is not { } own) Meta.Of(obj)["annotations"] = own = [];
            foreach (var (k, v) in annotations) own[k] = v?.DeepClone();
        }
        if (obj.Child("status") is not { } status) obj["status"] = status = [];
        if (status.List("conditions") is not { } conditions) status["conditions"] = conditions = [];
        if (conditions.Objects().FirstOrDefault(c => c.Text("type") == "PodScheduled") is { } old) conditions.Remove(old);
        conditions.Add(new JsonObject { ["type"] = "PodScheduled", ["status"] = "True", ["lastProbeTime"] = null, ["lastTransitionTime"] = Meta.Time(r.Plane.Now) });
        return obj;
    }
}
