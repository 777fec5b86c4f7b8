using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Registry;
using KubeFlex.Machinery.Errors;
using KubeFlex.Storage;

namespace KubeFlex.ApiServer.Admission;

/// <summary>Claims without a storage class and ingresses without an ingress class get the default one, if there is one.</summary>
internal sealed class DefaultClasses : IAdmissionPlugin
{
    public ValueTask<ApiError?> AdmitAsync(Change change, CancellationToken cancellation)
    {
        if (change.Operation != "create" || change.Object.Child("spec") is not { } spec) return default;
        if (change.Is("", "persistentvolumeclaims"))
        {
            if (!spec.Has("storageClassName") && !Meta.Of(change.Object).Child("annotations").Has("volume.beta.kubernetes.io/storage-class")
                && Newest(change, "storage.k8s.io", "storageclasses", "storageclass.kubernetes.io/is-default-class") is { } name) spec["storageClassName"] = name;
        }
        else if (change.Is("networking.k8s.io", "ingresses")
            && !spec.Has("ingressClassName") && !Meta.Of(change.Object).Child("annotations").Has("kubernetes.io/ingress.class")
            && Newest(change, "networking.k8s.io", "ingressclasses", "ingressclass.kubernetes.io/is-default-class") is { } name) spec["ingressClassName"] = name;
        return default;
    }

    // Of several defaults the newest wins, then the one first by name.
    private static string? Newest(Change change, string group, string resource, string annotation)
    {
        var (start, end) = change.Plane.BuiltIn(group, "v1", resource).Range("");
        return change.View.Range(new RangeQuery(start, end)).Items.Select(kv => ObjectBytes.Parse(kv.Value))
            .Where(o => o.Child("metadata").Child("annotations").Text(annotation) == "true")
            .OrderByDescending(o => Meta.Of(o).Text("creationTimestamp"), StringComparer.Ordinal).ThenBy(Meta.Name, StringComparer.Ordinal)
            .Select(Meta.Name).FirstOrDefault();
    }
}
