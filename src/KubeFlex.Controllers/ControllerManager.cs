using KubeFlex.Controllers.Objects;
using KubeFlex.Runtime.Queues;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Controllers;

/// <summary>Runs the controllers of all control planes of a process on a few shared workers.</summary>
public sealed partial class ControllerManager : IDisposable
{
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly WorkQueue<WorkItem> queue;

    /// <summary>Makes a manager; nothing runs yet.</summary>
    public ControllerManager(TimeProvider time, ILoggerFactory logs)
    {
        this.time = time;
        logger = logs.CreateLogger("KubeFlex.Controllers");
        queue = new WorkQueue<WorkItem>(time);
    }

    /// <summary>Adds a control plane. The caller feeds its changes into the result and calls <see cref="ControlPlaneControllers.ResyncAsync"/> once.</summary>
    public ControlPlaneControllers Add(IControlPlaneAccess access) => new(access, time, queue.Add);

    /// <summary>Works until cancelled.</summary>
    /// <param name="workers">How many items are looked at side by side.</param>
    /// <param name="isServed">Whether a control plane still runs: work for others is dropped.</param>
    /// <param name="cancellation">Ends the work.</param>
    public Task RunAsync(int workers, Func<ControlPlaneControllers, bool> isServed, CancellationToken cancellation) =>
        Task.WhenAll(Enumerable.Range(0, workers).Select(_ => WorkAsync(isServed, cancellation)));

    /// <inheritdoc/>
    public void Dispose() => queue.Dispose();

    private async Task WorkAsync(Func<ControlPlaneControllers, bool> isServed, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            WorkItem item;
            try
            {
                item = await queue.TakeAsync(cancellation);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            try
            {
                if (isServed(item.Owner)) await item.Owner.ReconcileAsync(item, cancellation);
                queue.Forget(item);
            }
            catch (Exception) when (cancellation.IsCancellationRequested || !isServed(item.Owner))
            {
                // The control plane went away under the work.
                queue.Forget(item);
            }
            catch (Exception e)
            {
                Failed(logger, item.Owner.Name, item.Controller, item.Namespace, item.Name, e.Message);
                queue.AddRateLimited(item);
            }
            finally
            {
                queue.Done(item);
            }
        }
    }

    [LoggerMessage(200, LogLevel.Debug, "{ControlPlane}: {Controller} of {Namespace}/{Name} failed and is tried again: {Error}")]
    private static partial void Failed(ILogger logger, string controlPlane, Controller controller, string @namespace, string name, string error);
}
