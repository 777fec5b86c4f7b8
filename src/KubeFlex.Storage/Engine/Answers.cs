namespace KubeFlex.Storage.Engine;

/// <summary>
/// The callers of a batch that is durable. They are woken by a thread of the pool and not by the committer: from a thread of the pool, what is to go on lands in
/// that thread's own queue, and idle ones come and take their share; from any other, each of them would cost a system call, a quarter of the
/// committer's time.
/// </summary>
internal sealed class Answers(int most) : IThreadPoolWorkItem
{
    private readonly List<Work> works = new(most);

    public void Add(Work work) => works.Add(work);

    /// <summary>Called once, after the last.</summary>
    public void Give()
    {
        // One alone is woken as quickly directly.
        if (works.Count > 1) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        else Execute();
    }

    /// <inheritdoc/>
    public void Execute()
    {
        foreach (var work in works) work.TrySetResult(work.Outcome);
    }
}
