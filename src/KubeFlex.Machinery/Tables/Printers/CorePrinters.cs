using System.Text.Json.Nodes;
using KubeFlex.Machinery.CustomResources;

namespace KubeFlex.Machinery.Tables.Printers;

/// <summary>The core group, without pods and volumes.</summary>
internal static class CorePrinters
{
    private const string RoleLabel = "node-role.kubernetes.io/";

    public static JsonArray ConfigMap(JsonObject o, DateTimeOffset now) => CellWriter.Row(o.Name(), o.Count("data") + o.Count("binaryData"), o.Age(now));

    public static JsonArray Secret(JsonObject o, DateTimeOffset now) => CellWriter.Row(o.Name(), o.Str("type"), o.Count("data"), o.Age(now));

    public static JsonArray NameAndAge(JsonObject o, DateTimeOffset now) => CellWriter.Row(o.Name(), o.Age(now));

    public static JsonArray Namespace(JsonObject o, DateTimeOffset now) => CellWriter.Row(o.Name(), o.Obj("status").Str("phase"), o.Age(now));

    public static JsonArray Service(JsonObject o, DateTimeOffset now)
    {
        var spec = o.Obj("spec");
        var ports = string.Join(',', spec.Items("ports").Select(p => p.Number("nodePort") > 0
            ? $"{p.Number("port")}:{p.Number("nodePort")}/{p.Str("protocol").Or("TCP")}" : $"{p.Number("port")}/{p.Str("protocol").Or("TCP")}"));
        var ip = spec.Strings("clusterIPs").FirstOrDefault() ?? spec.Str("clusterIP");
        return CellWriter.Row(o.Name(), spec.Str("type"), ip.Or(CellWriter.None), ExternalIp(o, spec), ports.Or(CellWriter.None), o.Age(now), SelectorFormat.Labels(spec.Obj("selector")));
    }

    public static JsonArray Endpoints(JsonObject o, DateTimeOffset now)
    {
        var all = o.Items("subsets").SelectMany(s => s.Count("ports") == 0
            ? s.Items("addresses").Select(a => a.Str("ip"))
            : s.Items("ports").SelectMany(p => s.Items("addresses").Select(a => HostPort(a.Str("ip"), p.Number("port")))));
        return CellWriter.Row(o.Name(), CellWriter.Few(all, CellWriter.None), o.Age(now));
    }

    public static JsonArray Node(JsonObject o, DateTimeOffset now)
    {
        var (spec, status) = (o.Obj("spec"), o.Obj("status"));
        var info = status.Obj("nodeInfo");
        var state = status.Condition("Ready") is { } ready ? ready.Str("status") == "True" ? "Ready" : "NotReady" : "Unknown";
        if (spec.Bool("unschedulable")) state += ",SchedulingDisabled";
        var roles = (o.Obj("metadata").Obj("labels") ?? []).Select(l => l.Key.StartsWith(RoleLabel, StringComparison.Ordinal) ? l.Key[RoleLabel.Length..]
            : l.Key == "kubernetes.io/role" ? l.Value.AsString() ?? "" : "").Where(r => r.Length > 0).Distinct().Order(StringComparer.Ordinal);
        return CellWriter.Row(o.Name(), state, string.Join(',', roles).Or(CellWriter.None), o.Age(now), info.Str("kubeletVersion"), Address("InternalIP"), Address("ExternalIP"),
            info.Str("osImage").Or("<unknown>"), info.Str("kernelVersion").Or("<unknown>"), info.Str("containerRuntimeVersion").Or("<unknown>"));

        string Address(string type) => status.Items("addresses").FirstOrDefault(a => a.Str("type") == type).Str("address").Or(CellWriter.None);
    }

    // Both kinds of Event: core/v1 and events.k8s.io/v1 name the same facts differently.
    public static JsonArray Event(JsonObject o, DateTimeOffset now)
    {
        var first = HumanDuration.Since(o.Get("firstTimestamp") ?? o.Get("deprecatedFirstTimestamp") ?? o.Get("eventTime"), now);
        var last = (o.Get("lastTimestamp") ?? o.Get("deprecatedLastTimestamp")).AsString() is { Length: > 0 } t ? HumanDuration.Since(t, now) : first;
        var count = o.Long("count") ?? o.Long("deprecatedCount") ?? 0;
        if (o.Obj("series") is { } series) (last, count) = (HumanDuration.Since(series.Get("lastObservedTime"), now), series.Number("count"));
        else if (count == 0) count = 1;
        var about = o.Obj("involvedObject") ?? o.Obj("regarding");
        var kind = about.Str("kind").ToLowerInvariant();
        var source = o.Obj("source") ?? o.Obj("deprecatedSource");
        var component = source.Str("component").Or((o.Str("reportingComponent")).Or(o.Str("reportingController")));
        var host = source.Str("host").Or(o.Str("reportingInstance"));
        return CellWriter.Row(last, o.Str("type"), o.Str("reason"), about.Str("name") is { Length: > 0 } n ? $"{kind}/{n}" : kind, about.Str("fieldPath"),
            host.Length == 0 ? component : $"{component}, {host}", o.Str("message").Or(o.Str("note")).Trim(), first, count, o.Name());
    }

    public static JsonArray ReplicationController(JsonObject o, DateTimeOffset now)
    {
        var (spec, status) = (o.Obj("spec"), o.Obj("status"));
        var pods = spec.Obj("template").Obj("spec");
        return CellWriter.Row(o.Name(), spec.Number("replicas"), status.Number("replicas"), status.Number("readyReplicas"), o.Age(now),
            CellWriter.Containers(pods), CellWriter.Images(pods), SelectorFormat.Labels(spec.Obj("selector")));
    }

    public static JsonArray ResourceQuota(JsonObject o, DateTimeOffset now)
    {
        var (hard, used) = (o.Obj("status").Obj("hard") ?? [], o.Obj("status").Obj("used"));
        var lines = hard.OrderBy(p => p.Key, StringComparer.Ordinal)
            .ToLookup(p => p.Key.StartsWith("limits", StringComparison.Ordinal), p => $"{p.Key}: {Quantities.Canonical(used.Get(p.Key).Text().Or("0"))}/{Quantities.Canonical(p.Value.Text())}");
        return CellWriter.Row(o.Name(), string.Join(", ", lines[false]), string.Join(", ", lines[true]), o.Age(now));
    }

    public static JsonArray ComponentStatus(JsonObject o, DateTimeOffset now)
    {
        var healthy = o.Items("conditions").FirstOrDefault(c => c.Str("type") == "Healthy");
        var state = healthy.Str("status") switch { "True" => "Healthy", "False" => "Unhealthy", _ => "Unknown" };
        return CellWriter.Row(o.Name(), state, healthy.Str("message"), healthy.Str("error"));
    }

    private static string HostPort(string ip, long port) => ip.Contains(':', StringComparison.Ordinal) ? $"[{ip}]:{port}" : $"{ip}:{port}";

    private static string ExternalIp(JsonObject o, JsonObject? spec)
    {
        var external = spec.Strings("externalIPs").ToList();
        switch (spec.Str("type"))
        {
            case "ExternalName":
                return spec.Str("externalName");
            case "LoadBalancer":
                var ips = NetworkPrinters.LoadBalancer(o.Obj("status").Obj("loadBalancer"));
                var all = (ips.Length > 0 ? new[] { ips } : []).Concat(external).ToList();
                return all.Count > 0 ? string.Join(',', all) : "<pending>";
            case "ClusterIP" or "NodePort":
                return string.Join(',', external).Or(CellWriter.None);
            default:
                return "<unknown>";
        }
    }
}
