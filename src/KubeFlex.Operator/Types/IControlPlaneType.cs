using KubeFlex.Operator.ControlPlanes;

namespace KubeFlex.Operator.Types;

/// <summary>What a tenant gets (<c>spec.type</c>). One folder per type.</summary>
internal interface IControlPlaneType
{
    /// <summary>Why this server cannot make the control plane as its spec asks, naming the field and what would be right; null when it can.</summary>
    string? Refusal(ControlPlane cp);

    /// <summary>Reason of the Synced condition for <see cref="Refusal"/>.</summary>
    string RefusalReason => "ReconcileError";

    /// <summary>
    /// Makes or mends everything but the namespace; says where the kubeconfig is. Nothing may be written before
    /// <paramref name="foundation"/> (finalizer and namespace) has succeeded, but there is work to do in the meantime.
    /// </summary>
    Task<SecretReference> EnsureAsync(ControlPlane cp, Task foundation, CancellationToken cancellation);

    /// <summary>Null when the control plane serves, else why not.</summary>
    Task<string?> CheckAsync(ControlPlane cp, CancellationToken cancellation);

    /// <summary>When it must be looked at again for its certificates, or null.</summary>
    DateTimeOffset? RenewAt(ControlPlane cp);

    /// <summary>When to check again whether one that serves still does; null when its going would be noticed anyway.</summary>
    TimeSpan? RecheckAfter => null;

    /// <summary>A longer change that one which serves is in the middle of, or null.</summary>
    ProgressState? Underway(ControlPlane cp) => null;

    /// <summary>Certificates and tokens of the control plane, as far as the cache knows them.</summary>
    IReadOnlyList<CertificateStatus> Certificates(ControlPlane cp) => [];

    /// <summary>Removes what the namespace does not take along, in any state of half-creation.</summary>
    Task DeleteAsync(ControlPlane cp, CancellationToken cancellation);

    /// <summary>What of <see cref="DeleteAsync"/> is still under way, or null; what brings the control plane back when it is done is watched.</summary>
    Task<string?> RemainsAsync(ControlPlane cp, CancellationToken cancellation) => Task.FromResult<string?>(null);
}
