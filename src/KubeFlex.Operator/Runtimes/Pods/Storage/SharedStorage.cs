using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Objects;
using KubeFlex.Operator.Runtimes.Pods.Storage.Service;

namespace KubeFlex.Operator.Runtimes.Pods.Storage;

/// <summary>
/// Backend shared: the storage service or Kine. A new control plane goes where the operator's settings say; one that has data stays where that is, whatever
/// they say by now, since nothing moves it. What each of the two remembers in <c>kubeflex-system</c> tells, and where that is lost, the pods that run.
/// </summary>
internal sealed class SharedStorage(HostingCluster hosting, ServiceStorage service, KineStorage kine, PodsOptions options) : IControlPlaneStorage
{
    public string? Refusal(ControlPlane cp) => Settled(cp, options.SharedStorage).Refusal(cp);

    public async Task<string?> EnsureAsync(ControlPlane cp, CancellationToken cancellation) => await (await ChooseAsync(cp, cancellation)).EnsureAsync(cp, cancellation);

    public StorageAttachment Attach(ControlPlane cp) => Settled(cp, options.SharedStorage).Attach(cp);

    public DateTimeOffset? RenewAt(ControlPlane cp) => Settled(cp, options.SharedStorage).RenewAt(cp);

    /// <summary>From both: settings may have changed between two attempts to make it.</summary>
    public async Task<string?> DeleteAsync(ControlPlane cp, CancellationToken cancellation) =>
        await service.DeleteAsync(cp, cancellation) is { } remains ? remains : await kine.DeleteAsync(cp, cancellation);

    private async Task<IControlPlaneStorage> ChooseAsync(ControlPlane cp, CancellationToken cancellation)
    {
        if (Known(cp) is { } known) return known;
        var deployment = await hosting.Client.FindAsync(Kinds.Deployments.In(cp.Namespace).Named("kube-apiserver"), cancellation);
        return deployment is null ? Settled(cp, options.SharedStorage) : HasKine(deployment) ? kine : Settled(cp, options.SharedStorage);
    }

    // Attach comes after Ensure, and then one of the two remembers.
    private IControlPlaneStorage Settled(ControlPlane cp, SharedStorageKind otherwise) => Known(cp) ?? (otherwise == SharedStorageKind.Kine ? kine : service);

    private IControlPlaneStorage? Known(ControlPlane cp) =>
        IsThere(ServiceStorage.Memory(cp)) ? service
        : IsThere(TenantDatabase.Scripts(cp)) || hosting.Secrets.Get(cp.Namespace, KineStorage.Secret) is not null ? kine : null;

    private bool IsThere(Runtime.Client.ResourceRef at) => hosting.Secrets.Get(at.Namespace, at.Name!) is not null;

    private static bool HasKine(JsonObject deployment) =>
        (deployment["spec"]?["template"]?["spec"]?["containers"] as JsonArray ?? []).Any(c => (string?)c?["name"] == "kine");
}
