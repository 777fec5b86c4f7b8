using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.Kinds;

/// <summary>Events of both groups: one object under two shapes.</summary>
internal sealed class EventRules : KindRules
{
    private static readonly (string Core, string Events)[] Renamed =
    [
        ("involvedObject", "regarding"), ("message", "note"), ("source", "deprecatedSource"), ("firstTimestamp", "deprecatedFirstTimestamp"),
        ("lastTimestamp", "deprecatedLastTimestamp"), ("count", "deprecatedCount"), ("reportingComponent", "reportingController"),
    ];

    public override bool AllowCreateOnUpdate => true;

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var modern = obj.Text("apiVersion") == "events.k8s.io/v1";
        var about = obj.Object(modern ? "regarding" : "involvedObject");
        var (own, other) = (obj.Object("metadata").Text("namespace"), about.Text("namespace"));
        if (other.Length == 0)
        {
            // Objects without a namespace report into the default one.
            if (own is not ("default" or "kube-system")) errors.Invalid("involvedObject.namespace", other, "does not match event.namespace");
        }
        else if (own != other) errors.Invalid("involvedObject.namespace", other, "does not match event.namespace");
        if (!modern) return;
        if (!obj.Has("eventTime")) errors.Required("eventTime");
        if (obj.Object("series") is { } series)
        {
            if ((series.Number("count") ?? 0) < 2) errors.Invalid("series.count", series.Number("count") ?? 0, "should be at least 2");
            if (!series.Has("lastObservedTime")) errors.Required("series.lastObservedTime");
        }
        var controller = obj.Text("reportingController");
        if (controller.Length == 0) errors.Required("reportingController");
        else Rule.Report(Names.QualifiedName(controller), "reportingController", controller, errors);
        foreach (var name in (ReadOnlySpan<string>)["reportingInstance", "action", "reason"])
        {
            if (obj.Text(name).Length == 0) errors.Required(name);
            else if (obj.Text(name).Length > 128) errors.Invalid(name, "", $"can have at most 128 characters");
        }
        if (obj.Text("note").Length > 1024) errors.Invalid("message", "", "can have at most 1024 characters");
        if (obj.Text("type") is not ("Normal" or "Warning")) errors.Invalid("type", "", $"has invalid value: {obj.Text("type")}");
    }

    internal static JsonObject Convert(JsonObject obj, string apiVersion)
    {
        var modern = apiVersion == "events.k8s.io/v1";
        var names = Renamed.ToDictionary(r => modern ? r.Core : r.Events, r => modern ? r.Events : r.Core, StringComparer.Ordinal);
        var made = new JsonObject();
        foreach (var (name, value) in obj)
            made[names.GetValueOrDefault(name, name)] = name == "apiVersion" ? apiVersion : value?.DeepClone();
        // The new group has no "omitempty"-less reporting names, the core one always writes them.
        if (!modern) made.Default("reportingComponent", "").Default("reportingInstance", "");
        else
            foreach (var name in (ReadOnlySpan<string>)["reportingController", "reportingInstance"])
                if (made.Text(name).Length == 0) made.Remove(name);
        return made;
    }
}
