using KubeFlex.Runtime.Client;

namespace KubeFlex.Runtime.Leases;

/// <summary>Who competes for which Lease, and how patiently. The times are those of Kubernetes' own components.</summary>
public sealed record LeaderElectionOptions
{
    /// <summary>The Lease: namespace and name.</summary>
    public required ResourceRef Lease { get; init; }

    /// <summary>This process among its competitors; must be unique.</summary>
    public required string Identity { get; init; }

    /// <summary>How long others wait after the last sign of life before they take over.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the holder goes on without a successful renewal. Shorter than <see cref="LeaseDuration"/>, so that it stops before another starts.</summary>
    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time between attempts, to take as to renew.</summary>
    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(2);
}

/// <summary>The lease could not be renewed in time: somebody else may lead by now.</summary>
public sealed class LeadershipLostException(string message) : Exception(message);
