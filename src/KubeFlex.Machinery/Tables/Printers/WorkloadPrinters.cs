using System.Text.Json.Nodes;
using KubeFlex.Machinery.CustomResources;

namespace KubeFlex.Machinery.Tables.Printers;

/// <summary>apps, batch and what else runs pods.</summary>
internal static class WorkloadPrinters
{
    public static JsonArray Deployment(JsonObject o, DateTimeOffset now)
    {
        var (spec, status, pods) = Parts(o);
        return CellWriter.Row(o.Name(), $"{status.Number("readyReplicas")}/{spec.Number("replicas")}", status.Number("updatedReplicas"), status.Number("availableReplicas"), o.Age(now),
            CellWriter.Containers(pods), CellWriter.Images(pods), SelectorFormat.Format(spec.Obj("selector")));
    }

    public static JsonArray ReplicaSet(JsonObject o, DateTimeOffset now)
    {
        var (spec, status, pods) = Parts(o);
        return CellWriter.Row(o.Name(), spec.Number("replicas"), status.Number("replicas"), status.Number("readyReplicas"), o.Age(now),
            CellWriter.Containers(pods), CellWriter.Images(pods), SelectorFormat.Format(spec.Obj("selector")));
    }

    public static JsonArray StatefulSet(JsonObject o, DateTimeOffset now)
    {
        var (spec, status, pods) = Parts(o);
        return CellWriter.Row(o.Name(), $"{status.Number("readyReplicas")}/{spec.Number("replicas")}", o.Age(now), CellWriter.Containers(pods), CellWriter.Images(pods));
    }

    public static JsonArray DaemonSet(JsonObject o, DateTimeOffset now)
    {
        var (spec, status, pods) = Parts(o);
        return CellWriter.Row(o.Name(), status.Number("desiredNumberScheduled"), status.Number("currentNumberScheduled"), status.Number("numberReady"), status.Number("updatedNumberScheduled"),
            status.Number("numberAvailable"), SelectorFormat.Labels(pods.Obj("nodeSelector")), o.Age(now), CellWriter.Containers(pods), CellWriter.Images(pods), SelectorFormat.Format(spec.Obj("selector")));
    }

    public static JsonArray Job(JsonObject o, DateTimeOffset now)
    {
        var (spec, status, pods) = Parts(o);
        var done = status.Number("succeeded");
        var completions = spec.Long("completions") is { } wanted ? $"{done}/{wanted}"
            : spec.Number("parallelism") > 1 ? $"{done}/1 of {spec.Number("parallelism")}" : $"{done}/1";
        var started = HumanDuration.Parse(status.Str("startTime"));
        var duration = started is { } start ? HumanDuration.Format((HumanDuration.Parse(status.Str("completionTime")) ?? now) - start) : "";
        return CellWriter.Row(o.Name(), JobStatus(o, status), completions, duration, o.Age(now), CellWriter.Containers(pods), CellWriter.Images(pods), SelectorFormat.Format(spec.Obj("selector")));
    }

    public static JsonArray CronJob(JsonObject o, DateTimeOffset now)
    {
        var (spec, status) = (o.Obj("spec"), o.Obj("status"));
        var job = spec.Obj("jobTemplate").Obj("spec");
        var pods = job.Obj("template").Obj("spec");
        var suspend = spec.Get("suspend") is null ? CellWriter.Unset : spec.Bool("suspend") ? "True" : "False";
        return CellWriter.Row(o.Name(), spec.Str("schedule"), spec.Str("timeZone").Or(CellWriter.None), suspend, status.Count("active"),
            HumanDuration.Since(status.Get("lastScheduleTime"), now, CellWriter.None), o.Age(now), CellWriter.Containers(pods), CellWriter.Images(pods), SelectorFormat.Format(job.Obj("selector")));
    }

    public static JsonArray PodTemplate(JsonObject o, DateTimeOffset now)
    {
        var template = o.Obj("template");
        return CellWriter.Row(o.Name(), CellWriter.Containers(template.Obj("spec")), CellWriter.Images(template.Obj("spec")), SelectorFormat.Labels(template.Obj("metadata").Obj("labels")));
    }

    public static JsonArray ControllerRevision(JsonObject o, DateTimeOffset now)
    {
        var owner = o.Obj("metadata").Items("ownerReferences").FirstOrDefault(r => r.Bool("controller"));
        var controller = CellWriter.None;
        if (owner is not null)
        {
            var group = owner.Str("apiVersion") is var v && v.Contains('/', StringComparison.Ordinal) ? "." + v.Split('/')[0] : "";
            controller = $"{owner.Str("kind").ToLowerInvariant()}{group}/{owner.Str("name")}";
        }
        return CellWriter.Row(o.Name(), controller, o.Number("revision"), o.Age(now));
    }

    public static JsonArray HorizontalPodAutoscaler(JsonObject o, DateTimeOffset now)
    {
        var (spec, status) = (o.Obj("spec"), o.Obj("status"));
        var target = spec.Obj("scaleTargetRef");
        return CellWriter.Row(o.Name(), $"{target.Str("kind")}/{target.Str("name")}", AutoscalerTargets.Format(spec, status), spec.Long("minReplicas")?.ToString() ?? CellWriter.Unset,
            spec.Number("maxReplicas"), status.Number("currentReplicas"), o.Age(now));
    }

    private static (JsonObject? Spec, JsonObject? Status, JsonObject? Pods) Parts(JsonObject o) => (o.Obj("spec"), o.Obj("status"), o.Obj("spec").Obj("template").Obj("spec"));

    private static string JobStatus(JsonObject o, JsonObject? status)
    {
        if (Is("Complete")) return "Complete";
        if (Is("Failed")) return "Failed";
        if (o.Deleting()) return "Terminating";
        if (Is("Suspended")) return "Suspended";
        if (Is("FailureTarget")) return "FailureTarget";
        return Is("SuccessCriteriaMet") ? "SuccessCriteriaMet" : "Running";

        bool Is(string type) => status.Condition(type).Str("status") == "True";
    }
}
