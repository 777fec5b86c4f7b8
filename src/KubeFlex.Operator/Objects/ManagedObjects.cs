using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Objects;

/// <summary>
/// Applies the objects of control planes server-side. Nothing is written when the object is what was asked for: an annotation has the hash of what was
/// applied last (so that a field taken out of it is noticed), and what is there must still cover it (<see cref="Drift"/>). Fields of others stay.
/// </summary>
internal sealed class ManagedObjects(HostingCluster hosting)
{
    /// <summary>Makes or mends an object that goes with the control plane, and returns it as it is then.</summary>
    public async Task<JsonObject> EnsureAsync(ControlPlane cp, ResourceRef at, JsonObject desired, CancellationToken cancellation)
    {
        Mark(cp, at, desired);
        Manifest.Child(desired, "metadata")["ownerReferences"] = new JsonArray(cp.OwnerReference());
        return await EnsureMarkedAsync(cp, at, desired, cancellation);
    }

    /// <summary>
    /// The same for an object outside the control plane's namespace that must outlive a deletion in foreground: it has a label in place of the owner
    /// reference, and who calls this removes it.
    /// </summary>
    public Task<JsonObject> EnsureUnownedAsync(ControlPlane cp, ResourceRef at, JsonObject desired, CancellationToken cancellation)
    {
        Mark(cp, at, desired);
        Manifest.Child((JsonObject)desired["metadata"]!, "labels")[Names.ControlPlaneLabel] = cp.Name;
        return EnsureMarkedAsync(cp, at, desired, cancellation);
    }

    /// <summary>Removes an object of the control plane, if there is one.</summary>
    public async Task RemoveAsync(ControlPlane cp, ResourceRef at, CancellationToken cancellation)
    {
        if (await hosting.Client.FindAsync(at, cancellation) is not { } there || !IsOurs(cp, there)) return;
        await hosting.Client.DeleteAsync(at, "Background", cancellation, (string?)there["metadata"]?["uid"]);
        hosting.ObserveDependentGone(at);
    }

    /// <summary>Whether the object was made for this control plane.</summary>
    public static bool IsOurs(ControlPlane cp, JsonObject obj) => cp.Owns(obj) || (string?)obj["metadata"]?["labels"]?[Names.ControlPlaneLabel] == cp.Name;

    private async Task<JsonObject> EnsureMarkedAsync(ControlPlane cp, ResourceRef at, JsonObject desired, CancellationToken cancellation)
    {
        var live = await hosting.Client.FindAsync(at, cancellation);
        if (live is not null)
        {
            if (live["metadata"]?["deletionTimestamp"] is not null) return live;
            // In its own namespace there are no others' objects; what lies there without an owner was made by hand or by an older release.
            if (at.Namespace != cp.Namespace && !IsOurs(cp, live))
                throw new ReconcileFailure($"{(string?)desired["kind"]} \"{at.Name}\"{(at.Namespace is null ? "" : $" in namespace \"{at.Namespace}\"")} exists and does not belong to this control plane; delete it, or create the control plane under another name");
            if (Drift.Covers(live, desired)) return live;
            // A Job's template cannot change: another one takes its place.
            if (at.Resource == "jobs" && Digest(live) != Digest(desired)) await hosting.Client.DeleteAsync(at, "Background", cancellation, (string?)live["metadata"]?["uid"]);
        }
        var applied = await hosting.Client.ApplyAsync(at, desired, force: true, cancellation);
        hosting.ObserveDependent(at, applied);
        return applied;
    }

    private static void Mark(ControlPlane cp, ResourceRef at, JsonObject desired)
    {
        var metadata = Manifest.Child(desired, "metadata");
        metadata["name"] = at.Name;
        if (at.Namespace is not null) metadata["namespace"] = at.Namespace;
        Manifest.Child(metadata, "labels")[Names.ManagedByLabel] = Names.ManagedBy;
        Manifest.Child(metadata, "annotations")[Names.DigestAnnotation] = Manifest.Hash(cp.Uid, System.Text.Encoding.UTF8.GetString(KubeJson.ToUtf8(desired)));
    }

    private static string? Digest(JsonObject obj) => (string?)obj["metadata"]?["annotations"]?[Names.DigestAnnotation];
}
