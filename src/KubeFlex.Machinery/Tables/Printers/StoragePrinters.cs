using System.Text.Json.Nodes;
using KubeFlex.Machinery.CustomResources;

namespace KubeFlex.Machinery.Tables.Printers;

/// <summary>Volumes and storage.k8s.io.</summary>
internal static class StoragePrinters
{
    private const string ClassAnnotation = "volume.beta.kubernetes.io/storage-class";
    private static readonly (string Mode, string Short)[] Modes = [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];

    public static JsonArray PersistentVolume(JsonObject o, DateTimeOffset now)
    {
        var (spec, status) = (o.Obj("spec"), o.Obj("status"));
        var claim = spec.Obj("claimRef") is { } c ? $"{c.Str("namespace")}/{c.Str("name")}" : "";
        return CellWriter.Row(o.Name(), spec.Obj("capacity").Get("storage").Text().Or("0"), AccessModes(spec), spec.Str("persistentVolumeReclaimPolicy"), Phase(o), claim, Class(o),
            spec.Str("volumeAttributesClassName").Or(CellWriter.Unset), status.Str("reason"), o.Age(now), spec.Str("volumeMode").Or(CellWriter.Unset));
    }

    public static JsonArray PersistentVolumeClaim(JsonObject o, DateTimeOffset now)
    {
        var (spec, status) = (o.Obj("spec"), o.Obj("status"));
        var bound = spec.Str("volumeName").Length > 0;
        return CellWriter.Row(o.Name(), Phase(o), spec.Str("volumeName"), bound ? status.Obj("capacity").Get("storage").Text().Or("0") : "", bound ? AccessModes(status) : "", Class(o),
            spec.Str("volumeAttributesClassName").Or(CellWriter.Unset), o.Age(now), spec.Str("volumeMode").Or(CellWriter.Unset));
    }

    public static JsonArray StorageClass(JsonObject o, DateTimeOffset now) => CellWriter.Row(
        Defaulted(o, "storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"), o.Str("provisioner"),
        o.Str("reclaimPolicy").Or("Delete"), o.Str("volumeBindingMode").Or("Immediate"), o.Bool("allowVolumeExpansion"), o.Age(now));

    public static JsonArray VolumeAttributesClass(JsonObject o, DateTimeOffset now) => CellWriter.Row(
        Defaulted(o, "volumeattributesclass.alpha.kubernetes.io/is-default-class"), o.Str("driverName"), o.Age(now));

    public static JsonArray VolumeAttachment(JsonObject o, DateTimeOffset now) => CellWriter.Row(o.Name(), o.Obj("spec").Str("attacher"),
        o.Obj("spec").Obj("source").Str("persistentVolumeName"), o.Obj("spec").Str("nodeName"), o.Obj("status").Bool("attached"), o.Age(now));

    public static JsonArray CsiNode(JsonObject o, DateTimeOffset now) => CellWriter.Row(o.Name(), o.Obj("spec").Count("drivers"), o.Age(now));

    public static JsonArray CsiDriver(JsonObject o, DateTimeOffset now)
    {
        var spec = o.Obj("spec");
        var tokens = string.Join(',', spec.Items("tokenRequests").Select(t => t.Str("audience"))).Or(CellWriter.Unset);
        return CellWriter.Row(o.Name(), spec.Get("attachRequired") is null || spec.Bool("attachRequired"), spec.Bool("podInfoOnMount"), spec.Bool("storageCapacity"), tokens,
            spec.Bool("requiresRepublish"), string.Join(',', spec.Strings("volumeLifecycleModes")).Or(CellWriter.None), o.Age(now));
    }

    public static JsonArray CsiStorageCapacity(JsonObject o, DateTimeOffset now) => CellWriter.Row(o.Name(), o.Str("storageClassName"), o.Get("capacity").Text().Or(CellWriter.Unset));

    private static string Phase(JsonObject o) => o.Deleting() ? "Terminating" : o.Obj("status").Str("phase");

    private static string Class(JsonObject o) => o.Obj("metadata").Obj("annotations").Get(ClassAnnotation).AsString() ?? o.Obj("spec").Str("storageClassName");

    private static string Defaulted(JsonObject o, params string[] annotations) =>
        annotations.Any(a => o.Obj("metadata").Obj("annotations").Str(a) == "true") ? $"{o.Name()} (default)" : o.Name();

    private static string AccessModes(JsonObject? holder)
    {
        var has = holder.Strings("accessModes").ToHashSet();
        return string.Join(',', Modes.Where(m => has.Contains(m.Mode)).Select(m => m.Short));
    }
}
