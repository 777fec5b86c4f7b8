using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Registry;
using KubeFlex.Machinery.Errors;
using KubeFlex.Storage;

namespace KubeFlex.ApiServer.Admission;

/// <summary>Resolves a pod's priority class to its number.</summary>
internal sealed class PriorityAdmission : IAdmissionPlugin
{
    public ValueTask<ApiError?> AdmitAsync(Change change, CancellationToken cancellation) => new(Admit(change));

    private static ApiError? Admit(Change change)
    {
        if (change.Operation != "create" || !change.Is("", "pods") || change.Object.Child("spec") is not { } spec) return null;
        var classes = change.Plane.BuiltIn("scheduling.k8s.io", "v1", "priorityclasses");
        var name = spec.Text("priorityClassName");
        JsonObject? chosen;
        if (name.Length > 0)
        {
            var found = change.View.Get(classes.Key("", name));
            if (found is null) return ApiError.Forbidden(change.Entry.Info.GroupResource, change.Name, $"no PriorityClass with name {name} was found");
            chosen = ObjectBytes.Parse(found.Value);
        }
        else
        {
            var (start, end) = classes.Range("");
            chosen = change.View.Range(new RangeQuery(start, end)).Items
                .Where(kv => kv.Value.AsSpan().IndexOf("\"globalDefault\":true"u8) >= 0)
                .Select(kv => ObjectBytes.Parse(kv.Value)).OrderBy(c => c.Number("value") ?? 0).FirstOrDefault();
            if (chosen is not null) spec["priorityClassName"] = Meta.Name(chosen);
        }
        var priority = chosen.Number("value") ?? 0;
        if (spec.Number("priority") is { } given && given != priority)
            return ApiError.Forbidden(change.Entry.Info.GroupResource, change.Name, $"the integer value of priority ({given}) must not be provided in pod spec; priority admission controller computed {priority} from the given PriorityClass name");
        spec["priority"] = priority;
        var policy = chosen.Text("preemptionPolicy");
        if (!spec.Has("preemptionPolicy")) spec["preemptionPolicy"] = policy.Length > 0 ? policy : "PreemptLowerPriority";
        return null;
    }
}
