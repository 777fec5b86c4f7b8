using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.Kinds;

/// <summary>The main rules of pod specs, in upstream's order (<c>ValidatePodSpec</c>).</summary>
internal static class PodSpecValidation
{
    internal static void Template(JsonObject? template, string path, FieldErrors errors)
    {
        var meta = template.Object("metadata");
        ObjectMetaRules.Labels(meta.Object("labels"), $"{path}.labels", errors);
        ObjectMetaRules.Annotations(meta.Object("annotations"), $"{path}.annotations", errors);
        Spec(template.Object("spec") ?? [], $"{path}.spec", errors);
        if (template.Object("spec").Array("ephemeralContainers") is { Count: > 0 })
            errors.Forbidden($"{path}.spec.ephemeralContainers", "ephemeral containers not allowed in pod template");
    }

    internal static void Spec(JsonObject spec, string path, FieldErrors errors)
    {
        var volumes = VolumeValidation.Validate(spec, path, errors);
        ContainerValidation.Containers(spec, volumes, path, errors);
        Rule.OneOf(spec, "restartPolicy", path, errors, "Always", "Never", "OnFailure");
        Rule.OneOf(spec, "dnsPolicy", path, errors, "ClusterFirst", "ClusterFirstWithHostNet", "Default", "None");
        ObjectMetaRules.Labels(spec.Object("nodeSelector"), $"{path}.nodeSelector", errors);
        SecurityContext(spec.Object("securityContext"), spec, path, errors);
        foreach (var (secret, at) in spec.Items("imagePullSecrets", path)) Rule.Required(secret, "name", at, errors);
        AffinityValidation.Validate(spec.Object("affinity"), $"{path}.affinity", errors);
        Dns(spec, path, errors);
        foreach (var (gate, at) in spec.Items("readinessGates", path))
            Rule.Report(Names.QualifiedName(gate.Text("conditionType")), $"{at}.conditionType", gate.Text("conditionType"), errors);
        Topology(spec, path, errors);
        Name(spec, "serviceAccountName", path, Names.DnsSubdomain, errors);
        Name(spec, "nodeName", path, Names.DnsSubdomain, errors);
        Rule.Range(spec.Number("activeDeadlineSeconds"), 1, int.MaxValue, $"{path}.activeDeadlineSeconds", errors);
        Name(spec, "hostname", path, Names.DnsLabel, errors);
        Name(spec, "subdomain", path, Names.DnsLabel, errors);
        Tolerations(spec, path, errors);
        foreach (var (alias, at) in spec.Items("hostAliases", path))
        {
            if (!Net.IsAddress(alias.Text("ip"))) errors.Invalid($"{at}.ip", alias.Text("ip"), Net.AddressError);
            foreach (var host in alias.Texts("hostnames")) Rule.Report(Names.DnsSubdomain(host), $"{at}.hostnames", host, errors);
        }
        Name(spec, "priorityClassName", path, Names.DnsSubdomain, errors);
        Name(spec, "runtimeClassName", path, Names.DnsSubdomain, errors);
        Rule.OneOfIfSet(spec, "preemptionPolicy", path, errors, "Never", "PreemptLowerPriority");
        if (spec.Number("terminationGracePeriodSeconds") is < 0) Rule.NonNegative(spec, "terminationGracePeriodSeconds", path, errors);
    }

    private static void Name(JsonObject spec, string member, string path, Func<string, IReadOnlyList<string>> rule, FieldErrors errors)
    {
        if (spec.Text(member) is { Length: > 0 } name) Rule.Report(rule(name), $"{path}.{member}", name, errors);
    }

    private static void SecurityContext(JsonObject? context, JsonObject spec, string path, FieldErrors errors)
    {
        path += ".securityContext";
        foreach (var id in (ReadOnlySpan<string>)["runAsUser", "runAsGroup", "fsGroup"]) Rule.Range(context.Number(id), 0, int.MaxValue, $"{path}.{id}", errors);
        var i = 0;
        foreach (var group in context.Array("supplementalGroups") ?? []) Rule.Range(group.AsNumber(), 0, int.MaxValue, $"{path}.supplementalGroups[{i++}]", errors);
        if (spec.Flag("shareProcessNamespace") && spec.Flag("hostPID"))
            errors.Invalid($"{path}.shareProcessNamespace", true, "ShareProcessNamespace and HostPID cannot both be enabled");
        foreach (var (sysctl, at) in context.Items("sysctls", path)) Rule.Required(sysctl, "name", at, errors);
        Rule.OneOfIfSet(context, "fsGroupChangePolicy", path, errors, "Always", "OnRootMismatch");
        Rule.OneOfIfSet(context, "supplementalGroupsPolicy", path, errors, "Merge", "Strict");
        ContainerValidation.Seccomp(context.Object("seccompProfile"), $"{path}.seccompProfile", errors);
    }

