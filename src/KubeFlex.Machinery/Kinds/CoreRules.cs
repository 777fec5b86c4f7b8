using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.Kinds;

/// <summary>Namespaces: the finalizer of the spec keeps a namespace until it is empty.</summary>
internal sealed class NamespaceRules() : SpecStatusRules("""{"phase":"Active"}""")
{
    private const string NameLabel = "kubernetes.io/metadata.name";

    public override bool HasGeneration => false;

    public override Func<string, IReadOnlyList<string>> NameRule => Names.DnsLabel;

    public override void Default(JsonObject obj)
    {
        obj.Ensure("status").Default("phase", "Active");
        if (obj.Object("metadata").Text("name") is { Length: > 0 } name) obj.Ensure("metadata").Ensure("labels")[NameLabel] = name;
    }

    public override void PrepareForCreate(JsonObject obj)
    {
        base.PrepareForCreate(obj);
        Default(obj);
        var finalizers = obj.Ensure("spec").Array("finalizers") ?? (JsonArray)(obj.Object("spec")!["finalizers"] = new JsonArray());
        if (!finalizers.Any(f => f.AsText() == "kubernetes")) finalizers.Add("kubernetes");
    }

    public override void PrepareForUpdate(JsonObject obj, JsonObject old, string subresource)
    {
        if (subresource is "" or "finalize") obj.CopyFrom(old, "status");
        if (subresource != "finalize") Finalizers(obj, old);
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var i = 0;
        foreach (var finalizer in obj.Object("spec").Texts("finalizers"))
        {
            Rule.Report(Names.QualifiedName(finalizer), $"spec.finalizers[{i}]", finalizer, errors);
            if (!finalizer.Contains('/', StringComparison.Ordinal) && finalizer is not ("kubernetes" or "orphan" or "foregroundDeletion"))
                errors.Invalid($"spec.finalizers[{i}]", finalizer, "name is neither a standard finalizer name nor is it fully qualified");
            i++;
        }
    }

    // Only the finalize subresource may change them.
    private static void Finalizers(JsonObject obj, JsonObject old)
    {
        if (old.Object("spec") is { } spec) obj.Ensure("spec").CopyFrom(spec, "finalizers");
        else obj.Object("spec")?.Remove("finalizers");
    }
}

/// <summary>ServiceAccounts.</summary>
internal sealed class ServiceAccountRules : KindRules;

/// <summary>Nodes.</summary>
internal sealed class NodeRules : SpecStatusRules
{
    public override bool HasGeneration => false;

    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec");
        if (spec.Text("podCIDR") is { Length: > 0 } cidr && spec.Array("podCIDRs") is not { Count: > 0 }) spec["podCIDRs"] = new JsonArray(cidr);
        var status = obj.Ensure("status");
        if (status.Object("capacity") is { Count: > 0 } capacity)
            foreach (var (resource, amount) in capacity)
                if (status.Ensure("allocatable")[resource] is null) status.Ensure("allocatable")[resource] = amount?.DeepClone();
    }

    // Kubelets create their node with its status.
    public override void PrepareForCreate(JsonObject obj) => obj.Ensure("status");

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (taint, at) in spec.Items("taints", "spec"))
        {
            Rule.Report(Names.QualifiedName(taint.Text("key")), $"{at}.key", taint.Text("key"), errors);
            foreach (var problem in Names.LabelValue(taint.Text("value"))) errors.Invalid($"{at}.value", taint.Text("value"), problem);
            Rule.OneOf(taint, "effect", at, errors, "NoSchedule", "PreferNoSchedule", "NoExecute");
            if (!seen.Add($"{taint.Text("key")}:{taint.Text("effect")}")) errors.Duplicate(at, taint);
        }
        var i = 0;
        foreach (var cidr in spec.Texts("podCIDRs"))
        {
            if (!Net.IsNetwork(cidr)) errors.Invalid($"spec.podCIDRs[{i}]", cidr, Net.NetworkError);
            i++;
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors)
    {
        var (now, before) = (obj.Object("spec"), old.Object("spec"));
        if (before.Array("podCIDRs") is { Count: > 0 } && !JsonAccess.Same(now?["podCIDRs"], before?["podCIDRs"]))
            errors.Forbidden("spec.podCIDRs", "node updates may not change podCIDR except from \"\" to valid");
        if (before.Text("providerID").Length > 0 && now.Text("providerID") != before.Text("providerID"))
            errors.Forbidden("spec.providerID", "node updates may not change providerID except from \"\" to valid");
    }
}

/// <summary>ResourceQuotas.</summary>
internal sealed class ResourceQuotaRules : SpecStatusRules
{
    public override bool HasGeneration => false;

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        foreach (var (name, value) in obj.Object("spec").Object("hard") ?? [])
        {
            Rule.Report(Names.QualifiedName(name), $"spec.hard[{name}]", name, errors);
            ResourceValidation.NonNegative(name, value, $"spec.hard[{name}]", errors);
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors)
    {
        if (WritesSpec(subresource)) Rule.Unchanged(obj.Object("spec"), old.Object("spec"), "scopes", "spec.scopes", errors);
    }
}

