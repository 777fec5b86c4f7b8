using System.Text.Json.Nodes;
using KubeFlex.Machinery.CustomResources;

namespace KubeFlex.Machinery.Tables.Printers;

/// <summary>networking.k8s.io and discovery.k8s.io.</summary>
internal static class NetworkPrinters
{
    public static JsonArray Ingress(JsonObject o, DateTimeOffset now)
    {
        var spec = o.Obj("spec");
        var hosts = CellWriter.Few(spec.Items("rules").Select(r => r.Str("host")).Where(h => h.Length > 0), "*");
        return CellWriter.Row(o.Name(), spec.Str("ingressClassName").Or(CellWriter.None), hosts, LoadBalancer(o.Obj("status").Obj("loadBalancer")),
            spec.Count("tls") > 0 ? "80, 443" : "80", o.Age(now));
    }

    public static JsonArray IngressClass(JsonObject o, DateTimeOffset now)
    {
        var parameters = CellWriter.None;
        if (o.Obj("spec").Obj("parameters") is { } p)
            parameters = (p.Str("apiGroup") is { Length: > 0 } group ? $"{p.Str("kind")}.{group}" : p.Str("kind")) + "/" + p.Str("name");
        return CellWriter.Row(o.Name(), o.Obj("spec").Str("controller"), parameters, o.Age(now));
    }

    public static JsonArray NetworkPolicy(JsonObject o, DateTimeOffset now) => CellWriter.Row(o.Name(), SelectorFormat.Format(o.Obj("spec").Obj("podSelector")), o.Age(now));

    public static JsonArray EndpointSlice(JsonObject o, DateTimeOffset now) => CellWriter.Row(o.Name(), o.Str("addressType"),
        CellWriter.Few(o.Items("ports").Select(p => p.Long("port")?.ToString() ?? "*"), CellWriter.Unset),
        CellWriter.Few(o.Items("endpoints").SelectMany(e => e.Strings("addresses")), CellWriter.Unset), o.Age(now));

    public static JsonArray ServiceCidr(JsonObject o, DateTimeOffset now) => CellWriter.Row(o.Name(), string.Join(',', o.Obj("spec").Strings("cidrs")), o.Age(now));

    public static JsonArray IpAddress(JsonObject o, DateTimeOffset now)
    {
        var parent = o.Obj("spec").Obj("parentRef");
        var resource = parent.Str("group") is { Length: > 0 } group ? $"{parent.Str("resource")}.{group}" : parent.Str("resource");
        return CellWriter.Row(o.Name(), parent is null ? CellWriter.None : string.Join('/', new[] { resource, parent.Str("namespace"), parent.Str("name") }.Where(s => s.Length > 0)));
    }

    /// <summary>Addresses of a load balancer, sorted, each once.</summary>
    public static string LoadBalancer(JsonObject? status) =>
        string.Join(',', status.Items("ingress").Select(i => i.Str("ip").Or(i.Str("hostname"))).Where(s => s.Length > 0).Distinct().Order(StringComparer.Ordinal));
}
