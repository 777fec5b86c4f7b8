using System.Text.Json.Nodes;
using KubeFlex.Controllers.Objects;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Controllers.StorageProtection;

/// <summary>
/// Lets claims and volumes that are being deleted go once nobody uses them, and sees to it that the others bear the finalizer that makes them wait
/// (upstream's pvc-protection and pv-protection).
/// </summary>
internal sealed class StorageProtectionController(IControlPlaneAccess access)
{
    public const string ClaimFinalizer = "kubernetes.io/pvc-protection";
    public const string VolumeFinalizer = "kubernetes.io/pv-protection";

    public Task ReconcileClaimAsync(string ns, string name, CancellationToken cancellation) => ReconcileAsync(
        Resources.PersistentVolumeClaims.In(ns).Named(name), ClaimFinalizer,
        async claim => (await access.Client.ListAsync(Resources.Pods.In(ns), null, cancellation))["items"] is JsonArray pods && pods.OfType<JsonObject>().Any(pod => Uses(pod, claim)), cancellation);

    public Task ReconcileVolumeAsync(string name, CancellationToken cancellation) => ReconcileAsync(
        Resources.PersistentVolumes.Named(name), VolumeFinalizer, volume => Task.FromResult((string?)volume["status"]?["phase"] == "Bound"), cancellation);

    /// <summary>
    /// A pod counts from the moment it has a node (a kubelet starts none whose claim is being deleted) until it is gone: volumes of a pod that has
    /// finished may still be mounted. A generic ephemeral volume's claim is named after the pod and owned by it.
    /// </summary>
    internal static bool Uses(JsonObject pod, JsonObject claim)
    {
        if (string.IsNullOrEmpty((string?)pod["spec"]?["nodeName"]) || pod["spec"]!["volumes"] is not JsonArray volumes) return false;
        var name = (string?)claim["metadata"]?["name"];
        foreach (var volume in volumes)
        {
            if ((string?)volume?["persistentVolumeClaim"]?["claimName"] == name) return true;
            if (volume?["ephemeral"] is not null && $"{(string?)pod["metadata"]?["name"]}-{(string?)volume["name"]}" == name && IsOwned(claim, pod)) return true;
        }
        return false;
    }

    private static bool IsOwned(JsonObject claim, JsonObject pod) =>
        claim["metadata"]?["ownerReferences"] is JsonArray owners && owners.Any(owner => (string?)owner?["uid"] == (string?)pod["metadata"]?["uid"]);

    private async Task ReconcileAsync(ResourceRef reference, string finalizer, Func<JsonObject, Task<bool>> isUsed, CancellationToken cancellation)
    {
        if (await access.Client.FindAsync(reference, cancellation) is not { } obj) return;
        var metadata = obj["metadata"]!;
        var finalizers = (metadata["finalizers"] as JsonArray ?? []).Select(f => (string)f!).ToList();
        var deleting = metadata["deletionTimestamp"] is not null;
        if (deleting != finalizers.Contains(finalizer)) return;
        if (!deleting) finalizers.Add(finalizer);
        else if (await isUsed(obj)) return;
        else finalizers.Remove(finalizer);
        try
        {
            // The resource version guards the list, which a merge patch replaces as a whole.
            await access.Client.PatchAsync(reference, PatchKind.Merge, new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["finalizers"] = new JsonArray([.. finalizers.Select(f => (JsonNode)f)]),
                    ["resourceVersion"] = (string?)metadata["resourceVersion"],
                },
            }, cancellation);
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            // Somebody else let it go.
        }
    }
}
