using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.Kinds;

/// <summary>Ingresses.</summary>
internal sealed class IngressRules() : SpecStatusRules("""{"loadBalancer":{}}""")
{
    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec");
        if (spec.Array("rules") is not { Count: > 0 } && !spec.Has("defaultBackend"))
            errors.Invalid("spec", null, "either `defaultBackend` or `rules` must be specified");
        if (spec.Object("defaultBackend") is { } backend) Backend(backend, "spec.defaultBackend", errors);
        foreach (var (rule, at) in spec.Items("rules", "spec"))
        {
            Host(rule.Text("host"), $"{at}.host", errors);
            if (rule.Object("http") is not { } http) continue;
            if (http.Array("paths") is not { Count: > 0 }) errors.Required($"{at}.http.paths");
            foreach (var (path, where) in http.Items("paths", $"{at}.http")) Path(path, where, errors);
        }
        foreach (var (tls, at) in spec.Items("tls", "spec"))
        {
            var i = 0;
            foreach (var host in tls.Texts("hosts"))
            {
                Rule.Report(host.Contains('*', StringComparison.Ordinal) ? Names.WildcardSubdomain(host) : Names.DnsSubdomain(host), $"{at}.hosts[{i}]", host, errors);
                i++;
            }
            if (tls.Text("secretName") is { Length: > 0 } secret) Rule.Report(Names.DnsSubdomain(secret), $"{at}.secretName", secret, errors);
        }
        if (spec.Has("ingressClassName")) Rule.Report(Names.DnsSubdomain(spec.Text("ingressClassName")), "spec.ingressClassName", spec.Text("ingressClassName"), errors);
        if (obj.Object("metadata").Object("annotations").Has("kubernetes.io/ingress.class") && spec.Has("ingressClassName"))
            errors.Invalid("metadata.annotations[kubernetes.io/ingress.class]", obj.Object("metadata").Object("annotations").Text("kubernetes.io/ingress.class"),
                "can not be set when the class field is also set");
    }

    public override IEnumerable<string> Warnings(JsonObject obj)
    {
        if (obj.Object("metadata").Object("annotations").Has("kubernetes.io/ingress.class"))
            yield return "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead";
    }

    private static void Host(string host, string path, FieldErrors errors)
    {
        if (host.Length == 0) return;
        if (Net.IsAddress(host)) errors.Invalid(path, host, "must be a DNS name, not an IP address");
        Rule.Report(host.Contains('*', StringComparison.Ordinal) ? Names.WildcardSubdomain(host) : Names.DnsSubdomain(host), path, host, errors);
    }

    private static void Path(JsonObject path, string at, FieldErrors errors)
    {
        var (type, value) = (path.Text("pathType"), path.Text("path"));
        switch (type)
        {
            case "":
                errors.Required($"{at}.pathType", "pathType must be specified");
                break;
            case "Exact" or "Prefix":
                if (!value.StartsWith('/')) errors.Invalid($"{at}.path", value, "must be an absolute path");
                foreach (var bad in (ReadOnlySpan<string>)["//", "/./", "/../", "%2f", "%2F"])
                    if (value.Contains(bad, StringComparison.Ordinal)) errors.Invalid($"{at}.path", value, $"must not contain '{bad}'");
                foreach (var bad in (ReadOnlySpan<string>)["/..", "/."])
                    if (value.EndsWith(bad, StringComparison.Ordinal)) errors.Invalid($"{at}.path", value, $"cannot end with '{bad}'");
                break;
            case "ImplementationSpecific":
                if (value.Length > 0 && !value.StartsWith('/')) errors.Invalid($"{at}.path", value, "must be an absolute path");
                break;
            default:
                errors.NotSupported($"{at}.pathType", type, ["Exact", "ImplementationSpecific", "Prefix"]);
                break;
        }
        Backend(path.Object("backend"), $"{at}.backend", errors);
    }

    private static void Backend(JsonObject? backend, string path, FieldErrors errors)
    {
        var (service, resource) = (backend.Object("service"), backend.Object("resource"));
        if (service is not null && resource is not null) errors.Invalid(path, "", "cannot set both resource and service backends");
        else if (service is not null)
        {
            if (service.Text("name").Length == 0) errors.Required($"{path}.service.name");
            else Rule.Report(Names.Dns1035Label(service.Text("name")), $"{path}.service.name", service.Text("name"), errors);
            var port = service.Object("port");
            var (name, number) = (port.Text("name"), port.Number("number") ?? 0);
            if (name.Length > 0 && number != 0) errors.Invalid($"{path}.service.port", "", "cannot set both port name & port number");
            else if (name.Length > 0) Rule.Report(Names.PortName(name), $"{path}.service.port.name", name, errors);
            else if (number != 0) Rule.Port(number, $"{path}.service.port.number", errors);
            else errors.Required(path, "port name or number is required");
        }
        else if (resource is not null)
        {
            Rule.Required(resource, "kind", $"{path}.resource", errors);
            Rule.Required(resource, "name", $"{path}.resource", errors);
        }
        else errors.Required(path, "resource or service backend is required");
    }
}

/// <summary>IngressClasses.</summary>
internal sealed class IngressClassRules : KindRules
{
    public override bool HasGeneration => true;

