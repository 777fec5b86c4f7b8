using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.Kinds;

/// <summary>PersistentVolumes.</summary>
internal sealed class PersistentVolumeRules() : SpecStatusRules("""{"phase":"Pending"}""")
{
    private static readonly string[] NotSources =
        ["accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy", "storageClassName", "volumeAttributesClassName", "volumeMode"];

    public override bool HasGeneration => false;

    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec").Default("persistentVolumeReclaimPolicy", "Retain").Default("volumeMode", "Filesystem");
        obj.Ensure("status").Default("phase", "Pending");
        PodSpecDefaults.VolumeSource(spec);
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec") ?? [];
        if (spec.Array("accessModes") is not { Count: > 0 }) errors.Required("spec.accessModes");
        AccessModes(spec, errors);
        if (spec.Object("capacity") is not { Count: > 0 } capacity) errors.Required("spec.capacity");
        else if (capacity["storage"] is not { } storage || capacity.Count > 1) errors.NotSupported("spec.capacity", capacity, ["storage"]);
        else if (Quantity.ParseOrZero(storage.AsText()).Sign <= 0) errors.Invalid("spec.capacity[storage]", storage.AsText(), "must be greater than zero");
        Rule.OneOfIfSet(spec, "persistentVolumeReclaimPolicy", "spec", errors, "Delete", "Recycle", "Retain");
        if (spec.Object("nodeAffinity").Object("required") is { } node) AffinityValidation.NodeSelector(node, "spec.nodeAffinity.required", errors);
        var sources = spec.Where(m => m.Value is JsonObject && !NotSources.Contains(m.Key)).Select(m => m.Key).ToList();
        if (sources.Count == 0) errors.Required("spec", "must specify a volume type");
        foreach (var source in sources.Skip(1)) errors.Forbidden($"spec.{source}", "may not specify more than 1 volume type");
        if (spec.Object("hostPath") is { } host && Rule.Required(host, "path", "spec.hostPath", errors)) VolumeValidation.NoBacksteps(host.Text("path"), "spec.hostPath.path", errors);
        if (spec.Has("local") && !spec.Has("nodeAffinity")) errors.Required("spec.nodeAffinity", "Local volume requires node affinity");
        if (spec.Text("storageClassName") is { Length: > 0 } name) Rule.Report(Names.DnsSubdomain(name), "spec.storageClassName", name, errors);
        Rule.OneOfIfSet(spec, "volumeMode", "spec", errors, "Block", "Filesystem");
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors)
    {
        if (!WritesSpec(subresource)) return;
        var (now, before) = (obj.Object("spec"), old.Object("spec"));
        if (before is not null && now is not null
            && before.Concat(now).Any(m => m.Value is JsonObject && !NotSources.Contains(m.Key) && m.Key != "csi" && !JsonAccess.Same(now[m.Key], before[m.Key])))
            errors.Forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation" + SpecDiff.Show(before, now));
        Rule.Unchanged(now, before, "volumeMode", "spec.volumeMode", errors);
    }

    internal static void AccessModes(JsonObject spec, FieldErrors errors)
    {
        var modes = spec.Texts("accessModes").ToList();
        foreach (var mode in modes)
            if (mode is not ("ReadWriteOnce" or "ReadOnlyMany" or "ReadWriteMany" or "ReadWriteOncePod"))
                errors.NotSupported("spec.accessModes", mode, ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]);
        if (modes.Contains("ReadWriteOncePod") && modes.Count > 1)
            errors.Forbidden("spec.accessModes", "may not use ReadWriteOncePod with other access modes");
    }
}

/// <summary>PersistentVolumeClaims.</summary>
internal sealed class PersistentVolumeClaimRules() : SpecStatusRules("""{"phase":"Pending"}""")
{
    public override bool HasGeneration => false;

    internal static void Defaults(JsonObject claim)
    {
        var spec = claim.Ensure("spec").Default("volumeMode", "Filesystem");
        // One source under two names.
        if (spec.Object("dataSource") is { } source && !spec.Has("dataSourceRef")) spec["dataSourceRef"] = source.DeepClone();
        else if (spec.Object("dataSourceRef") is { } reference && !spec.Has("dataSource") && reference.Text("namespace").Length == 0)
            spec["dataSource"] = reference.DeepClone();
    }

