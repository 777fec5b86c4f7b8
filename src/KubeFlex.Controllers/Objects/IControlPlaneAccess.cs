using KubeFlex.Machinery.Objects;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Controllers.Objects;

/// <summary>What a control plane's controllers work with. Nothing here is a copy: the objects are the store's own bytes.</summary>
public interface IControlPlaneAccess
{
    /// <summary>Name of the control plane; for logs.</summary>
    string Name { get; }

    /// <summary>The control plane's API, with the controllers' rights.</summary>
    KubeClient Client { get; }

    /// <summary>PEM of the authority that pods would trust (<c>kube-root-ca.crt</c>).</summary>
    string RootCertificate { get; }

    /// <summary>The collection that serves a kind and whether its objects live in namespaces; null when no resource serves it (any more).</summary>
    (ResourceRef Collection, bool Namespaced)? Resolve(GroupVersionKind kind);

    /// <summary>The stored JSON of one object, a look into memory; empty when there is none.</summary>
    ValueTask<ReadOnlyMemory<byte>> ReadAsync(GroupVersionKind kind, string ns, string name, CancellationToken cancellation);

    /// <summary>The JSON of every stored object at one instant.</summary>
    ValueTask<IEnumerable<ReadOnlyMemory<byte>>> SnapshotAsync(CancellationToken cancellation);

    /// <summary>A token for a service account that does not expire, for a Secret of type <c>kubernetes.io/service-account-token</c>; null when the control plane signs none.</summary>
    string? IssueSecretToken(string ns, string serviceAccount, string serviceAccountUid, string secret);
}

/// <summary>One durable change of an object, as stored bytes.</summary>
/// <param name="Current">After; empty after a deletion.</param>
/// <param name="Previous">Before; empty for a new object.</param>
public readonly record struct ObjectChange(ReadOnlyMemory<byte> Current, ReadOnlyMemory<byte> Previous);
