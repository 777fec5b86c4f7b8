using System.Diagnostics.Metrics;
using KubeFlex.Operator.Runtimes;
using KubeFlex.Runtime.Certificates;
using KubeFlex.Runtime.Queues;

namespace KubeFlex.Operator;

/// <summary>How the hosting cluster itself is reached, for control planes of type <c>host</c>.</summary>
/// <param name="Url">Server URL for kubeconfigs.</param>
/// <param name="CaPem">Certificate authorities to trust there.</param>
/// <param name="TlsServerName">Name to send in the TLS handshake when it is not the URL's host, or null.</param>
/// <param name="IssueClient">
/// Makes an administrator's client certificate of the hosting cluster. Null on a real cluster: there the token of a service account is used,
/// which the cluster's own token controller fills in.
/// </param>
public sealed record HostingEndpoint(string Url, string CaPem, string? TlsServerName = null, Func<IssuedCertificate>? IssueClient = null);

/// <summary>Settings of the operator.</summary>
public sealed record OperatorOptions
{
    /// <summary>Control planes reconciled at the same time. A pass waits for the disk most of its time: with too few the processors would idle, and syncs of the disk have few to share them.</summary>
    public int Workers { get; init; } = Math.Clamp(4 * Environment.ProcessorCount, 4, 16);

    /// <summary>What runs a control plane whose <c>spec.runtime</c> is not set.</summary>
    public string DefaultRuntime { get; init; } = "InProcess";

    /// <summary>The hosting cluster's address for kubeconfigs of type <c>host</c>; null means what pods of the hosting cluster see.</summary>
    public HostingEndpoint? HostingEndpoint { get; init; }

    /// <summary>What runs stock binaries as child processes: runtime <c>Process</c>; null when nothing can.</summary>
    public IProcessHost? Processes { get; init; }

    /// <summary>What runs as pods of the hosting cluster: runtime <c>Pods</c> and types <c>vcluster</c> and <c>k3s</c>; null when the hosting cluster runs no pods.</summary>
    public PodsOptions? Pods { get; init; }

    /// <summary>Whether <see cref="OperatorHost.RunAsync"/> installs the custom resource definitions first.</summary>
    public bool InstallCrds { get; init; } = true;

    /// <summary>Where the operator counts what it does; null when nobody asks.</summary>
    public Meter? Meter { get; init; }

    /// <summary>Told how many control planes wait for a pass, whenever that changes; must be quick. Null when nobody asks.</summary>
    public Action<int>? Waiting { get; init; }

    /// <summary>Back-off of a control plane that cannot be reconciled.</summary>
    public BackoffOptions Backoff { get; init; } = new();
}
