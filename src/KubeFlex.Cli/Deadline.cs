namespace KubeFlex.Cli;

/// <summary>Limits waiting: what takes longer fails with words instead of a cancelled task.</summary>
internal static class Deadline
{
    public static async Task<T> WithinAsync<T>(TimeSpan limit, TimeProvider time, Func<CancellationToken, Task<T>> work, Func<CliException> tooLate, CancellationToken cancellation)
    {
        using var timer = new CancellationTokenSource(limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timer.Token);
        try
        {
            return await work(both.Token);
        }
        catch (OperationCanceledException) when (timer.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw tooLate();
        }
    }
}
