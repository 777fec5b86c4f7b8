using System.Threading.Tasks.Sources;

namespace KubeFlex.Etcd.Http2;

/// <summary>Something that one waits for again and again, without an object for each time. Says only that it is time to look; what has happened is written elsewhere.</summary>
/// <param name="elsewhere">The one who waits goes on in the pool, not on the thread that signals.</param>
internal sealed class Signal(bool elsewhere) : IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> core = new() { RunContinuationsAsynchronously = elsewhere };

    /// <summary>Begins to wait: once, until <see cref="Set"/>.</summary>
    public ValueTask Begin()
    {
        core.Reset();
        return new(this, core.Version);
    }

    public void Set() => core.SetResult(true);

    void IValueTaskSource.GetResult(short token) => core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => core.OnCompleted(continuation, state, token, flags);
}
