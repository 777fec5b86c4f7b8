namespace KubeFlex.Operator.Hosting;

/// <summary>Why a control plane cannot be what its object asks for, in words for its owner.</summary>
/// <param name="message">Goes into the Synced condition and an event.</param>
/// <param name="permanent">True when only a change of the object or of its surroundings (which are watched) can help: no use in trying again.</param>
/// <param name="retryAfter">When to try again, if not after the ordinary back-off.</param>
internal sealed class ReconcileFailure(string message, bool permanent = false, TimeSpan? retryAfter = null) : Exception(message)
{
    public bool Permanent { get; } = permanent;

    public TimeSpan? RetryAfter { get; } = retryAfter;
}
