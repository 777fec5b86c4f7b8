using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Answers;
using KubeFlex.ApiServer.Registry;
using KubeFlex.Machinery.Objects;
using KubeFlex.Storage;

namespace KubeFlex.ApiServer.Bootstrap;

/// <summary>The objects a control plane starts with. Written in one transaction; later starts add what is missing and leave the rest alone.</summary>
internal static class InitialObjects
{
    private const string ServiceAddress = "10.96.0.1", ServiceRange = "10.96.0.0/12";

    public static async Task EnsureAsync(ControlPlane plane, CancellationToken cancellation)
    {
        for (var attempt = 0; attempt < 8; attempt++)
        {
            var view = await plane.Store.ViewAsync(cancellation);
            var (compares, operations) = (new List<Compare>(), new List<Operation>());
            // A value whose deletion was somebody's wish does not come back: only a fresh store gets everything.
            var fresh = view.Get(plane.BuiltIn("", "v1", "namespaces").Key("", "default")) is null;
            foreach (var obj in plane.Shared.Catalog.InitialObjects())
            {
                if (Entry(plane, obj) is not { } entry || !Adapt(plane, obj)) continue;
                var key = entry.Key(Meta.Namespace(obj), Meta.Name(obj));
                if (view.Get(key) is not null || !fresh && !Restored(obj)) continue;
                Complete(plane, entry, obj);
                var (value, at) = ObjectBytes.Encode(ObjectAnswer.ToStorage(entry.Info, obj));
                compares.Add(new Compare(key, CompareTarget.CreateRevision, CompareRelation.Equal));
                operations.Add(new PutOperation(key, value, 0, at));
            }
            if (operations.Count == 0 || (await plane.Store.CommitAsync(new Transaction(compares, operations, []), cancellation)).Succeeded) return;
        }
        throw new InvalidOperationException($"Control plane {plane.Options.Name}: somebody else keeps writing its first objects.");
    }

    private static ResourceEntry? Entry(ControlPlane plane, JsonObject obj) =>
        GroupVersion.Parse(obj.Text("apiVersion")) is { } version
        && plane.Shared.Catalog.FindKind(new GroupVersionKind(version.Group, version.Version, obj.Text("kind"))) is { } info
            ? plane.Shared.BuiltIn.Find(version.Group, version.Version, info.Resource) : null;

    // What upstream, too, puts back at each start.
    private static bool Restored(JsonObject obj) => obj.Text("kind") is "Namespace" or "ClusterRole" or "ClusterRoleBinding" or "Role" or "RoleBinding"
        or "PriorityClass" or "FlowSchema" or "PriorityLevelConfiguration" or "APIService" || Meta.Name(obj) == "kubernetes";

    // Some of a stock server's objects name its own addresses and certificates; others belong to controllers that write them themselves.
    private static bool Adapt(ControlPlane plane, JsonObject obj)
    {
        switch (obj.Text("kind"))
        {
            case "Lease": return false;
            case "ConfigMap": return Meta.Name(obj) == "extension-apiserver-authentication" && SetAuthorities(plane, obj);
            case "ServiceCIDR": obj.Child("spec")!["cidrs"] = new JsonArray(ServiceRange); return true;
            case "IPAddress": Meta.Of(obj)["name"] = ServiceAddress; return true;
            case "Service":
                var spec = obj.Child("spec")!;
                spec["clusterIP"] = ServiceAddress;
                spec["clusterIPs"] = new JsonArray(ServiceAddress);
                foreach (var port in spec.List("ports").Objects()) port["targetPort"] = plane.Options.AdvertisePort;
                return true;
            default: return true;
        }
    }

    private static bool SetAuthorities(ControlPlane plane, JsonObject obj)
    {
        obj["data"] = new JsonObject { ["client-ca-file"] = string.Join("", plane.Options.ClientAuthorities.Select(c => c.ExportCertificatePem() + "\n")) };
        return true;
    }

    private static void Complete(ControlPlane plane, ResourceEntry entry, JsonObject obj)
    {
        var status = obj["status"]?.DeepClone();
        ObjectRules.Default(entry, obj);
        ObjectRules.PrepareMetadata(obj, plane.Now);
        ObjectRules.PrepareForCreate(entry, obj);
        if (status is not null) obj["status"] = status;
    }
}
