using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.Kinds;

/// <summary>Rules of containers, in upstream's order (<c>validateContainers</c>, <c>validateInitContainers</c>).</summary>
internal static class ContainerValidation
{
    private static readonly string[] EnvironmentFields =
    [
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
        "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
    ];

    internal static void Containers(JsonObject spec, HashSet<string> volumes, string path, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        if (spec.Array("containers") is not { Count: > 0 }) errors.Required($"{path}.containers");
        foreach (var (container, at) in spec.Items("containers", path))
        {
            Container(container, volumes, at, errors);
            Unique(container, names, at, errors);
            Handlers(container, at, errors);
        }
        HostPorts(spec, "containers", path, errors);
        foreach (var (container, at) in spec.Items("initContainers", path))
        {
            Container(container, volumes, at, errors);
            Rule.OneOfIfSet(container, "restartPolicy", at, errors, "Always", "Never", "OnFailure");
            Unique(container, names, at, errors);
            if (container.Text("restartPolicy") == "Always") Handlers(container, at, errors);
            else
            {
                if (container.Has("lifecycle")) errors.Forbidden($"{at}.lifecycle", "may not be set for init containers without restartPolicy=Always");
                foreach (var probe in (ReadOnlySpan<string>)["livenessProbe", "readinessProbe", "startupProbe"])
                    if (container.Has(probe)) errors.Forbidden($"{at}.{probe}", "may not be set for init containers without restartPolicy=Always");
            }
        }
        foreach (var (container, at) in spec.Items("ephemeralContainers", path))
        {
            Container(container, volumes, at, errors);
            Unique(container, names, at, errors);
        }
    }

    private static void Unique(JsonObject container, HashSet<string> names, string path, FieldErrors errors)
    {
        var name = container.Text("name");
        if (name.Length > 0 && !names.Add(name)) errors.Duplicate($"{path}.name", name);
    }

    private static void Container(JsonObject container, HashSet<string> volumes, string path, FieldErrors errors)
    {
        var (name, image) = (container.Text("name"), container.Text("image"));
        if (name.Length == 0) errors.Required($"{path}.name");
        else Rule.Report(Names.DnsLabel(name), $"{path}.name", name, errors);
        if (image.Length == 0) errors.Required($"{path}.image");
        else if (image.Trim() != image) errors.Invalid($"{path}.image", image, "must not have leading or trailing whitespace");
        Rule.OneOf(container, "terminationMessagePolicy", path, errors, "FallbackToLogsOnError", "File");
        Ports(container, path, errors);
        Environment(container, path, errors);
        Mounts(container, volumes, path, errors);
        Rule.OneOf(container, "imagePullPolicy", path, errors, "Always", "IfNotPresent", "Never");
        ResourceValidation.Requirements(container.Object("resources"), $"{path}.resources", errors);
        SecurityContext(container.Object("securityContext"), $"{path}.securityContext", errors);
    }

