using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Queues;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Runtime.Controllers;

/// <summary>Feeds a queue's keys to a reconciler with parallel workers; turns results and failures into requeues and back-off.</summary>
public sealed partial class ControllerRunner(string name, WorkQueue<string> queue, IReconciler reconciler, int workers, ILogger log)
{
    /// <summary>Runs until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) =>
        Task.WhenAll(Enumerable.Range(0, workers).Select(_ => Task.Run(() => WorkAsync(cancellation), CancellationToken.None)));

    private async Task WorkAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                var key = await queue.TakeAsync(cancellation);
                try
                {
                    await HandleAsync(key, cancellation);
                }
                finally
                {
                    queue.Done(key);
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The end of the runner.
        }
    }

    private async Task HandleAsync(string key, CancellationToken cancellation)
    {
        try
        {
            var result = await reconciler.ReconcileAsync(key, cancellation);
            if (result.Retry)
            {
                queue.AddRateLimited(key);
                return;
            }
            queue.Forget(key);
            if (result.RequeueAfter is { } delay) queue.AddAfter(key, delay);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (KubeApiException e) when (e.IsConflict || e.IsTransient)
        {
            Later(name, key, e.Message);
            queue.AddRateLimited(key);
        }
#pragma warning disable CA1031 // One key's failure, whatever it is, must not stop the others.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Failed(e, name, key);
            queue.AddRateLimited(key);
        }
    }

    [LoggerMessage(100, LogLevel.Debug, "{Controller} tries {Key} again: {Why}")]
    private partial void Later(string controller, string key, string why);

    [LoggerMessage(101, LogLevel.Error, "{Controller} failed on {Key}")]
    private partial void Failed(Exception e, string controller, string key);
}
