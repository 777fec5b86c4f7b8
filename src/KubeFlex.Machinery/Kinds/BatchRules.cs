using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.Kinds;

/// <summary>Jobs. Their selector is made from the uid, so pods of equal labels are never taken over.</summary>
internal sealed class JobRules : SpecStatusRules
{
    public override IEnumerable<string> Warnings(JsonObject obj) => PodWarnings.Of(obj.Object("spec").Object("template").Object("spec"), "spec.template.spec");

    private static readonly string[] Labels = ["batch.kubernetes.io/controller-uid", "controller-uid"];

    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec");
        // One pod, once, unless said otherwise; parallelism alone means a work queue.
        if (!spec.Has("completions") && !spec.Has("parallelism")) spec.Default("completions", 1).Default("parallelism", 1);
        spec.Default("parallelism", 1).Default("completionMode", "NonIndexed").Default("suspend", false);
        if (!spec.Has("backoffLimit")) spec["backoffLimit"] = spec.Has("backoffLimitPerIndex") ? int.MaxValue : 6;
        spec.Default("podReplacementPolicy", spec.Has("podFailurePolicy") ? "Failed" : "TerminatingOrFailed");
        if (!spec.Flag("manualSelector")) spec.Default("manualSelector", false);
        PodSpecDefaults.Template(spec);
        var template = spec.Object("template").Object("metadata").Object("labels");
        if (template is { Count: > 0 } && obj.Ensure("metadata").Object("labels") is not { Count: > 0 }) obj.Ensure("metadata")["labels"] = template.DeepClone();
    }

    public override void PrepareForCreate(JsonObject obj)
    {
        base.PrepareForCreate(obj);
        var (spec, uid, name) = (obj.Ensure("spec"), obj.Object("metadata").Text("uid"), obj.Object("metadata").Text("name"));
        if (spec.Flag("manualSelector") || uid.Length == 0) return;
        var labels = spec.Ensure("template").Ensure("metadata").Ensure("labels");
        foreach (var label in Labels) labels.Default(label, uid);
        labels.Default("batch.kubernetes.io/job-name", name).Default("job-name", name);
        spec.Ensure("selector").Ensure("matchLabels").Default(Labels[0], uid);
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec") ?? [];
        Spec(spec, "spec", errors);
        if (spec.Object("selector") is { } selector)
        {
            LabelSelectorValidation.Validate(selector, "spec.selector", errors);
            var labels = spec.Object("template").Object("metadata").Object("labels");
            if (!LabelSelectorValidation.Matches(selector, labels))
                errors.Invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`");
        }
        else if (spec.Flag("manualSelector")) errors.Required("spec.selector");
        if (spec.Text("completionMode") == "Indexed" && Names.Dns1035Label($"a{obj.Object("metadata").Text("name")}").Count > 0 && obj.Object("metadata").Text("name").Length > 61)
            errors.Invalid("metadata.name", obj.Object("metadata").Text("name"), "will not able to create pod with invalid DNS label");
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors)
    {
        if (!WritesSpec(subresource)) return;
        var (now, before) = (obj.Object("spec"), old.Object("spec"));
        if (!(now.Text("completionMode") == "Indexed" && JsonAccess.Same(now?["completions"], now?["parallelism"])))
            Rule.Unchanged(now, before, "completions", "spec.completions", errors);
        Rule.Unchanged(now, before, "selector", "spec.selector", errors);
        // A suspended job that has not begun may still be placed elsewhere.
        var template = (JsonObject?)now.Object("template")?.DeepClone();
        if (before.Flag("suspend") && !old.Object("status").Has("startTime") && template is not null && before.Object("template") is { } fixedTemplate)
        {
            foreach (var name in (ReadOnlySpan<string>)["labels", "annotations"]) template.Ensure("metadata").CopyFrom(fixedTemplate.Object("metadata") ?? [], name);
            foreach (var name in (ReadOnlySpan<string>)["nodeSelector", "tolerations", "affinity", "schedulingGates"])
                template.Ensure("spec").CopyFrom(fixedTemplate.Object("spec") ?? [], name);
        }
        if (!JsonAccess.Same(template, before?["template"])) errors.Invalid("spec.template", now?["template"], Rule.Immutable);
        foreach (var name in (ReadOnlySpan<string>)["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"])
            Rule.Unchanged(now, before, name, $"spec.{name}", errors);
    }

    internal static void Spec(JsonObject spec, string path, FieldErrors errors)
    {
        Rule.NonNegative(spec, path, errors, "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished", "backoffLimitPerIndex", "maxFailedIndexes");
        if (spec.Text("completionMode") is { Length: > 0 } mode)
        {
            if (mode is not ("NonIndexed" or "Indexed")) errors.NotSupported($"{path}.completionMode", mode, ["NonIndexed", "Indexed"]);
            else if (mode == "Indexed" && !spec.Has("completions")) errors.Required($"{path}.completions", "when completion mode is Indexed");
        }
        Rule.OneOfIfSet(spec, "podReplacementPolicy", path, errors, "Failed", "TerminatingOrFailed");
        PodSpecValidation.Template(spec.Object("template"), $"{path}.template", errors);
        var policy = spec.Object("template").Object("spec").Text("restartPolicy");
        if (policy == "Always") errors.Required($"{path}.template.spec.restartPolicy", "valid values: \"OnFailure\", \"Never\"");
        else if (policy is not ("OnFailure" or "Never")) errors.NotSupported($"{path}.template.spec.restartPolicy", policy, ["OnFailure", "Never"]);
        if (spec.Has("podFailurePolicy") && policy != "Never") errors.Invalid($"{path}.template.spec.restartPolicy", policy, "only \"Never\" is supported when podFailurePolicy is specified");
    }
}

/// <summary>CronJobs.</summary>
internal sealed class CronJobRules : SpecStatusRules
{
    public override IEnumerable<string> Warnings(JsonObject obj) => PodWarnings.Of(obj.Object("spec").Object("jobTemplate").Object("spec").Object("template").Object("spec"), "spec.jobTemplate.spec.template.spec");

    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec").Default("concurrencyPolicy", "Allow").Default("suspend", false)
            .Default("successfulJobsHistoryLimit", 3).Default("failedJobsHistoryLimit", 1);
        var job = spec.Ensure("jobTemplate");
        job.Ensure("metadata");
        PodSpecDefaults.Template(job.Ensure("spec"));
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec") ?? [];
        var schedule = spec.Text("schedule");
        if (schedule.Length == 0) errors.Required("spec.schedule");
        else
        {
            if (CronSchedule.Error(schedule) is { } problem) errors.Invalid("spec.schedule", schedule, problem);
            if (schedule.Contains("TZ", StringComparison.Ordinal)) errors.Invalid("spec.schedule", schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
        }
        Rule.NonNegative(spec, "startingDeadlineSeconds", "spec", errors);
        if (spec.Has("timeZone"))
        {
            var zone = spec.Text("timeZone");
            if (zone.Length == 0) errors.Invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string");
            else if (zone.Equals("Local", StringComparison.OrdinalIgnoreCase)) errors.Invalid("spec.timeZone", zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
            else if (!TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _)) errors.Invalid("spec.timeZone", zone, $"unknown time zone {zone}");
        }
        Rule.OneOf(spec, "concurrencyPolicy", "spec", errors, "Allow", "Forbid", "Replace");
        JobRules.Spec(spec.Object("jobTemplate").Object("spec") ?? [], "spec.jobTemplate.spec", errors);
        Rule.NonNegative(spec, "spec", errors, "successfulJobsHistoryLimit", "failedJobsHistoryLimit");
        // Jobs get eleven characters more.
        if (obj.Object("metadata").Text("name") is { Length: > 52 } name) errors.Invalid("metadata.name", name, "must be no more than 52 characters");
    }
}
