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
    /// <summary>Where the control plane answers, whether or not it runs yet.</summary>
    RuntimeEndpoints Endpoints(ControlPlane cp);

    /// <summary>Runs it; its certificates are in the secret <c>k8s-certs</c>. Running it twice changes nothing.</summary>
    Task EnsureAsync(ControlPlane cp, CancellationToken cancellation);

    /// <summary>Null when it serves, else why not.</summary>
    Task<string?> CheckAsync(ControlPlane cp, CancellationToken cancellation);

    /// <summary>Removes what its namespace does not take along. Nothing happens when there is nothing.</summary>
    Task DeleteAsync(ControlPlane cp, CancellationToken cancellation);
}