    public override void Default(JsonObject obj)
    {
        Defaults(obj);
        obj.Ensure("status").Default("phase", "Pending");
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec") ?? [];
        if (spec.Array("accessModes") is not { Count: > 0 }) errors.Required("spec.accessModes", "at least 1 access mode is required");
        if (spec.Object("selector") is { } selector) LabelSelectorValidation.Validate(selector, "spec.selector", errors);
        PersistentVolumeRules.AccessModes(spec, errors);
        if (spec.Object("resources").Object("requests")?["storage"] is not { } storage) errors.Required("spec.resources[storage]");
        else if (Quantity.ParseOrZero(storage.AsText()).Sign <= 0) errors.Invalid("spec.resources[storage]", storage.AsText(), "must be greater than zero");
        if (spec.Text("storageClassName") is { Length: > 0 } name) Rule.Report(Names.DnsSubdomain(name), "spec.storageClassName", name, errors);
        Rule.OneOfIfSet(spec, "volumeMode", "spec", errors, "Block", "Filesystem");
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors)
    {
        if (!WritesSpec(subresource)) return;
        var (now, before) = ((JsonObject)obj.Ensure("spec").DeepClone(), (JsonObject)(old.Object("spec") ?? []).DeepClone());
        var bound = old.Object("status").Text("phase") == "Bound";
        // The binder sets the volume once; a bound claim may grow; the class may be set where it was not.
        if (before.Text("volumeName").Length == 0) now.CopyFrom(before, "volumeName");
        if (!before.Has("storageClassName")) now.CopyFrom(before, "storageClassName");
        now.CopyFrom(before, "volumeAttributesClassName");
        var (want, had) = (Quantity.ParseOrZero(obj.Object("spec").Object("resources").Object("requests").Text("storage")),
            Quantity.ParseOrZero(before.Object("resources").Object("requests").Text("storage")));
        if (bound && before.Object("resources").Object("requests") is { } requests) now.Ensure("resources").Ensure("requests").CopyFrom(requests, "storage");
        if (!JsonAccess.Same(now, before))
            errors.Forbidden("spec", "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims" + SpecDiff.Show(before, now));
        if (bound && want < had && want < Quantity.ParseOrZero(old.Object("status").Object("capacity").Text("storage")))
            errors.Forbidden("spec.resources.requests.storage", "field can not be less than status.capacity");
    }
}

/// <summary>StorageClasses: only their labels and whether volumes may grow can change.</summary>
internal sealed class StorageClassRules : KindRules
{
    public override void Default(JsonObject obj) => obj.Default("reclaimPolicy", "Delete").Default("volumeBindingMode", "Immediate");

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var provisioner = obj.Text("provisioner");
        if (provisioner.Length == 0) errors.Required("provisioner");
        else Rule.Report(Names.QualifiedName(provisioner.ToLowerInvariant()), "provisioner", provisioner, errors);
        foreach (var (key, _) in obj.Object("parameters") ?? [])
            if (key.Length == 0) errors.Invalid("parameters", "", "field can not be empty.");
        if (obj.Text("reclaimPolicy") is not ("Delete" or "Retain")) errors.NotSupported("reclaimPolicy", obj.Text("reclaimPolicy"), ["Delete", "Retain"]);
        if (obj.Text("volumeBindingMode") is not ("Immediate" or "WaitForFirstConsumer"))
            errors.NotSupported("volumeBindingMode", obj.Text("volumeBindingMode"), ["Immediate", "WaitForFirstConsumer"]);
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors)
    {
        if (!JsonAccess.Same(obj["parameters"], old["parameters"])) errors.Forbidden("parameters", "updates to parameters are forbidden.");
        if (!JsonAccess.Same(obj["provisioner"], old["provisioner"])) errors.Forbidden("provisioner", "updates to provisioner are forbidden.");
        if (!JsonAccess.Same(obj["reclaimPolicy"], old["reclaimPolicy"])) errors.Forbidden("reclaimPolicy", "updates to reclaimPolicy are forbidden.");
        Rule.Unchanged(obj, old, "volumeBindingMode", "volumeBindingMode", errors);
    }
}

/// <summary>VolumeAttachments: their spec never changes.</summary>
internal sealed class VolumeAttachmentRules() : SpecStatusRules("""{"attached":false}""")
{
    public override bool RequireVersionOnUpdate => true;

    public override bool HasGeneration => false;

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec");
        Rule.Required(spec, "attacher", "spec", errors);
        Rule.Required(spec, "nodeName", "spec", errors);
        var source = spec.Object("source");
        var (inline, name) = (source.Has("inlineVolumeSpec"), source.Text("persistentVolumeName").Length > 0);
        if (!inline && !name) errors.Required("spec.source", "must specify exactly one of inlineVolumeSpec and persistentVolumeName");
        else if (inline && name) errors.Forbidden("spec.source", "must specify exactly one of inlineVolumeSpec and persistentVolumeName");
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors)
    {
        if (WritesSpec(subresource)) Rule.Unchanged(obj, old, "spec", "spec", errors);
    }
}

/// <summary>CSIDrivers.</summary>
internal sealed class CsiDriverRules : KindRules
{
    public override bool RequireVersionOnUpdate => true;

    public override void Default(JsonObject obj) =>
        obj.Ensure("spec").Default("attachRequired", true).Default("podInfoOnMount", false).Default("storageCapacity", false).Default("fsGroupPolicy", "ReadWriteOnceWithFSType")
            .Default("volumeLifecycleModes", new JsonArray("Persistent")).Default("requiresRepublish", false).Default("seLinuxMount", false);

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors)
    {
        foreach (var name in (ReadOnlySpan<string>)["attachRequired", "volumeLifecycleModes"])
            Rule.Unchanged(obj.Object("spec"), old.Object("spec"), name, $"spec.{name}", errors);
    }
}

/// <summary>CSINodes.</summary>
internal sealed class CsiNodeRules : KindRules
{
    public override bool RequireVersionOnUpdate => true;

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (driver, at) in obj.Object("spec").Items("drivers", "spec"))
        {
            Rule.Required(driver, "name", at, errors);
            Rule.Required(driver, "nodeID", at, errors);
            if (!names.Add(driver.Text("name"))) errors.Duplicate($"{at}.name", driver.Text("name"));
        }
    }
}
