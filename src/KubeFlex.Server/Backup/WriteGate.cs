namespace KubeFlex.Server.Backup;

/// <summary>
/// Holds the writes of one control plane for a moment: those under way finish, those that come wait outside until it is open again. Writes that
/// wait are not refused, so clients notice nothing but the time.
/// </summary>
internal sealed class WriteGate
{
    private readonly Lock gate = new();
    private TaskCompletionSource? closed, drained;
    private int inside;

    /// <summary>Waits until the gate is open; <see cref="Leave"/> must follow.</summary>
    public async ValueTask EnterAsync(CancellationToken cancellation)
    {
        while (true)
        {
            Task wait;
            lock (gate)
            {
                if (closed is null)
                {
                    inside++;
                    return;
                }
                wait = closed.Task;
            }
            await wait.WaitAsync(cancellation);
        }
    }

    public void Leave()
    {
        lock (gate)
        {
            if (--inside == 0) drained?.TrySetResult();
        }
    }

    /// <summary>Closes the gate, and waits for those inside, though not for ever: what still runs then is refused by the store.</summary>
    public async Task CloseAsync(TimeSpan patience, TimeProvider time, CancellationToken cancellation)
    {
        Task empty;
        lock (gate)
        {
            closed ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
            if (inside == 0) drained.SetResult();
            empty = drained.Task;
        }
        try
        {
            await empty.WaitAsync(patience, time, cancellation);
        }
        catch (TimeoutException)
        {
        }
    }

    public void Open()
    {
        TaskCompletionSource? waiting;
        lock (gate) (waiting, closed, drained) = (closed, null, null);
        waiting?.TrySetResult();
    }
}
