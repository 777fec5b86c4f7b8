using KubeFlex.Machinery.Objects;

namespace KubeFlex.ApiServer.Fairness;

/// <summary>
/// Work that new objects of a resource make for somebody in this process. While more than <paramref name="limit"/> wait for it, creates of clients wait too: what has
/// been accepted is finished before more is accepted, and the time from create to done stays short however many come at once.
/// </summary>
/// <param name="resource">The resource.</param>
/// <param name="limit">Objects that may wait.</param>
public sealed class Backlog(GroupResource resource, int limit)
{
    private volatile int waiting;

    /// <summary>The resource.</summary>
    public GroupResource Resource => resource;

    internal bool IsFull => waiting > limit;

    /// <summary>Called when the backlog is no longer full.</summary>
    internal Action? Drained { get; set; }

    /// <summary>Whoever does the work tells how many objects wait for it; cheap, safe for concurrent use.</summary>
    public void Report(int count)
    {
        waiting = count;
        if (count <= limit) Drained?.Invoke();
    }
}
