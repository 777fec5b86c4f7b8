namespace KubeFlex.Operator.Hosting;

/// <summary>Why a control plane cannot be what its object asks for, in words for its owner.</summary>
/// <param name="message">Goes into the Synced condition and an event.</param>
/// <param name="permanent">True when only a change of the object or of its surroundings (which are watched) can help: no use in trying again.</param>
/// <param name="retryAfter">When to try again, if not after the ordinary back-off.</param>
internal class ReconcileFailure(string message, bool permanent = false, TimeSpan? retryAfter = null) : Exception(message)
{
    public bool Permanent { get; } = permanent;

    /// <summary>True when it passes without anybody's doing, and its passing is watched: whoever waits for the control plane may go on waiting.</summary>
    public bool PassesByItself { get; init; }

    /// <summary>Reason of the Synced condition.</summary>
    public string Reason { get; init; } = "ReconcileError";

    /// <summary>True when it also means that the control plane does not serve: then it is not Ready, even if it was.</summary>
    public bool Unavailable { get; init; }

    public TimeSpan? RetryAfter { get; } = retryAfter;
}
