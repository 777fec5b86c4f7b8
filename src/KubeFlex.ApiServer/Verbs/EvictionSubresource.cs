using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Answers;
using KubeFlex.ApiServer.Registry;
using KubeFlex.ApiServer.Requests;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Objects;
using KubeFlex.Machinery.Selectors;
using KubeFlex.Storage;

namespace KubeFlex.ApiServer.Verbs;

/// <summary>Eviction: a deletion that heeds pod disruption budgets.</summary>
internal static class EvictionSubresource
{
    public static async Task HandleAsync(ApiRequest r)
    {
        if (await RunAsync(r) is { } error) await Answer.ErrorAsync(r.Http, error);
        else await Answer.NodeAsync(r.Http, 201, new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["code"] = 201 }, r.Accept, r.Options.Pretty);
    }

    private static async Task<ApiError?> RunAsync(ApiRequest r)
    {
        var kind = r.Subresource!.Kind;
        if (!(await ObjectDecoder.ReadAsync(r, kind, r.Plane.Shared.Catalog.Type("io.k8s.api.policy.v1.Eviction") ?? Schema.Anything, custom: false)).TryGet(out var eviction, out var error)) return error;
        if (ObjectRules.CheckNames(r, eviction, named: true) is not null) return ApiError.BadRequest("name in URL does not match name in Eviction object");
        var view = await r.Plane.Store.ViewAsync(r.Cancellation);
        if (view.Get(r.Entry.Key(r.Namespace, r.Name)) is not { } found) return ApiError.NotFound(r.GroupResource, r.Name);
        if (Blocked(r, view, found.Value) is { } blocked) return blocked;
        var o = eviction.Child("deleteOptions");
        var options = new DeleteOptions(o.Child("preconditions").Text("uid"), o.Child("preconditions").Text("resourceVersion"),
            o.Has("propagationPolicy") ? o.Text("propagationPolicy") : null, null, o.Number("gracePeriodSeconds"), r.Options.IsDryRun || o.List("dryRun") is { Count: > 0 });
        return (await Deletion.DeleteAsync(r, r.Namespace, r.Name, options, r.Cancellation)).Error;
    }

    private static ApiError? Blocked(ApiRequest r, StoreView view, byte[] pod)
    {
        var parsed = ObjectBytes.Parse(pod);
        if (parsed.Child("status").Text("phase") is "Succeeded" or "Failed" or "Pending" || Meta.Deleting(parsed)) return null;
        var (start, end) = r.Plane.BuiltIn("policy", "v1", "poddisruptionbudgets").Range(r.Namespace);
        foreach (var kv in view.Range(new RangeQuery(start, end)).Items)
        {
            var budget = ObjectBytes.Parse(kv.Value);
            if (budget.Child("spec").Child("selector") is not { } selector || !LabelSelector.FromObject(selector).TryGet(out var labels, out _) || !labels.MatchesJson(pod)) continue;
            if ((budget.Child("status").Number("disruptionsAllowed") ?? 0) > 0) continue;
            var refused = ApiError.TooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", 0);
            return refused with { Details = new StatusDetails(Causes: [new StatusCause("DisruptionBudget", $"The disruption budget {Meta.Name(budget)} needs {budget.Child("status").Number("desiredHealthy") ?? 0} healthy pods and has {budget.Child("status").Number("currentHealthy") ?? 0} currently", null)]) };
        }
        return null;
    }
}
