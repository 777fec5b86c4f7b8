namespace KubeFlex.Runtime.Controllers;

/// <summary>What the runner does after a reconcile that did not throw.</summary>
/// <param name="RequeueAfter">Look again after so long, or null.</param>
/// <param name="Retry">Look again after the key's back-off: the goal is not reached.</param>
public readonly record struct ReconcileResult(TimeSpan? RequeueAfter = null, bool Retry = false)
{
    /// <summary>Nothing to do until something changes.</summary>
    public static ReconcileResult Done => default;

    /// <summary>Look again after so long, whatever happens.</summary>
    public static ReconcileResult After(TimeSpan delay) => new(delay);

    /// <summary>Look again after the key's back-off.</summary>
    public static ReconcileResult WithBackoff => new(null, true);
}

/// <summary>Brings the world behind one key nearer to what is wanted; level-triggered: it looks at what is, not at what happened.</summary>
public interface IReconciler
{
    /// <summary>Works on a key; never called for one key twice at the same time.</summary>
    Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellation);
}