    private static void Ports(JsonObject container, string path, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (port, at) in container.Items("ports", path))
        {
            if (port.Text("name") is { Length: > 0 } name)
            {
                var problems = Names.PortName(name);
                Rule.Report(problems, $"{at}.name", name, errors);
                if (problems.Count == 0 && !names.Add(name)) errors.Duplicate($"{at}.name", name);
            }
            if ((port.Number("containerPort") ?? 0) == 0) errors.Required($"{at}.containerPort");
            else Rule.Port(port.Number("containerPort"), $"{at}.containerPort", errors);
            if (port.Number("hostPort") is { } host and not 0) Rule.Port(host, $"{at}.hostPort", errors);
            Rule.OneOf(port, "protocol", at, errors, "SCTP", "TCP", "UDP");
        }
    }

    private static void HostPorts(JsonObject spec, string list, string path, FieldErrors errors)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (container, at) in spec.Items(list, path))
            foreach (var (port, where) in container.Items("ports", at))
                if (port.Number("hostPort") is { } host and not 0 && !taken.Add($"{port.Text("protocol")}/{port.Text("hostIP")}/{host}"))
                    errors.Duplicate($"{where}.hostPort", $"{port.Text("protocol")}/{port.Text("hostIP")}/{host}");
    }

    private static void Environment(JsonObject container, string path, FieldErrors errors)
    {
        foreach (var (env, at) in container.Items("env", path))
        {
            var name = env.Text("name");
            if (name.Length == 0) errors.Required($"{at}.name");
            else Rule.Report(Names.EnvironmentVariable(name), $"{at}.name", name, errors);
            if (env.Object("valueFrom") is { } source) ValueFrom(source, env.Text("value"), $"{at}.valueFrom", errors);
        }
        foreach (var (from, at) in container.Items("envFrom", path))
        {
            if (from.Text("prefix") is { Length: > 0 } prefix) Rule.Report(Names.EnvironmentVariable(prefix), $"{at}.prefix", prefix, errors);
            var sources = 0;
            foreach (var kind in (ReadOnlySpan<string>)["configMapRef", "secretRef"])
                if (from.Object(kind) is { } reference)
                {
                    sources++;
                    Rule.Required(reference, "name", $"{at}.{kind}", errors);
                }
            if (sources == 0) errors.Invalid(at, "", "must specify one of: `configMapRef` or `secretRef`");
            else if (sources > 1) errors.Invalid(at, "", "may not have more than one field specified at a time");
        }
    }

    private static void ValueFrom(JsonObject source, string value, string path, FieldErrors errors)
    {
        var sources = 0;
        if (source.Object("fieldRef") is { } field)
        {
            sources++;
            var fieldPath = field.Text("fieldPath");
            if (Rule.Required(field, "apiVersion", $"{path}.fieldRef", errors) && Rule.Required(field, "fieldPath", $"{path}.fieldRef", errors)
                && !EnvironmentFields.Contains(fieldPath)
                && !fieldPath.StartsWith("metadata.labels['", StringComparison.Ordinal) && !fieldPath.StartsWith("metadata.annotations['", StringComparison.Ordinal))
                errors.NotSupported($"{path}.fieldRef.fieldPath", fieldPath, EnvironmentFields);
        }
        if (source.Object("resourceFieldRef") is { } resource)
        {
            sources++;
            Rule.Required(resource, "resource", $"{path}.resourceFieldRef", errors);
        }
        foreach (var kind in (ReadOnlySpan<string>)["configMapKeyRef", "secretKeyRef"])
            if (source.Object(kind) is { } reference)
            {
                sources++;
                Rule.Required(reference, "name", $"{path}.{kind}", errors);
                if (Rule.Required(reference, "key", $"{path}.{kind}", errors))
                    Rule.Report(Names.ConfigMapKey(reference.Text("key")), $"{path}.{kind}.key", reference.Text("key"), errors);
            }
        if (source.Has("fileKeyRef")) sources++;
        if (sources == 0) errors.Invalid(path, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`");
        else if (value.Length > 0) errors.Invalid(path, "", "may not be specified when `value` is not empty");
        else if (sources > 1) errors.Invalid(path, "", "may not have more than one field specified at a time");
    }

    private static void Mounts(JsonObject container, HashSet<string> volumes, string path, FieldErrors errors)
    {
        var points = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (mount, at) in container.Items("volumeMounts", path))
        {
            var (name, point) = (mount.Text("name"), mount.Text("mountPath"));
            if (name.Length == 0) errors.Required($"{at}.name");
            else if (!volumes.Contains(name)) Rule.NotFound($"{at}.name", name, errors);
            if (point.Length == 0) errors.Required($"{at}.mountPath");
            else if (!points.Add(point)) errors.Invalid($"{at}.mountPath", point, "must be unique");
            if (mount.Text("subPath") is { Length: > 0 } sub) VolumeValidation.LocalPath(sub, $"{at}.subPath", errors);
            if (mount.Text("subPathExpr") is { Length: > 0 } expr)
            {
                if (mount.Text("subPath").Length > 0) errors.Invalid($"{at}.subPathExpr", expr, "subPathExpr and subPath are mutually exclusive");
                VolumeValidation.LocalPath(expr, $"{at}.subPathExpr", errors);
            }
            Rule.OneOfIfSet(mount, "mountPropagation", at, errors, "Bidirectional", "HostToContainer", "None");
        }
        foreach (var (device, at) in container.Items("volumeDevices", path))
        {
            var name = device.Text("name");
            if (name.Length == 0) errors.Required($"{at}.name");
            else if (!volumes.Contains(name)) Rule.NotFound($"{at}.name", name, errors);
            Rule.Required(device, "devicePath", at, errors);
        }
    }

    private static void Handlers(JsonObject container, string path, FieldErrors errors)
    {
        foreach (var hook in (ReadOnlySpan<string>)["postStart", "preStop"])
            if (container.Object("lifecycle").Object(hook) is { } handler) Handler(handler, $"{path}.lifecycle.{hook}", errors, "exec", "httpGet", "tcpSocket", "sleep");
        foreach (var name in (ReadOnlySpan<string>)["livenessProbe", "readinessProbe", "startupProbe"])
        {
            if (container.Object(name) is not { } probe) continue;
            var at = $"{path}.{name}";
            Handler(probe, at, errors, "exec", "httpGet", "tcpSocket", "grpc");
            Rule.NonNegative(probe, at, errors, "initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold");
            if (probe.Number("terminationGracePeriodSeconds") is <= 0 and var grace)
                errors.Invalid($"{at}.terminationGracePeriodSeconds", grace, "must be greater than 0");
            if (name == "readinessProbe")
            {
                if (probe.Has("terminationGracePeriodSeconds"))
                    errors.Invalid($"{at}.terminationGracePeriodSeconds", probe["terminationGracePeriodSeconds"], "must not be set for readinessProbes");
            }
            else if (probe.Number("successThreshold") is { } threshold and not 1) errors.Invalid($"{at}.successThreshold", threshold, "must be 1");
        }
    }

    private static void Handler(JsonObject handler, string path, FieldErrors errors, params ReadOnlySpan<string> kinds)
    {
        var seen = 0;
        foreach (var kind in kinds)
        {
            if (handler.Object(kind) is not { } action) continue;
            var at = $"{path}.{kind}";
            if (++seen > 1)
            {
                errors.Forbidden(at, "may not specify more than 1 handler type");
                continue;
            }
            switch (kind)
            {
                case "exec":
                    if (action.Array("command") is not { Count: > 0 }) errors.Required($"{at}.command");
                    break;
                case "httpGet":
                    Rule.Required(action, "path", at, errors);
                    Rule.PortOrName(action["port"], $"{at}.port", errors);
                    Rule.OneOf(action, "scheme", at, errors, "HTTP", "HTTPS");
                    foreach (var (header, where) in action.Items("httpHeaders", at)) Rule.Required(header, "name", where, errors);
                    break;
                case "tcpSocket":
                    Rule.PortOrName(action["port"], $"{at}.port", errors);
                    break;
                case "grpc":
                    Rule.Port(action.Number("port"), $"{at}.port", errors);
                    break;
            }
        }
        if (seen == 0) errors.Required(path, "must specify a handler type");
    }

    private static void SecurityContext(JsonObject? context, string path, FieldErrors errors)
    {
        if (context is null) return;
        Rule.Range(context.Number("runAsUser"), 0, int.MaxValue, $"{path}.runAsUser", errors);
        Rule.Range(context.Number("runAsGroup"), 0, int.MaxValue, $"{path}.runAsGroup", errors);
        Rule.OneOfIfSet(context, "procMount", path, errors, "Default", "Unmasked");
        Seccomp(context.Object("seccompProfile"), $"{path}.seccompProfile", errors);
        if (!context.Has("allowPrivilegeEscalation") || context.Flag("allowPrivilegeEscalation")) return;
        if (context.Flag("privileged")) errors.Invalid(path, context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
        if (context.Object("capabilities").Texts("add").Any(c => c is "CAP_SYS_ADMIN" or "SYS_ADMIN"))
            errors.Invalid(path, context, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
    }

    internal static void Seccomp(JsonObject? profile, string path, FieldErrors errors)
    {
        if (profile is null) return;
        var (type, local) = (profile.Text("type"), profile.Text("localhostProfile"));
        if (type is not ("Localhost" or "RuntimeDefault" or "Unconfined"))
            errors.NotSupported($"{path}.type", type, ["Localhost", "RuntimeDefault", "Unconfined"]);
        else if (type == "Localhost" && local.Length == 0) errors.Required($"{path}.localhostProfile", "must be set when seccomp type is Localhost");
        else if (type != "Localhost" && profile.Has("localhostProfile")) errors.Invalid($"{path}.localhostProfile", profile, "can only be set when seccomp type is Localhost");
    }
}
