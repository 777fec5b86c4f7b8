using System.Text.Json.Nodes;
using KubeFlex.Machinery.CustomResources;

namespace KubeFlex.Machinery.Tables.Printers;

/// <summary>coordination, node, resource, certificates.k8s.io bundles and what else is small.</summary>
internal static class OtherPrinters
{
    public static JsonArray Lease(JsonObject o, DateTimeOffset now) => CellWriter.Row(o.Name(), o.Obj("spec").Str("holderIdentity"), o.Age(now));

    public static JsonArray LeaseCandidate(JsonObject o, DateTimeOffset now) =>
        CellWriter.Row(o.Name(), o.Obj("spec").Str("leaseName"), o.Obj("spec").Str("binaryVersion"), o.Obj("spec").Str("emulationVersion"), o.Age(now));

    public static JsonArray RuntimeClass(JsonObject o, DateTimeOffset now) => CellWriter.Row(o.Name(), o.Str("handler"), o.Age(now));

    public static JsonArray ClusterTrustBundle(JsonObject o, DateTimeOffset now) => CellWriter.Row(o.Name(), o.Obj("spec").Str("signerName").Or(CellWriter.None));

    public static JsonArray ResourceClaim(JsonObject o, DateTimeOffset now)
    {
        var status = o.Obj("status");
        List<string> states = [];
        if (o.Deleting()) states.Add("deleted");
        if (status.Obj("allocation") is null) states.Add("pending");
        else
        {
            states.Add("allocated");
            if (status.Count("reservedFor") > 0) states.Add("reserved");
        }
        return CellWriter.Row(o.Name(), string.Join(',', states), o.Age(now));
    }

    public static JsonArray ResourceSlice(JsonObject o, DateTimeOffset now)
    {
        var spec = o.Obj("spec");
        var node = spec.Str("nodeName") is { Length: > 0 } name ? name : spec.Bool("allNodes") ? "<all nodes>" : spec.Obj("nodeSelector") is not null ? "<some nodes>" : CellWriter.None;
        return CellWriter.Row(o.Name(), node, spec.Str("driver"), spec.Obj("pool").Str("name"), o.Age(now));
    }

    public static JsonArray Scale(JsonObject o, DateTimeOffset now) => CellWriter.Row(o.Name(), o.Obj("spec").Number("replicas"), o.Obj("status").Number("replicas"), o.Age(now));

    public static JsonArray StorageVersion(JsonObject o, DateTimeOffset now) => CellWriter.Row(o.Name(), o.Obj("status").Str("commonEncodingVersion").Or(CellWriter.Unset),
        string.Join(',', o.Obj("status").Items("storageVersions").Select(v => $"{v.Str("apiServerID")}={v.Str("encodingVersion")}")).Or(CellWriter.Unset), o.Age(now));
}