    private static void Dns(JsonObject spec, string path, FieldErrors errors)
    {
        var config = spec.Object("dnsConfig");
        path += ".dnsConfig";
        if (spec.Text("dnsPolicy") == "None")
        {
            if (config is null) errors.Required(path, "must provide `dnsConfig` when `dnsPolicy` is None");
            else if (config.Array("nameservers") is not { Count: > 0 })
                errors.Required($"{path}.nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None");
        }
        if (config.Array("nameservers") is { Count: > 3 } list)
            errors.Invalid($"{path}.nameservers", list, "must not have more than 3 nameservers");
        var i = 0;
        foreach (var server in config.Texts("nameservers"))
        {
            if (!Net.IsAddress(server)) errors.Invalid($"{path}.nameservers[{i}]", server, Net.AddressError);
            i++;
        }
        foreach (var (option, at) in config.Items("options", path)) Rule.Required(option, "name", at, errors, "must not be empty");
    }

    private static void Topology(JsonObject spec, string path, FieldErrors errors)
    {
        foreach (var (constraint, at) in spec.Items("topologySpreadConstraints", path))
        {
            if ((constraint.Number("maxSkew") ?? 0) <= 0) errors.Invalid($"{at}.maxSkew", constraint.Number("maxSkew") ?? 0, "must be greater than zero");
            if (Rule.Required(constraint, "topologyKey", at, errors, "can not be empty"))
                Rule.Report(Names.QualifiedName(constraint.Text("topologyKey")), $"{at}.topologyKey", constraint.Text("topologyKey"), errors);
            var when = constraint.Text("whenUnsatisfiable");
            if (when is not ("DoNotSchedule" or "ScheduleAnyway")) errors.NotSupported($"{at}.whenUnsatisfiable", when, ["DoNotSchedule", "ScheduleAnyway"]);
            if (constraint.Number("minDomains") is <= 0 and var domains) errors.Invalid($"{at}.minDomains", domains, "must be greater than zero");
            Rule.OneOfIfSet(constraint, "nodeAffinityPolicy", at, errors, "Honor", "Ignore");
            Rule.OneOfIfSet(constraint, "nodeTaintsPolicy", at, errors, "Honor", "Ignore");
            LabelSelectorValidation.Validate(constraint.Object("labelSelector"), $"{at}.labelSelector", errors);
        }
    }

    private static void Tolerations(JsonObject spec, string path, FieldErrors errors)
    {
        foreach (var (toleration, at) in spec.Items("tolerations", path))
        {
            var (key, op, value, effect) = (toleration.Text("key"), toleration.Text("operator"), toleration.Text("value"), toleration.Text("effect"));
            if (key.Length > 0) Rule.Report(Names.QualifiedName(key), $"{at}.key", key, errors);
            else if (op != "Exists")
                errors.Invalid($"{at}.operator", op, "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
            if (toleration.Has("tolerationSeconds") && effect != "NoExecute")
                errors.Invalid($"{at}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
            switch (op)
            {
                case "" or "Equal":
                    foreach (var problem in Names.LabelValue(value)) errors.Invalid($"{at}.operator", value, problem);
                    break;
                case "Exists" when value.Length > 0:
                    errors.Invalid($"{at}.operator", toleration, "value must be empty when `operator` is 'Exists'");
                    break;
                case "Exists":
                    break;
                default:
                    errors.NotSupported($"{at}.operator", op, ["Equal", "Exists"]);
                    break;
            }
            Rule.OneOfIfSet(toleration, "effect", at, errors, "NoSchedule", "PreferNoSchedule", "NoExecute");
        }
    }
}
