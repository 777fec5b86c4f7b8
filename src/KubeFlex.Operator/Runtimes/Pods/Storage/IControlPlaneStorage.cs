using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;

namespace KubeFlex.Operator.Runtimes.Pods.Storage;

/// <summary>What a kube-apiserver's pod needs to reach its storage.</summary>
internal sealed record StorageAttachment
{
    /// <summary>Arguments of kube-apiserver.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Further containers of the pod.</summary>
    public IReadOnlyList<JsonObject> Containers { get; init; } = [];

    /// <summary>Further volumes of the pod.</summary>
    public IReadOnlyList<JsonObject> Volumes { get; init; } = [];

    /// <summary>Where kube-apiserver mounts them.</summary>
    public IReadOnlyList<JsonObject> Mounts { get; init; } = [];

    /// <summary>Hash of secrets that are read at start only: another one rolls out.</summary>
    public string Inputs { get; init; } = "";
}

/// <summary>
/// Where a stock kube-apiserver keeps a control plane's data (<c>spec.backend</c>), seen through the etcd protocol. One class per way.
/// </summary>
internal interface IControlPlaneStorage
{
    /// <summary>Why it cannot hold the control plane, naming the field; null when it can.</summary>
    string? Refusal(ControlPlane cp) => null;

    /// <summary>Makes what holds the data. Null when kube-apiserver may start, else what is waited for (and watched).</summary>
    Task<string?> EnsureAsync(ControlPlane cp, CancellationToken cancellation);

    /// <summary>How kube-apiserver reaches it; after <see cref="EnsureAsync"/>.</summary>
    StorageAttachment Attach(ControlPlane cp);

    /// <summary>When its certificates are renewed, or null.</summary>
    DateTimeOffset? RenewAt(ControlPlane cp) => null;

    /// <summary>Removes the data that the namespace does not take along. Null when nothing remains, else what is waited for.</summary>
    Task<string?> DeleteAsync(ControlPlane cp, CancellationToken cancellation);
}
