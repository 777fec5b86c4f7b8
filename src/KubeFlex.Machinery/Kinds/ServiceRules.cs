using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.Kinds;

/// <summary>Services. Cluster IPs and node ports are allocated by the API server, which has the store; here is what needs no other object.</summary>
internal sealed class ServiceRules : SpecStatusRules
{
    public override bool AllowCreateOnUpdate => true;

    private static readonly string[] Types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];

    public ServiceRules() : base("""{"loadBalancer":{}}""") { }

    public override bool HasGeneration => false;

    public override Func<string, IReadOnlyList<string>> NameRule => Names.Dns1035Label;

    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec").Default("sessionAffinity", "None").Default("type", "ClusterIP");
        var type = spec.Text("type");
        if (spec.Text("sessionAffinity") == "None") spec.Remove("sessionAffinityConfig");
        else if (spec.Text("sessionAffinity") == "ClientIP") spec.Ensure("sessionAffinityConfig").Ensure("clientIP").Default("timeoutSeconds", 10800);
        foreach (var port in spec.Objects("ports"))
        {
            port.Default("protocol", "TCP");
            if (port["targetPort"] is not { } target || target.AsNumber() == 0 || (target.IsText() && target.AsText().Length == 0))
                port["targetPort"] = port["port"]?.DeepClone() ?? 0;
        }
        if (type is "NodePort" or "LoadBalancer") spec.Default("externalTrafficPolicy", "Cluster");
        if (type is "NodePort" or "LoadBalancer" or "ClusterIP") spec.Default("internalTrafficPolicy", "Cluster");
        if (type == "LoadBalancer") spec.Default("allocateLoadBalancerNodePorts", true);
        // The single cluster IP is the first of the list.
        if (spec.Text("clusterIP") is { Length: > 0 } ip && spec.Array("clusterIPs") is not { Count: > 0 }) spec["clusterIPs"] = new JsonArray(ip);
    }

    public override void PrepareForUpdate(JsonObject obj, JsonObject old, string subresource)
    {
        base.PrepareForUpdate(obj, old, subresource);
        if (subresource.Length > 0) return;
        var (now, before) = (obj.Ensure("spec"), old.Object("spec") ?? []);
        if (now.Text("type") == "ExternalName") DropAllocations(now, before);
        else if (before.Text("type") != "ExternalName") KeepAllocations(now, before);
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec") ?? [];
        var (type, headless) = (spec.Text("type"), spec.Text("clusterIP") == "None");
        if (spec.Array("ports") is not { Count: > 0 } && !headless && type != "ExternalName") errors.Required("spec.ports");
        switch (type)
        {
            case "LoadBalancer" or "NodePort" when headless:
                errors.Invalid("spec.clusterIPs[0]", "None", $"may not be set to 'None' for {type} services");
                break;
            case "ExternalName":
                if (spec.Text("clusterIP").Length > 0 && !headless) errors.Forbidden("spec.clusterIP", "may not be set for ExternalName services");
                var target = spec.Text("externalName").TrimEnd('.');
                if (target.Length == 0) errors.Required("spec.externalName");
                else Rule.Report(Names.DnsSubdomain(target), "spec.externalName", target, errors);
                break;
        }
        Ports(spec, errors);
        ObjectMetaRules.Labels(spec.Object("selector"), "spec.selector", errors);
        Rule.OneOf(spec, "sessionAffinity", "spec", errors, "ClientIP", "None");
        if (spec.Object("sessionAffinityConfig").Object("clientIP").Number("timeoutSeconds") is (<= 0 or > 86400) and var timeout)
            errors.Invalid("spec.sessionAffinityConfig.clientIP.timeoutSeconds", timeout, "must be greater than 0 and less than 86400");
        Addresses(spec, errors);
        Rule.OneOf(spec, "type", "spec", errors, Types);
        Rule.OneOfIfSet(spec, "externalTrafficPolicy", "spec", errors, "Cluster", "Local");
        if (spec.Has("externalTrafficPolicy") && type is "ClusterIP" or "ExternalName" && spec.Array("externalIPs") is not { Count: > 0 } && spec.Text("externalTrafficPolicy").Length > 0)
            errors.Invalid("spec.externalTrafficPolicy", spec.Text("externalTrafficPolicy"), "may only be set for externally-accessible services");
        Rule.OneOfIfSet(spec, "internalTrafficPolicy", "spec", errors, "Cluster", "Local");
        Rule.OneOfIfSet(spec, "ipFamilyPolicy", "spec", errors, "PreferDualStack", "RequireDualStack", "SingleStack");
        if (spec.Has("loadBalancerClass") && type != "LoadBalancer") errors.Forbidden("spec.loadBalancerClass", "may only be used when `type` is 'LoadBalancer'");
        if (spec.Has("allocateLoadBalancerNodePorts") && type != "LoadBalancer")
            errors.Forbidden("spec.allocateLoadBalancerNodePorts", "may only be used when `type` is 'LoadBalancer'");
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors)
    {
        if (subresource.Length > 0) return;
        var (now, before) = (obj.Object("spec"), old.Object("spec"));
        if (now.Text("type") == "ExternalName" || before.Text("type") == "ExternalName") return;
        var (a, b) = (now.Texts("clusterIPs").ToList(), before.Texts("clusterIPs").ToList());
        if (b.Count > 0 && b[0].Length > 0 && (a.Count == 0 || a[0] != b[0]))
            errors.Invalid("spec.clusterIPs[0]", now?["clusterIPs"], "may not change once set");
        if (before.Texts("ipFamilies").FirstOrDefault() is { } family && now.Texts("ipFamilies").FirstOrDefault() is { } other && family != other)
            errors.Invalid("spec.ipFamilies[0]", now?["ipFamilies"], "may not change once set");
        if (before.Text("type") == "LoadBalancer" && now.Text("type") == "LoadBalancer" && before.Has("loadBalancerClass"))
            Rule.Unchanged(now, before, "loadBalancerClass", "spec.loadBalancerClass", errors);
    }

    private static void Ports(JsonObject spec, FieldErrors errors)
    {
        var named = (spec.Array("ports")?.Count ?? 0) > 1;
        var names = new HashSet<string>(StringComparer.Ordinal);
        var numbers = new HashSet<(string, long)>();
        foreach (var (port, at) in spec.Items("ports", "spec"))
        {
            var name = port.Text("name");
            if (name.Length > 0)
            {
                Rule.Report(Names.DnsLabel(name), $"{at}.name", name, errors);
                if (!names.Add(name)) errors.Duplicate($"{at}.name", name);
            }
            else if (named) errors.Required($"{at}.name");
            Rule.Port(port.Number("port"), $"{at}.port", errors);
            Rule.OneOf(port, "protocol", at, errors, "SCTP", "TCP", "UDP");
            Rule.PortOrName(port["targetPort"], $"{at}.targetPort", errors);
            if (port.Text("appProtocol") is { Length: > 0 } app) Rule.Report(Names.QualifiedName(app), $"{at}.appProtocol", app, errors);
            if (port.Number("nodePort") is { } nodePort and not 0)
            {
                if (spec.Text("type") is "ClusterIP" or "ExternalName") errors.Forbidden($"{at}.nodePort", $"may not be used when `type` is '{spec.Text("type")}'");
                else Rule.Port(nodePort, $"{at}.nodePort", errors);
            }
            if (port.Number("port") is { } number && !numbers.Add((port.Text("protocol"), number)))
                errors.Duplicate(at, new JsonObject { ["protocol"] = port.Text("protocol"), ["port"] = number });
        }
    }

    private static void Addresses(JsonObject spec, FieldErrors errors)
    {
        var i = 0;
        foreach (var ip in spec.Texts("clusterIPs"))
        {
            if (ip != "None" && !Net.IsAddress(ip)) errors.Invalid($"spec.clusterIPs[{i}]", ip, Net.AddressError);
            i++;
        }
        if (spec.Texts("clusterIPs").FirstOrDefault() is { } first && first != spec.Text("clusterIP"))
            errors.Invalid("spec.clusterIPs", spec["clusterIPs"], "first value must match `clusterIP`");
        i = 0;
        foreach (var ip in spec.Texts("externalIPs"))
        {
            if (!Net.IsAddress(ip)) errors.Invalid($"spec.externalIPs[{i}]", ip, Net.AddressError);
            i++;
        }
        i = 0;
        foreach (var range in spec.Texts("loadBalancerSourceRanges"))
        {
            if (!Net.IsNetwork(range.Trim())) errors.Invalid($"spec.loadBalancerSourceRanges[{i}]", range, Net.NetworkError);
            i++;
        }
        foreach (var family in spec.Texts("ipFamilies"))
            if (family is not ("IPv4" or "IPv6")) errors.NotSupported("spec.ipFamilies", family, ["IPv4", "IPv6"]);
    }

    // A writer that does not know what was allocated (kubectl replace) keeps it; one that changes one of two names of a field means both.
    private static void KeepAllocations(JsonObject now, JsonObject before)
    {
        var (ip, old) = (now.Text("clusterIP"), before.Text("clusterIP"));
        if (ip.Length == 0 && now.Array("clusterIPs") is not { Count: > 0 })
        {
            now.CopyFrom(before, "clusterIP");
            now.CopyFrom(before, "clusterIPs");
        }
        else if (ip.Length > 0 && ip != old && JsonAccess.Same(now["clusterIPs"], before["clusterIPs"])) now["clusterIPs"] = new JsonArray(ip);
        if (!now.Has("ipFamilyPolicy")) now.CopyFrom(before, "ipFamilyPolicy");
        if (now.Array("ipFamilies") is not { Count: > 0 }) now.CopyFrom(before, "ipFamilies");
        var needsPorts = now.Text("type") is "NodePort" or "LoadBalancer";
        if (!needsPorts || before.Text("type") is not ("NodePort" or "LoadBalancer"))
        {
            if (needsPorts || before.Text("type") is not ("NodePort" or "LoadBalancer")) return;
            // No longer reachable from outside: ports that are merely carried along go.
            foreach (var port in now.Objects("ports"))
                if (before.Objects("ports").Any(p => p.Number("nodePort") == port.Number("nodePort"))) port.Remove("nodePort");
            if (JsonAccess.Same(now["externalTrafficPolicy"], before["externalTrafficPolicy"])) now.Remove("externalTrafficPolicy");
            if (JsonAccess.Same(now["allocateLoadBalancerNodePorts"], before["allocateLoadBalancerNodePorts"])) now.Remove("allocateLoadBalancerNodePorts");
            return;
        }
        foreach (var port in now.Objects("ports").Where(p => (p.Number("nodePort") ?? 0) == 0))
            if (before.Objects("ports").FirstOrDefault(p => p.Number("port") == port.Number("port") && p.Text("protocol") == port.Text("protocol")) is { } same)
                port.CopyFrom(same, "nodePort");
        if (now.Text("type") != "LoadBalancer" && JsonAccess.Same(now["allocateLoadBalancerNodePorts"], before["allocateLoadBalancerNodePorts"]))
            now.Remove("allocateLoadBalancerNodePorts");
    }

    private static void DropAllocations(JsonObject now, JsonObject before)
    {
        foreach (var name in (ReadOnlySpan<string>)["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy", "externalTrafficPolicy"])
            if (JsonAccess.Same(now[name], before[name])) now.Remove(name);
        foreach (var port in now.Objects("ports")) port.Remove("nodePort");
    }
}

