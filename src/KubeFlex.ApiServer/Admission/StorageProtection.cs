using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Registry;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.ApiServer.Admission;

/// <summary>Volumes and claims in use are not deleted at once (<c>StorageObjectInUseProtection</c>).</summary>
internal sealed class StorageProtection : IAdmissionPlugin
{
    public ValueTask<ApiError?> AdmitAsync(Change change, CancellationToken cancellation)
    {
        if (change.Operation != "create") return default;
        var finalizer = change.Is("", "persistentvolumeclaims") ? "kubernetes.io/pvc-protection" : change.Is("", "persistentvolumes") ? "kubernetes.io/pv-protection" : null;
        if (finalizer is null) return default;
        var metadata = Meta.Of(change.Object);
        if (metadata.List("finalizers") is not { } finalizers) metadata["finalizers"] = finalizers = [];
        if (!finalizers.Strings().Contains(finalizer)) finalizers.Add(finalizer);
        return default;
    }
}
