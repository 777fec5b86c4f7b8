using KubeFlex.Operator.ControlPlanes;

namespace KubeFlex.Operator.Runtimes;

/// <summary>How clients reach a control plane of type k8s.</summary>
/// <param name="External">Server URL for clients outside the hosting cluster.</param>
/// <param name="InCluster">Server URL for pods of the hosting cluster.</param>
/// <param name="TlsServerName">Name to send in the TLS handshake, or null for the URL's host.</param>
/// <param name="ExtraCaPem">Authorities to trust beside the control plane's own, or empty.</param>
/// <param name="ServerNames">Names and IP addresses that the serving certificate needs for these URLs.</param>
internal sealed record RuntimeEndpoints(string External, string InCluster, string? TlsServerName, string ExtraCaPem, IReadOnlyList<string> ServerNames);

/// <summary>Runs control planes of type k8s (<c>spec.runtime</c>). One folder per runtime.</summary>
internal interface IControlPlaneRuntime
{
    /// <summary>Why the control plane cannot run here as its spec asks, naming the field; null when it can.</summary>
    string? Refusal(ControlPlane cp) => null;

    /// <summary>Whether <see cref="EnsureAsync"/> needs the kubeconfigs to be there; else both are made at the same time.</summary>
    bool ReadsKubeconfigs => false;

    /// <summary>
    /// Where the control plane answers, whether or not it runs yet. Objects that decide on it may be made, after <paramref name="foundation"/>
    /// (finalizer and namespace) has succeeded.
    /// </summary>
    ValueTask<RuntimeEndpoints> EndpointsAsync(ControlPlane cp, Task foundation, CancellationToken cancellation);

    /// <summary>Runs it; its certificates are in the secret <c>k8s-certs</c>. Running it twice changes nothing.</summary>
    Task EnsureAsync(ControlPlane cp, CancellationToken cancellation);

    /// <summary>Null when it serves, else why not.</summary>
    Task<string?> CheckAsync(ControlPlane cp, CancellationToken cancellation);

    /// <summary>When it must be looked at again for certificates of its own, or null.</summary>
    DateTimeOffset? RenewAt(ControlPlane cp) => null;

    /// <summary>Removes what its namespace does not take along. Nothing happens when there is nothing.</summary>
    Task DeleteAsync(ControlPlane cp, CancellationToken cancellation);

    /// <summary>What of <see cref="DeleteAsync"/> is still under way, or null.</summary>
    Task<string?> RemainsAsync(ControlPlane cp, CancellationToken cancellation) => Task.FromResult<string?>(null);
}