/// <summary>Endpoints.</summary>
internal sealed class EndpointsRules : KindRules
{
    public override bool AllowCreateOnUpdate => true;

    public override void Default(JsonObject obj)
    {
        foreach (var subset in obj.Objects("subsets"))
            foreach (var port in subset.Objects("ports")) port.Default("protocol", "TCP");
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        foreach (var (subset, at) in obj.Items("subsets", "").Select(s => (s.Item, s.Path.TrimStart('.'))))
        {
            if (subset.Array("addresses") is not { Count: > 0 } && subset.Array("notReadyAddresses") is not { Count: > 0 })
                errors.Required(at, "must specify `addresses` or `notReadyAddresses`");
            foreach (var list in (ReadOnlySpan<string>)["addresses", "notReadyAddresses"])
                foreach (var (address, where) in subset.Items(list, at))
                {
                    if (!Net.IsAddress(address.Text("ip"))) errors.Invalid($"{where}.ip", address.Text("ip"), Net.AddressError);
                    if (address.Text("hostname") is { Length: > 0 } host) Rule.Report(Names.DnsLabel(host), $"{where}.hostname", host, errors);
                }
            var named = (subset.Array("ports")?.Count ?? 0) > 1;
            foreach (var (port, where) in subset.Items("ports", at))
            {
                if (port.Text("name") is { Length: > 0 } name) Rule.Report(Names.DnsLabel(name), $"{where}.name", name, errors);
                else if (named) errors.Required($"{where}.name");
                Rule.Port(port.Number("port"), $"{where}.port", errors);
                Rule.OneOf(port, "protocol", where, errors, "SCTP", "TCP", "UDP");
            }
        }
    }
}