    public override void Default(JsonObject obj) => obj.Object("spec").Object("parameters")?.Default("scope", "Cluster");

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var controller = obj.Object("spec").Text("controller");
        if (controller.Length == 0) errors.Required("spec.controller");
        else if (controller.Length > 250) errors.TooLong("spec.controller", 250);
        else DomainPath(controller, "spec.controller", errors);
        if (obj.Object("spec").Object("parameters") is not { } parameters) return;
        foreach (var name in (ReadOnlySpan<string>)["kind", "name"]) Rule.Required(parameters, name, "spec.parameters", errors);
        var scope = parameters.Text("scope");
        if (scope is not ("Cluster" or "Namespace")) errors.NotSupported("spec.parameters.scope", scope, ["Cluster", "Namespace"]);
        if (scope == "Namespace" && parameters.Text("namespace").Length == 0) errors.Required("spec.parameters.namespace", "`parameters.scope` is set to 'Namespace'");
        if (scope == "Cluster" && parameters.Has("namespace")) errors.Forbidden("spec.parameters.namespace", "`parameters.scope` is set to 'Cluster'");
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors) =>
        Rule.Unchanged(obj.Object("spec"), old.Object("spec"), "controller", "spec.controller", errors);

    internal static void DomainPath(string value, string path, FieldErrors errors)
    {
        var slash = value.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0 || slash == value.Length - 1) errors.Invalid(path, value, "must be a domain-prefixed path (such as \"acme.io/foo\")");
        else Rule.Report(Names.DnsSubdomain(value[..slash]), path, value[..slash], errors);
    }
}

/// <summary>NetworkPolicies.</summary>
internal sealed class NetworkPolicyRules : KindRules
{
    public override bool HasGeneration => true;

    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec");
        spec.Ensure("podSelector");
        foreach (var rule in spec.Objects("ingress").Concat(spec.Objects("egress")))
            foreach (var port in rule.Objects("ports")) port.Default("protocol", "TCP");
        if (spec.Array("policyTypes") is { Count: > 0 }) return;
        spec["policyTypes"] = spec.Array("egress") is { Count: > 0 } ? new JsonArray("Ingress", "Egress") : new JsonArray("Ingress");
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec") ?? [];
        LabelSelectorValidation.Validate(spec.Object("podSelector"), "spec.podSelector", errors);
        Rules(spec, "ingress", "from", errors);
        Rules(spec, "egress", "to", errors);
        var i = 0;
        foreach (var type in spec.Texts("policyTypes"))
        {
            if (type is not ("Ingress" or "Egress")) errors.NotSupported($"spec.policyTypes[{i}]", type, ["Egress", "Ingress"]);
            i++;
        }
    }

    private static void Rules(JsonObject spec, string list, string peers, FieldErrors errors)
    {
        foreach (var (rule, at) in spec.Items(list, "spec"))
        {
            foreach (var (port, where) in rule.Items("ports", at)) Port(port, where, errors);
            foreach (var (peer, where) in rule.Items(peers, at)) Peer(peer, where, errors);
        }
    }

    private static void Port(JsonObject port, string at, FieldErrors errors)
    {
        Rule.OneOfIfSet(port, "protocol", at, errors, "SCTP", "TCP", "UDP");
        var end = port.Number("endPort");
        if (port["port"] is { } value)
        {
            Rule.PortOrName(value, $"{at}.port", errors);
            if (end is { } last && !value.IsText())
            {
                if (last < value.AsNumber()) errors.Invalid($"{at}.endPort", value.AsNumber(), "must be greater than or equal to `port`");
                Rule.Port(last, $"{at}.endPort", errors);
            }
            else if (end is not null) errors.Invalid($"{at}.endPort", end, "may not be specified when `port` is non-numeric");
        }
        else if (end is not null) errors.Invalid($"{at}.endPort", end, "may not be specified when `port` is not specified");
    }

    private static void Peer(JsonObject peer, string at, FieldErrors errors)
    {
        LabelSelectorValidation.Validate(peer.Object("podSelector"), $"{at}.podSelector", errors);
        LabelSelectorValidation.Validate(peer.Object("namespaceSelector"), $"{at}.namespaceSelector", errors);
        if (peer.Object("ipBlock") is { } block)
        {
            if (Rule.Required(block, "cidr", $"{at}.ipBlock", errors) && !Net.IsNetwork(block.Text("cidr")))
                errors.Invalid($"{at}.ipBlock.cidr", block.Text("cidr"), Net.NetworkError);
            if (peer.Has("podSelector") || peer.Has("namespaceSelector")) errors.Forbidden(at, "may not specify both ipBlock and another peer");
        }
        else if (!peer.Has("podSelector") && !peer.Has("namespaceSelector")) errors.Required(at, "must specify a peer");
    }
}

/// <summary>ServiceCIDRs.</summary>
internal sealed class ServiceCidrRules : SpecStatusRules
{
    public override bool HasGeneration => false;

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var cidrs = obj.Object("spec").Texts("cidrs").ToList();
        if (cidrs.Count == 0) errors.Required("spec.cidrs", "at least one CIDR required");
        if (cidrs.Count > 2) errors.Invalid("spec.cidrs", obj.Object("spec")?["cidrs"], "may only hold up to 2 values");
        for (var i = 0; i < cidrs.Count; i++)
            if (!Net.IsNetwork(cidrs[i])) errors.Invalid($"spec.cidrs[{i}]", cidrs[i], Net.NetworkError);
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors) =>
        Rule.Unchanged(obj.Object("spec"), old.Object("spec"), "cidrs", "spec.cidrs", errors);
}

/// <summary>IPAddresses: named by the address itself.</summary>
internal sealed class IPAddressRules : KindRules
{
    public override Func<string, IReadOnlyList<string>> NameRule => name => Net.IsAddress(name) ? [] : [Net.AddressError];

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        if (obj.Object("spec").Object("parentRef") is not { } parent)
        {
            errors.Required("spec.parentRef");
            return;
        }
        Rule.Required(parent, "resource", "spec.parentRef", errors);
        Rule.Required(parent, "name", "spec.parentRef", errors);
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors) =>
        Rule.Unchanged(obj.Object("spec"), old.Object("spec"), "parentRef", "spec.parentRef", errors);
}