/// <summary>LimitRanges.</summary>
internal sealed class LimitRangeRules : KindRules
{
    public override void Default(JsonObject obj)
    {
        foreach (var limit in obj.Object("spec").Objects("limits").Where(l => l.Text("type") == "Container"))
        {
            // default from max, defaultRequest from default, then from min.
            Fill(limit, "default", "max");
            Fill(limit, "defaultRequest", "default");
            Fill(limit, "defaultRequest", "min");
        }
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var types = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (limit, at) in obj.Object("spec").Items("limits", "spec"))
        {
            var type = limit.Text("type");
            if (type.Length == 0) errors.Required($"{at}.type");
            if (!types.Add(type)) errors.Duplicate($"{at}.type", type);
            if (type == "Pod")
                foreach (var name in (ReadOnlySpan<string>)["default", "defaultRequest"])
                    if (limit.Object(name) is { Count: > 0 }) errors.Forbidden($"{at}.{name}", "may not be specified when `type` is 'Pod'");
            NotAbove(limit, "min", "max", at, "min value {0} is greater than max value {1}", errors);
            NotAbove(limit, "defaultRequest", "max", at, "default request value {0} is greater than max value {1}", errors);
            NotAbove(limit, "defaultRequest", "default", at, "default request value {0} is greater than default limit value {1}", errors);
            NotAbove(limit, "default", "max", at, "default value {0} is greater than max value {1}", errors);
        }
    }

    private static void Fill(JsonObject limit, string to, string from)
    {
        foreach (var (name, value) in (limit.Object(from) ?? []).ToList())
            if (limit.Object(to)?[name] is null) limit.Ensure(to)[name] = value?.DeepClone();
    }

    private static void NotAbove(JsonObject limit, string low, string high, string path, string words, FieldErrors errors)
    {
        foreach (var (name, value) in limit.Object(low) ?? [])
        {
            if (limit.Object(high)?[name] is not { } top) continue;
            var (a, b) = (Quantity.ParseOrZero(value.AsText()), Quantity.ParseOrZero(top.AsText()));
            if (a > b) errors.Invalid($"{path}.{low}[{name}]", a.ToString(), words.Replace("{0}", a.ToString(), StringComparison.Ordinal).Replace("{1}", b.ToString(), StringComparison.Ordinal));
        }
    }
}

/// <summary>Leases.</summary>
internal sealed class LeaseRules : KindRules
{
    public override bool AllowCreateOnUpdate => true;

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec");
        if (spec.Number("leaseDurationSeconds") is <= 0 and var duration) errors.Invalid("spec.leaseDurationSeconds", duration, "must be greater than 0");
        if (spec.Number("leaseTransitions") is < 0 and var transitions) errors.Invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0");
        if (spec.Has("strategy") && spec.Text("strategy").Length == 0) errors.Invalid("spec.strategy", "", "must not be empty");
        if (spec.Has("preferredHolder") && !spec.Has("strategy")) errors.Forbidden("spec.preferredHolder", "may only be specified if `strategy` is defined");
    }
}

/// <summary>PriorityClasses.</summary>
internal sealed class PriorityClassRules : KindRules
{
    public override bool HasGeneration => true;

    public override bool AllowCreateOnUpdate => true;

    public override void Default(JsonObject obj) => obj.Default("preemptionPolicy", "PreemptLowerPriority");

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var name = obj.Object("metadata").Text("name");
        if (name.StartsWith("system-", StringComparison.Ordinal))
        {
            if (name is not ("system-node-critical" or "system-cluster-critical"))
                errors.Forbidden("metadata.name", $"priority class names with 'system-' prefix are reserved for system use only. error: {name} is not a known system priority class");
        }
        else if (obj.Number("value") is > 1_000_000_000)
            errors.Forbidden("value", "maximum allowed value of a user defined priority is 1000000000");
        if (obj.Text("preemptionPolicy") is not ("Never" or "PreemptLowerPriority"))
            errors.NotSupported("preemptionPolicy", obj.Text("preemptionPolicy"), ["PreemptLowerPriority", "Never"]);
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors)
    {
        if (obj.Number("value") != old.Number("value")) errors.Forbidden("value", "may not be changed in an update.");
        if (obj.Text("preemptionPolicy") != old.Text("preemptionPolicy"))
            errors.Invalid("preemptionPolicy", obj.Text("preemptionPolicy"), Rule.Immutable);
    }
}

/// <summary>RuntimeClasses.</summary>
internal sealed class RuntimeClassRules : KindRules
{
    public override void Default(JsonObject obj)
    {
        foreach (var toleration in obj.Object("scheduling").Objects("tolerations")) toleration.Default("operator", "Equal");
    }

    public override void Validate(JsonObject obj, FieldErrors errors) =>
        Rule.Report(Names.DnsLabel(obj.Text("handler")), "handler", obj.Text("handler"), errors);

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors) =>
        Rule.Unchanged(obj, old, "handler", "handler", errors);
}