/// <summary>EndpointSlices.</summary>
internal sealed class EndpointSliceRules : KindRules
{
    public override bool HasGeneration => true;

    public override void Default(JsonObject obj)
    {
        foreach (var port in obj.Objects("ports"))
        {
            if (!port.Has("name")) port["name"] = "";
            port.Default("protocol", "TCP");
        }
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var type = obj.Text("addressType");
        if (type.Length == 0) errors.Required("addressType");
        else if (type is not ("IPv4" or "IPv6" or "FQDN")) errors.NotSupported("addressType", type, ["FQDN", "IPv4", "IPv6"]);
        if (obj.Array("endpoints") is { Count: > 1000 and var many }) errors.TooMany("endpoints", many, 1000);
        var i = 0;
        foreach (var endpoint in obj.Objects("endpoints"))
        {
            var at = $"endpoints[{i++}]";
            if (endpoint.Array("addresses") is not { Count: > 0 }) errors.Required($"{at}.addresses", "must contain at least 1 address");
            var j = 0;
            foreach (var address in endpoint.Texts("addresses"))
            {
                var where = $"{at}.addresses[{j++}]";
                if (type == "FQDN") Rule.Report(Names.FullyQualified(address), where, address, errors);
                else if (!Net.IsAddress(address)) errors.Invalid(where, address, Net.AddressError);
                else if (type == "IPv4" && Net.IsIPv6(address)) errors.Invalid(where, address, "must be an IPv4 address");
                else if (type == "IPv6" && !Net.IsIPv6(address)) errors.Invalid(where, address, "must be an IPv6 address");
            }
            if (endpoint.Text("hostname") is { Length: > 0 } host) Rule.Report(Names.DnsLabel(host), $"{at}.hostname", host, errors);
        }
        var names = new HashSet<string>(StringComparer.Ordinal);
        i = 0;
        foreach (var port in obj.Objects("ports"))
        {
            var at = $"ports[{i++}]";
            var name = port.Text("name");
            if (name.Length > 0) Rule.Report(Names.DnsLabel(name), $"{at}.name", name, errors);
            if (!names.Add(name)) errors.Duplicate($"{at}.name", name);
            Rule.OneOf(port, "protocol", at, errors, "SCTP", "TCP", "UDP");
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors) =>
        Rule.Unchanged(obj, old, "addressType", "addressType", errors);
}
