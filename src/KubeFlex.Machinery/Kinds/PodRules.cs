using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.Kinds;

/// <summary>Pods.</summary>
internal sealed class PodRules : SpecStatusRules
{
    public override IEnumerable<string> Warnings(JsonObject obj) => PodWarnings.Of(obj.Object("spec"), "spec");

    private const string Fixed = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
        + "`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec");
        PodSpecDefaults.RequestsFromLimits(spec);
        spec.Default("enableServiceLinks", true);
        PodSpecDefaults.Spec(spec);
        Addresses(obj.Object("status"), "podIP", "podIPs");
        Addresses(obj.Object("status"), "hostIP", "hostIPs");
    }

    public override void PrepareForCreate(JsonObject obj) =>
        obj["status"] = new JsonObject { ["phase"] = "Pending", ["qosClass"] = QualityOfService.Of(obj.Object("spec") ?? []) };

    public override void PrepareForUpdate(JsonObject obj, JsonObject old, string subresource)
    {
        var spec = obj.Object("spec");
        base.PrepareForUpdate(obj, old, subresource);
        switch (subresource)
        {
            case "status":
                // Old kubelets sent owner references back wrong.
                obj.Ensure("metadata").CopyFrom(old.Object("metadata") ?? [], "ownerReferences");
                obj.Ensure("status").Default("qosClass", old.Object("status").Text("qosClass"));
                break;
            case "ephemeralcontainers" or "resize":
                obj.CopyFrom(old, "status");
                obj.CopyFrom(old, "spec");
                if (subresource == "resize") CopyResources(spec, obj.Object("spec"));
                else obj.Ensure("spec").CopyFrom(spec ?? [], "ephemeralContainers");
                break;
        }
    }

    public override void Validate(JsonObject obj, FieldErrors errors) => PodSpecValidation.Spec(obj.Object("spec") ?? [], "spec", errors);

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors)
    {
        if (subresource.Length > 0) return;
        var now = (JsonObject)obj.Ensure("spec").DeepClone();
        var before = old.Object("spec") ?? [];
        if ((now.Array("containers")?.Count ?? 0) != (before.Array("containers")?.Count ?? 0))
        {
            errors.Forbidden("spec.containers", "pod updates may not add or remove containers");
            return;
        }
        if ((now.Array("initContainers")?.Count ?? 0) != (before.Array("initContainers")?.Count ?? 0))
        {
            errors.Forbidden("spec.initContainers", "pod updates may not add or remove containers");
            return;
        }
        Deadline(now, before, errors);
        Tolerations(now, before, errors);
        TakeOver(now, before, "containers");
        TakeOver(now, before, "initContainers");
        now.CopyFrom(before, "activeDeadlineSeconds");
        now.CopyFrom(before, "tolerations");
        if (before.Number("terminationGracePeriodSeconds") < 0 && now.Number("terminationGracePeriodSeconds") == 1) now.CopyFrom(before, "terminationGracePeriodSeconds");
        // Gates may be lifted, and while they hold, the node may be narrowed.
        if (before.Array("schedulingGates") is { Count: > 0 } gates)
        {
            var known = gates.OfType<JsonObject>().Select(g => g.Text("name")).ToHashSet(StringComparer.Ordinal);
            foreach (var (gate, at) in now.Items("schedulingGates", "spec"))
                if (!known.Contains(gate.Text("name"))) errors.Forbidden(at, "only deletion is allowed, but found new scheduling gate '" + gate.Text("name") + "'");
            now.CopyFrom(before, "schedulingGates");
            now.CopyFrom(before, "nodeSelector");
        }
        if (!JsonAccess.Same(now, before)) errors.Forbidden("spec", Fixed + SpecDiff.Show(before, now));
    }

    private static void Deadline(JsonObject now, JsonObject before, FieldErrors errors)
    {
        var (a, b) = (now.Number("activeDeadlineSeconds"), before.Number("activeDeadlineSeconds"));
        if (b is null) return;
        if (a is null) errors.Invalid("spec.activeDeadlineSeconds", null, "must not update from a positive integer to nil value");
        else if (a > b) errors.Invalid("spec.activeDeadlineSeconds", a, "must be less than or equal to previous value");
    }

    private static void Tolerations(JsonObject now, JsonObject before, FieldErrors errors)
    {
        var all = now.Objects("tolerations").ToList();
        foreach (var old in before.Objects("tolerations"))
            if (!all.Any(t => JsonAccess.Same(t, old)
                || (old.Text("effect") == "NoExecute" && t.Text("key") == old.Text("key") && t.Text("effect") == "NoExecute" && t.Text("operator") == old.Text("operator") && t.Text("value") == old.Text("value"))))
            {
                errors.Forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds");
                return;
            }
    }

    private static void TakeOver(JsonObject now, JsonObject before, string list)
    {
        foreach (var (a, b) in now.Objects(list).Zip(before.Objects(list))) a.CopyFrom(b, "image");
    }

    private static void CopyResources(JsonObject? from, JsonObject? to)
    {
        foreach (var list in (ReadOnlySpan<string>)["containers", "initContainers"])
            foreach (var target in to.Objects(list))
                if (from.Objects(list).FirstOrDefault(c => c.Text("name") == target.Text("name")) is { } source)
                {
                    target.CopyFrom(source, "resources");
                    target.CopyFrom(source, "resizePolicy");
                }
    }

    // The single address is the first of the list.
    private static void Addresses(JsonObject? status, string single, string list)
    {
        if (status.Text(single) is { Length: > 0 } ip && status.Array(list) is not { Count: > 0 }) status![list] = new JsonArray(new JsonObject { ["ip"] = ip });
    }
}
