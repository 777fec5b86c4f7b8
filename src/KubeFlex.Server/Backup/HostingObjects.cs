using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;
using KubeFlex.Storage;
using KubeFlex.Storage.Archive;

namespace KubeFlex.Server.Backup;

/// <summary>
/// The objects of the hosting control plane that make a control plane: the ControlPlane, its namespace, and the Secret with its authority and the
/// key of its tokens. With these it comes back such that kubeconfigs and tokens from before are good again.
/// </summary>
internal static class HostingObjects
{
    private const string ControlPlanes = "/registry/tenancy.kflex.kubestellar.org/controlplanes/";

    public static byte[] ControlPlaneKey(string name) => Encoding.UTF8.GetBytes(ControlPlanes + name);

    public static byte[] NamespaceKey(string name) => Encoding.UTF8.GetBytes($"/registry/namespaces/{name}-system");

    public static byte[] SecretKey(string name) => Encoding.UTF8.GetBytes($"/registry/secrets/{name}-system/k8s-certs");

    /// <summary>The ControlPlane object, or null.</summary>
    public static JsonObject? ControlPlane(StoreView hosting, string name) => Parse(hosting.Get(ControlPlaneKey(name)));

    /// <summary>Why a control plane of whom this server keeps no store under its name cannot be backed up, replaced or moved.</summary>
    public static string KeepsNothing(JsonObject cp, string name) => ((string?)cp["spec"]?["type"], (string?)cp["spec"]?["runtime"]) switch
    {
        (not (null or "k8s") and var type, _) => $"control plane \"{name}\" (type {type}) keeps nothing in this server: back up the cluster that runs it",
        (_, not (null or "" or "InProcess") and var runtime) =>
            $"control plane \"{name}\" has runtime {runtime}: single backups, restores and moves are for runtime InProcess; a backup of everything holds what the server's datastore holds",
        _ => $"control plane \"{name}\" is not set up yet: try again when it is Ready",
    };

    /// <summary>Names of all ControlPlane objects.</summary>
    public static IReadOnlyList<string> Names(StoreView hosting) =>
        [.. hosting.Range(new(Encoding.UTF8.GetBytes(ControlPlanes), Encoding.UTF8.GetBytes(ControlPlanes[..^1] + "0"), KeysOnly: true)).Items
            .Select(item => Encoding.UTF8.GetString(item.Key)[ControlPlanes.Length..])];

    /// <summary>What a backup holds of them.</summary>
    public static IEnumerable<ArchivedObject> Of(StoreView hosting, string name) =>
        from key in (byte[][])[ControlPlaneKey(name), NamespaceKey(name), SecretKey(name)]
        let item = hosting.Get(key)
        where item is not null
        select new ArchivedObject(name, key, item.Value);

    /// <summary>
    /// The writes that bring them back, under the condition that none is there. They get new UIDs: the old ones belong to objects that are gone, and
    /// garbage collection knows that. The operator finds out the status anew.
    /// </summary>
    public static (IReadOnlyList<Compare> Absent, IReadOnlyList<Operation> Writes) Revive(string name, IReadOnlyList<ArchivedObject> objects)
    {
        var compares = new List<Compare>();
        var writes = new List<Operation>();
        if (Find(objects, ControlPlaneKey(name)) is not { } cp || Find(objects, NamespaceKey(name)) is not { } ns || Find(objects, SecretKey(name)) is not { } secret)
            throw BackupFailure.Bad($"the backup does not hold the objects of control plane \"{name}\": create the control plane first, then restore it");
        var (cpUid, newUid) = (Uid(cp), Guid.NewGuid().ToString());
        foreach (var (key, value) in ((byte[] Key, byte[] Value)[])[(ControlPlaneKey(name), cp), (NamespaceKey(name), ns), (SecretKey(name), secret)])
        {
            var text = Encoding.UTF8.GetString(value).Replace(cpUid, newUid, StringComparison.Ordinal);
            if (value != cp) text = text.Replace(Uid(value), Guid.NewGuid().ToString(), StringComparison.Ordinal);
            var obj = JsonNode.Parse(text)!.AsObject();
            if (value == cp) obj.Remove("status");
            var (bytes, at) = Encode(obj);
            compares.Add(new(key, CompareTarget.ModRevision, CompareRelation.Equal, 0));
            writes.Add(new PutOperation(key, bytes, RevisionAt: at));
        }
        return (compares, writes);
    }

    /// <summary>Whether two versions of the Secret hold the same authority and key of tokens.</summary>
    public static bool SameCertificates(byte[] one, byte[] other) =>
        JsonNode.Parse(one)?["data"] is { } a && JsonNode.Parse(other)?["data"] is { } b
        && (string?)a["ca.crt"] == (string?)b["ca.crt"] && (string?)a["sa.key"] == (string?)b["sa.key"];

    private static byte[]? Find(IReadOnlyList<ArchivedObject> objects, byte[] key) => objects.FirstOrDefault(o => o.Key.AsSpan().SequenceEqual(key))?.Value;

    private static string Uid(byte[] value) => (string?)JsonNode.Parse(value)?["metadata"]?["uid"] is { Length: 36 } uid ? uid
        : throw BackupFailure.Bad("the backup holds an object without a uid");

    private static JsonObject? Parse(KeyValue? item) => item is null ? null : JsonNode.Parse(item.Value) as JsonObject;

    // The store puts the revision in where the old one stood; the members keep their order.
    private static (byte[] Value, int RevisionAt) Encode(JsonObject obj)
    {
        obj["metadata"]!["resourceVersion"] = "";
        var bytes = KubeJson.ToUtf8(obj);
        var mark = "\"resourceVersion\":\""u8;
        return (bytes, bytes.AsSpan().IndexOf(mark) + mark.Length);
    }
}
