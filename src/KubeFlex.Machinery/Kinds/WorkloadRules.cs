using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.Kinds;

/// <summary>What Deployments, ReplicaSets, StatefulSets and DaemonSets share: a selector that matches the labels of a pod template.</summary>
internal abstract class WorkloadRules(string emptyStatus = "{}") : SpecStatusRules(emptyStatus)
{
    public override IEnumerable<string> Warnings(JsonObject obj) => PodWarnings.Of(obj.Object("spec").Object("template").Object("spec"), "spec.template.spec");

    protected static void Selector(JsonObject spec, string kind, FieldErrors errors)
    {
        if (spec.Object("selector") is not { } selector)
        {
            errors.Required("spec.selector");
            return;
        }
        LabelSelectorValidation.Validate(selector, "spec.selector", errors);
        if (LabelSelectorValidation.IsEmpty(selector)) errors.Invalid("spec.selector", selector, $"empty selector is invalid for {kind}");
    }

    protected static void Template(JsonObject spec, string kind, FieldErrors errors)
    {
        var template = spec.Object("template");
        var selector = spec.Object("selector");
        var labels = template.Object("metadata").Object("labels");
        if ((selector is null || !LabelSelectorValidation.IsEmpty(selector)) && !LabelSelectorValidation.Matches(selector, labels))
            errors.Invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`");
        PodSpecValidation.Template(template, "spec.template", errors);
        AlwaysRestarted(template, kind, errors);
    }

    protected static void AlwaysRestarted(JsonObject? template, string kind, FieldErrors errors)
    {
        var pod = template.Object("spec");
        if (pod.Text("restartPolicy") is { } policy and not "Always") errors.NotSupported("spec.template.spec.restartPolicy", policy, ["Always"]);
        if (pod.Has("activeDeadlineSeconds")) errors.Forbidden("spec.template.spec.activeDeadlineSeconds", $"activeDeadlineSeconds in {kind} is not Supported");
    }
}

/// <summary>Deployments.</summary>
internal sealed class DeploymentRules : WorkloadRules
{
    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec");
        spec.Default("replicas", 1).Default("revisionHistoryLimit", 10).Default("progressDeadlineSeconds", 600);
        var strategy = spec.Ensure("strategy").Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate") strategy.Ensure("rollingUpdate").Default("maxUnavailable", "25%").Default("maxSurge", "25%");
        PodSpecDefaults.Template(spec);
    }

    public override void PrepareForUpdate(JsonObject obj, JsonObject old, string subresource)
    {
        base.PrepareForUpdate(obj, old, subresource);
        if (subresource == "status") obj.Ensure("metadata").CopyFrom(old.Object("metadata") ?? [], "labels");
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec") ?? [];
        Rule.NonNegative(spec, "replicas", "spec", errors);
        Selector(spec, "deployment", errors);
        Template(spec, "ReplicaSet", errors);
        Strategy(spec.Object("strategy"), errors);
        Rule.NonNegative(spec, "spec", errors, "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds");
        if (spec.Number("progressDeadlineSeconds") is { } deadline && deadline <= (spec.Number("minReadySeconds") ?? 0))
            errors.Invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds");
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors)
    {
        if (WritesSpec(subresource)) Rule.Unchanged(obj.Object("spec"), old.Object("spec"), "selector", "spec.selector", errors);
        else if ((obj.Object("status").Number("collisionCount") ?? 0) < (old.Object("status").Number("collisionCount") ?? 0))
            errors.Invalid("status.collisionCount", obj.Object("status").Number("collisionCount") ?? 0, "cannot be decremented");
    }

    private static void Strategy(JsonObject? strategy, FieldErrors errors)
    {
        const string path = "spec.strategy";
        switch (strategy.Text("type"))
        {
            case "Recreate":
                if (strategy.Has("rollingUpdate")) errors.Forbidden($"{path}.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'");
                break;
            case "RollingUpdate":
                Rolling(strategy.Object("rollingUpdate"), $"{path}.rollingUpdate", errors);
                break;
            default:
                errors.NotSupported($"{path}.type", strategy.Text("type"), ["Recreate", "RollingUpdate"]);
                break;
        }
    }

    private static void Rolling(JsonObject? rolling, string path, FieldErrors errors)
    {
        var (unavailable, surge) = (rolling?["maxUnavailable"], rolling?["maxSurge"]);
        Rule.IntOrPercent(unavailable, $"{path}.maxUnavailable", errors);
        Rule.IntOrPercent(surge, $"{path}.maxSurge", errors);
        if (Rule.IsZero(unavailable) && Rule.IsZero(surge)) errors.Invalid($"{path}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0");
        Rule.NotOver100Percent(unavailable, $"{path}.maxUnavailable", errors);
    }
}

/// <summary>ReplicaSets.</summary>
internal sealed class ReplicaSetRules() : WorkloadRules("""{"replicas":0}""")
{
    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec").Default("replicas", 1);
        PodSpecDefaults.Template(spec);
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec") ?? [];
        Rule.NonNegative(spec, "spec", errors, "replicas", "minReadySeconds");
        Selector(spec, "deployment", errors);
        if (!spec.Has("template")) errors.Required("spec.template");
        else Template(spec, "ReplicaSet", errors);
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors)
    {
        if (WritesSpec(subresource)) Rule.Unchanged(obj.Object("spec"), old.Object("spec"), "selector", "spec.selector", errors);
        else Rule.NonNegative(obj.Object("status"), "status", errors, "replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas");
    }
}

/// <summary>StatefulSets.</summary>
internal sealed class StatefulSetRules() : WorkloadRules("""{"replicas":0,"availableReplicas":0}""")
{
    private static readonly string[] Mutable =
        ["replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy", "minReadySeconds"];

    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec").Default("podManagementPolicy", "OrderedReady").Default("replicas", 1).Default("revisionHistoryLimit", 10);
        var strategy = spec.Ensure("updateStrategy").Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate") strategy.Ensure("rollingUpdate").Default("partition", 0);
        spec.Ensure("persistentVolumeClaimRetentionPolicy").Default("whenDeleted", "Retain").Default("whenScaled", "Retain");
        PodSpecDefaults.Template(spec);
        foreach (var claim in spec.Objects("volumeClaimTemplates"))
        {
            claim.Default("apiVersion", "v1").Default("kind", "PersistentVolumeClaim");
            PersistentVolumeClaimRules.Defaults(claim);
            claim.Ensure("status").Default("phase", "Pending");
        }
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec") ?? [];
        Rule.OneOf(spec, "podManagementPolicy", "spec", errors, "OrderedReady", "Parallel");
        var strategy = spec.Object("updateStrategy");
        Rule.OneOf(strategy, "type", "spec.updateStrategy", errors, "OnDelete", "RollingUpdate");
        if (strategy.Text("type") == "OnDelete" && strategy.Has("rollingUpdate"))
            errors.Invalid("spec.updateStrategy.rollingUpdate", strategy?["rollingUpdate"], "only allowed for updateStrategy 'RollingUpdate'");
        Rule.NonNegative(strategy.Object("rollingUpdate"), "partition", "spec.updateStrategy.rollingUpdate", errors);
        Rule.NonNegative(spec, "spec", errors, "replicas", "minReadySeconds", "revisionHistoryLimit");
        Rule.NonNegative(spec.Object("ordinals"), "start", "spec.ordinals", errors);
        Selector(spec, "statefulset", errors);
        // Mounts may name claim templates, which become volumes of the pods.
        var shadow = (JsonObject)spec.DeepClone();
        var pod = shadow.Object("template").Object("spec");
        if (pod is not null)
        {
            var volumes = pod.Array("volumes") ?? (JsonArray)(pod["volumes"] = new JsonArray());
            foreach (var claim in spec.Objects("volumeClaimTemplates"))
                if (!volumes.OfType<JsonObject>().Any(v => v.Text("name") == claim.Object("metadata").Text("name")) && claim.Object("metadata").Text("name").Length > 0)
                    volumes.Add(new JsonObject { ["name"] = claim.Object("metadata").Text("name"), ["emptyDir"] = new JsonObject() });
        }
        Template(shadow, "StatefulSet", errors);
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors)
    {
        if (!WritesSpec(subresource))
        {
            Rule.NonNegative(obj.Object("status"), "status", errors, "replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas");
            return;
        }
        var (now, before) = ((JsonObject)obj.Ensure("spec").DeepClone(), old.Object("spec") ?? []);
        foreach (var name in Mutable) now.CopyFrom(before, name);
        if (!JsonAccess.Same(now, before))
            errors.Forbidden("spec", "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
                + "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden");
    }
}

/// <summary>DaemonSets.</summary>
internal sealed class DaemonSetRules()
    : WorkloadRules("""{"currentNumberScheduled":0,"numberMisscheduled":0,"desiredNumberScheduled":0,"numberReady":0}""")
{
    private const string TemplateGeneration = "deprecated.daemonset.template.generation";

    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec").Default("revisionHistoryLimit", 10);
        var strategy = spec.Ensure("updateStrategy").Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate") strategy.Ensure("rollingUpdate").Default("maxUnavailable", 1).Default("maxSurge", 0);
        PodSpecDefaults.Template(spec);
    }

    public override void PrepareForCreate(JsonObject obj)
    {
        base.PrepareForCreate(obj);
        obj.Ensure("metadata").Ensure("annotations")[TemplateGeneration] = "1";
    }

    public override void PrepareForUpdate(JsonObject obj, JsonObject old, string subresource)
    {
        base.PrepareForUpdate(obj, old, subresource);
        if (subresource.Length > 0) return;
        _ = long.TryParse(old.Object("metadata").Object("annotations").Text(TemplateGeneration), out var generation);
        if (!JsonAccess.Same(obj.Object("spec")?["template"], old.Object("spec")?["template"])) generation++;
        obj.Ensure("metadata").Ensure("annotations")[TemplateGeneration] = generation.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec") ?? [];
        Selector(spec, "daemonset", errors);
        Template(spec, "DaemonSet", errors);
        Rule.NonNegative(spec, "minReadySeconds", "spec", errors);
        var strategy = spec.Object("updateStrategy");
        if (strategy.Text("type") is not ("OnDelete" or "RollingUpdate"))
            errors.NotSupported("spec.updateStrategy.type", strategy.Text("type"), ["RollingUpdate", "OnDelete"]);
        else if (strategy.Text("type") == "RollingUpdate")
        {
            const string path = "spec.updateStrategy.rollingUpdate";
            var rolling = strategy.Object("rollingUpdate");
            var (unavailable, surge) = (rolling?["maxUnavailable"], rolling?["maxSurge"]);
            Rule.IntOrPercent(unavailable, $"{path}.maxUnavailable", errors);
            Rule.IntOrPercent(surge, $"{path}.maxSurge", errors);
            if (Rule.IsZero(unavailable) && Rule.IsZero(surge)) errors.Required($"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0");
            else if (!Rule.IsZero(unavailable) && !Rule.IsZero(surge)) errors.Invalid($"{path}.maxSurge", surge, "may not be set when maxUnavailable is non-zero");
        }
        Rule.NonNegative(spec, "revisionHistoryLimit", "spec", errors);
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors)
    {
        if (WritesSpec(subresource)) Rule.Unchanged(obj.Object("spec"), old.Object("spec"), "selector", "spec.selector", errors);
    }
}

/// <summary>ReplicationControllers: selector and labels follow the template.</summary>
internal sealed class ReplicationControllerRules() : WorkloadRules("""{"replicas":0}""")
{
    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec").Default("replicas", 1);
        if (spec.Object("template") is not { } template) return;
        if (template.Object("metadata").Object("labels") is { Count: > 0 } labels)
        {
            if (spec.Object("selector") is not { Count: > 0 }) spec["selector"] = labels.DeepClone();
            if (obj.Ensure("metadata").Object("labels") is not { Count: > 0 }) obj.Ensure("metadata")["labels"] = labels.DeepClone();
        }
        PodSpecDefaults.Template(spec);
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec") ?? [];
        Rule.NonNegative(spec, "spec", errors, "minReadySeconds");
        if (spec.Object("selector") is not { Count: > 0 } selector) errors.Required("spec.selector");
        else if (spec.Object("template") is { } t
            && !LabelSelectorValidation.Matches(new JsonObject { ["matchLabels"] = selector.DeepClone() }, t.Object("metadata").Object("labels")))
            errors.Invalid("spec.template.metadata.labels", t.Object("metadata")?["labels"], "`selector` does not match template `labels`");
        Rule.NonNegative(spec, "replicas", "spec", errors);
        if (spec.Object("template") is not { } template)
        {
            errors.Required("spec.template");
            return;
        }
        PodSpecValidation.Template(template, "spec.template", errors);
        AlwaysRestarted(template, "ReplicationController", errors);
    }
}

/// <summary>PodTemplates.</summary>
internal sealed class PodTemplateRules : KindRules
{
    public override IEnumerable<string> Warnings(JsonObject obj) => PodWarnings.Of(obj.Object("template").Object("spec"), "template.spec");

    public override bool HasGeneration => true;

    public override void Default(JsonObject obj) => PodSpecDefaults.Template(obj);

    public override void Validate(JsonObject obj, FieldErrors errors) => PodSpecValidation.Template(obj.Object("template"), "template", errors);
}

/// <summary>ControllerRevisions: data never change.</summary>
internal sealed class ControllerRevisionRules : KindRules
{
    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        if (!obj.Has("data")) errors.Required("data", "data is mandatory");
        if (obj.Number("revision") is < 0 and var revision) errors.Invalid("revision", revision, "must be greater than or equal to 0");
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors) =>
        Rule.Unchanged(obj, old, "data", "data", errors);
}
