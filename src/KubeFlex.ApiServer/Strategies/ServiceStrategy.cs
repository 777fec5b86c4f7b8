using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Registry;
using KubeFlex.Machinery.Errors;
using KubeFlex.Storage;

namespace KubeFlex.ApiServer.Strategies;

/// <summary>
/// Cluster addresses and node ports. An address is taken by creating its <c>IPAddress</c> object, a port by a key of its own, both in the
/// very transaction that writes the service: nobody can take the same twice, and nothing leaks.
/// </summary>
internal sealed class ServiceStrategy : Strategy
{
    private const uint Network = 10u << 24 | 96u << 16;
    private const int Bits = 12;
    private const int FirstPort = 30000, LastPort = 32767;

    public override bool Allocates => true;

    public override ApiError? BeforeCreate(Change change)
    {
        var spec = change.Object.Child("spec");
        if (spec is null) return null;
        if (!change.Object.Has("status")) change.Object["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };
        return Addresses(change, spec, null) ?? Ports(change, spec, null);
    }

    public override ApiError? BeforeUpdate(Change change)
    {
        var (spec, old) = (change.Object.Child("spec"), change.Old.Child("spec"));
        if (spec is null || old is null || change.Subresource.Length > 0) return null;
        if (NeedsAddress(spec) && NeedsAddress(old))
            foreach (var kept in new[] { "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy" })
                if (!spec.Has(kept) || kept == "clusterIP" && spec.Text(kept).Length == 0) ObjectRules.Take(spec, old, kept);
        if (NeedsPorts(spec)) KeepPorts(spec, old);
        return Addresses(change, spec, old) ?? Ports(change, spec, old);
    }

    public override ApiError? BeforeDelete(Change change)
    {
        var spec = change.Object.Child("spec");
        foreach (var ip in spec.List("clusterIPs").Strings().Where(IsAddress)) change.Operations.Add(new DeleteOperation(AddressKey(change, ip)));
        foreach (var port in PortsOf(spec).Distinct()) change.Operations.Add(new DeleteOperation(PortKey(port)));
        return null;
    }

    private static bool NeedsAddress(JsonObject spec) => spec.Text("type") is not "ExternalName" && spec.Text("clusterIP") != "None";

    private static bool NeedsPorts(JsonObject spec) => spec.Text("type") is "NodePort" || spec.Text("type") is "LoadBalancer" && spec.Flag("allocateLoadBalancerNodePorts") != false;

    private static ApiError? Addresses(Change change, JsonObject spec, JsonObject? old)
    {
        var had = old.List("clusterIPs").Strings().Where(IsAddress).ToList();
        if (spec.Text("type") == "ExternalName")
        {
            foreach (var ip in had) change.Operations.Add(new DeleteOperation(AddressKey(change, ip)));
            if (old is not null && old.Text("type") != "ExternalName")
                foreach (var name in new[] { "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy" }) spec.Remove(name);
            return null;
        }
        if (spec.List("ipFamilies") is not { Count: > 0 }) spec["ipFamilies"] = new JsonArray("IPv4");
        if (!spec.Has("ipFamilyPolicy")) spec["ipFamilyPolicy"] = "SingleStack";
        var asked = spec.Text("clusterIP");
        if (asked == "None") { spec["clusterIPs"] = new JsonArray("None"); return null; }
        if (asked.Length > 0 && had.Contains(asked)) return null;

        string? taken = null;
        if (asked.Length > 0)
        {
            if (!IPAddress.TryParse(asked, out _)) return null; // validation tells
            if (!InRange(asked)) return Invalid(change, "spec.clusterIPs", new JsonArray(asked), $"failed to allocate IP {asked}: the provided network does not match the current range");
            if (change.View.Get(AddressKey(change, asked)) is not null) return Invalid(change, "spec.clusterIPs", new JsonArray(asked), $"failed to allocate IP {asked}: provided IP is already allocated");
            taken = asked;
        }
        else
        {
            for (var i = 0; i < 4096 && taken is null; i++)
            {
                // Upstream keeps the lower part of the range for addresses asked for by name.
                var candidate = Format(Network + 256 + (uint)Random.Shared.Next((1 << (32 - Bits)) - 258));
                if (change.View.Get(AddressKey(change, candidate)) is null) taken = candidate;
            }
            if (taken is null) return ApiError.Internal("failed to allocate a serviceIP: range is full");
        }
        spec["clusterIP"] = taken;
        spec["clusterIPs"] = new JsonArray(taken);
        var key = AddressKey(change, taken);
        change.Compares.Add(new Compare(key, CompareTarget.CreateRevision, CompareRelation.Equal));
        var (value, at) = ObjectBytes.Encode(Address(change, taken));
        change.Operations.Add(new PutOperation(key, value, 0, at));
        return null;
    }

    private static ApiError? Ports(Change change, JsonObject spec, JsonObject? old)
    {
        var had = PortsOf(old).ToHashSet();
        var kept = new HashSet<long>();
        if (NeedsPorts(spec) || spec.Text("type") is "LoadBalancer")
        {
            var index = -1;
            foreach (var port in spec.List("ports").Objects())
            {
                index++;
                var number = port.Number("nodePort") ?? 0;
                if (number > 0)
                {
                    if (number is < FirstPort or > LastPort) return Invalid(change, $"spec.ports[{index}].nodePort", number, $"provided port is not in the valid range. The range of valid ports is {FirstPort}-{LastPort}");
                    if (had.Contains(number) || kept.Contains(number)) { kept.Add(number); continue; }
                    if (change.View.Get(PortKey(number)) is not null) return Invalid(change, $"spec.ports[{index}].nodePort", number, "provided port is already allocated");
                }
                else if (NeedsPorts(spec))
                {
                    for (var i = 0; i < 4096 && number == 0; i++)
                    {
                        var candidate = Random.Shared.Next(FirstPort + 86, LastPort + 1);
                        if (!kept.Contains(candidate) && !had.Contains(candidate) && change.View.Get(PortKey(candidate)) is null) number = candidate;
                    }
                    if (number == 0) return ApiError.Internal("failed to allocate a nodePort: range is full");
                    port["nodePort"] = number;
                }
                else continue;
                kept.Add(number);
                change.Compares.Add(new Compare(PortKey(number), CompareTarget.CreateRevision, CompareRelation.Equal));
                change.Operations.Add(new PutOperation(PortKey(number), Encoding.UTF8.GetBytes($"{change.Namespace}/{change.Name}")));
            }
        }
        else if (old is not null && NeedsPorts(old))
        {
            foreach (var port in spec.List("ports").Objects()) if (had.Contains(port.Number("nodePort") ?? 0)) port.Remove("nodePort");
        }
        foreach (var port in had.Where(p => !kept.Contains(p))) change.Operations.Add(new DeleteOperation(PortKey(port)));
        return null;
    }

    // An update that does not name a node port keeps the one its port had.
    private static void KeepPorts(JsonObject spec, JsonObject old)
    {
        var used = PortsOf(spec).ToHashSet();
        foreach (var port in spec.List("ports").Objects().Where(p => p.Number("nodePort") is null or 0))
        {
            var before = old.List("ports").Objects().FirstOrDefault(o => o.Number("port") == port.Number("port") && Protocol(o) == Protocol(port));
            if (before.Number("nodePort") is { } number and > 0 && used.Add(number)) port["nodePort"] = number;
        }
        static string Protocol(JsonObject p) => p.Text("protocol") is { Length: > 0 } x ? x : "TCP";
    }

    private static IEnumerable<long> PortsOf(JsonObject? spec) => spec.List("ports").Objects().Select(p => p.Number("nodePort") ?? 0).Where(p => p > 0);

    private static byte[] PortKey(long port) => Encoding.UTF8.GetBytes($"/kubeflex/nodeports/{port.ToString(CultureInfo.InvariantCulture)}");

    private static byte[] AddressKey(Change change, string ip) => change.Plane.BuiltIn("networking.k8s.io", "v1", "ipaddresses").Key("", ip);

    private static bool IsAddress(string text) => IPAddress.TryParse(text, out _);

    private static bool InRange(string text)
    {
        Span<byte> bytes = stackalloc byte[4];
        return IPAddress.TryParse(text, out var ip) && ip.TryWriteBytes(bytes, out var n) && n == 4
            && (System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes) & (~0u << (32 - Bits))) == Network;
    }

    private static string Format(uint ip) => $"{ip >> 24}.{ip >> 16 & 255}.{ip >> 8 & 255}.{ip & 255}";

    private static JsonObject Address(Change change, string ip) => new()
    {
        ["kind"] = "IPAddress",
        ["apiVersion"] = "networking.k8s.io/v1",
        ["metadata"] = new JsonObject
        {
            ["name"] = ip,
            ["uid"] = Guid.NewGuid().ToString(),
            ["creationTimestamp"] = Meta.Time(change.Plane.Now),
            ["labels"] = new JsonObject { ["ipaddress.kubernetes.io/ip-family"] = "IPv4", ["ipaddress.kubernetes.io/managed-by"] = "ipallocator.k8s.io" },
        },
        ["spec"] = new JsonObject
        {
            ["parentRef"] = new JsonObject { ["group"] = "", ["resource"] = "services", ["namespace"] = change.Namespace, ["name"] = change.Name },
        },
    };

    private static ApiError Invalid(Change change, string field, object value, string why)
    {
        var errors = new FieldErrors();
        errors.Invalid(field, value, why);
        return ApiError.Invalid(change.Entry.Info.Kind.GroupKind, change.Name, errors);
    }
}
