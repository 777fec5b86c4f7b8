using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Answers;
using KubeFlex.ApiServer.Registry;
using KubeFlex.Machinery.Json;
using KubeFlex.Machinery.Objects;
using KubeFlex.Storage;

namespace KubeFlex.ApiServer.Bootstrap;

/// <summary>
/// One of the objects that every control plane starts with, defaulted and encoded once per process: a control plane's own copy is a copy of
/// bytes, with uid and time written over those of the copy. The few that name what is the control plane's own are encoded for each.
/// </summary>
internal sealed class InitialObject
{
    private const string ServiceAddress = "10.96.0.1", ServiceRange = "10.96.0.0/12", RootCertificate = "kube-root-ca.crt";

    // As long as any time that will be written over it, and in no object.
    private static readonly DateTimeOffset NoTime = DateTimeOffset.MaxValue;

    private readonly ResourceEntry entry;
    private readonly JsonObject? own;
    private readonly byte[] value = [];
    private readonly int revisionAt;
    private readonly int[] uids = [], times = [];

    private InitialObject(ResourceEntry entry, JsonObject obj)
    {
        this.entry = entry;
        Key = entry.Key(Meta.Namespace(obj), Meta.Name(obj));
        Restored = obj.Text("kind") is "Namespace" or "ClusterRole" or "ClusterRoleBinding" or "Role" or "RoleBinding"
            or "PriorityClass" or "FlowSchema" or "PriorityLevelConfiguration" or "APIService" || Meta.Name(obj) == "kubernetes";
        if (obj.Text("kind") is "ConfigMap" or "Service")
        {
            own = obj;
            return;
        }
        (value, revisionAt) = Encode(obj, NoTime);
        uids = Find(value, Meta.Uid(obj));
        times = Find(value, Meta.Time(NoTime));
    }

    /// <summary>Where it is kept; the same bytes in all stores.</summary>
    public byte[] Key { get; }

    /// <summary>Upstream, too, puts it back at each start.</summary>
    public bool Restored { get; }

    /// <summary>All objects that are not left to controllers.</summary>
    public static IReadOnlyList<InitialObject> All(SharedApi shared)
    {
        var all = shared.Catalog.InitialObjects().Where(Adapt).ToList();
        var namespaces = all.Where(o => o.Text("kind") == "Namespace").Select(Meta.Name).ToList();
        return [.. from obj in all.Concat(namespaces.SelectMany(ContentOfNamespace)) let entry = Entry(shared, obj) where entry is not null select new InitialObject(entry, obj)];
    }

    /// <summary>
    /// What the controllers put into every namespace. Written with the first objects, it costs no requests and nobody finds a namespace
    /// without; the controllers see to it from then on.
    /// </summary>
    private static IEnumerable<JsonObject> ContentOfNamespace(string ns) =>
    [
        new()
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ServiceAccount",
            ["metadata"] = new JsonObject { ["name"] = "default", ["namespace"] = ns },
        },
        new()
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ConfigMap",
            ["metadata"] = new JsonObject
            {
                ["name"] = RootCertificate,
                ["namespace"] = ns,
                ["annotations"] = new JsonObject
                {
                    ["kubernetes.io/description"] = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or "
                        + "kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.",
                },
            },
        },
    ];

    /// <summary>The write that creates it in a control plane.</summary>
    public PutOperation Put(ControlPlaneApiOptions options, DateTimeOffset now, Guid newUid)
    {
        if (own is not null)
        {
            var obj = (JsonObject)own.DeepClone();
            Personalise(obj, options);
            var (encoded, at) = Encode(obj, now);
            return new PutOperation(Key, encoded, 0, at);
        }
        var copy = value.AsSpan().ToArray();
        var (uid, time) = (newUid.ToString(), Meta.Time(now));
        foreach (var at in uids) Encoding.ASCII.GetBytes(uid, copy.AsSpan(at));
        foreach (var at in times) Encoding.ASCII.GetBytes(time, copy.AsSpan(at));
        return new PutOperation(Key, copy, 0, revisionAt);
    }

    private (byte[] Value, int RevisionAt) Encode(JsonObject obj, DateTimeOffset now)
    {
        var status = obj["status"]?.DeepClone();
        ObjectRules.Default(entry, obj);
        ObjectRules.PrepareMetadata(obj, now);
        ObjectRules.PrepareForCreate(entry, obj);
        if (status is not null) obj["status"] = status;
        return ObjectBytes.Encode(ObjectAnswer.ToStorage(entry.Info, obj));
    }

    private static ResourceEntry? Entry(SharedApi shared, JsonObject obj) =>
        GroupVersion.Parse(obj.Text("apiVersion")) is { } version
        && shared.Catalog.FindKind(new GroupVersionKind(version.Group, version.Version, obj.Text("kind"))) is { } info
            ? shared.BuiltIn.Find(version.Group, version.Version, info.Resource) : null;

    // Some of a stock server's objects name its own addresses; others belong to controllers that write them themselves.
    private static bool Adapt(JsonObject obj)
    {
        switch (obj.Text("kind"))
        {
            case "Lease": return false;
            case "ConfigMap": return Meta.Name(obj) == "extension-apiserver-authentication";
            case "ServiceCIDR": obj.Child("spec")!["cidrs"] = new JsonArray(ServiceRange); return true;
            case "IPAddress": Meta.Of(obj)["name"] = ServiceAddress; return true;
            case "Service":
                var spec = obj.Child("spec")!;
                spec["clusterIP"] = ServiceAddress;
                spec["clusterIPs"] = new JsonArray(ServiceAddress);
                return true;
            default: return true;
        }
    }

    private static void Personalise(JsonObject obj, ControlPlaneApiOptions options)
    {
        if (obj.Text("kind") == "ConfigMap")
            obj["data"] = new JsonObject { [Meta.Name(obj) == RootCertificate ? "ca.crt" : "client-ca-file"] = options.ClientAuthorities };
        else if (obj.Text("kind") == "Service")
            foreach (var port in obj.Child("spec").List("ports").Objects()) port["targetPort"] = options.AdvertisePort;
    }

    private static int[] Find(byte[] value, string text)
    {
        var (found, wanted) = (new List<int>(), Encoding.ASCII.GetBytes(text));
        for (var from = 0; value.AsSpan(from).IndexOf(wanted) is >= 0 and var next; from = found[^1] + wanted.Length) found.Add(from + next);
        return [.. found];
    }
}
