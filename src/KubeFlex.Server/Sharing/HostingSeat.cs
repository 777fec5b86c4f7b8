using KubeFlex.Runtime.Client;
using KubeFlex.Server.ControlPlanes;
using KubeFlex.Server.Hosting;
using KubeFlex.Storage;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Server.Sharing;

/// <summary>
/// The hosting control plane has one seat among the servers: who has its store runs it, its controllers and the operator. The others try for
/// the store every second, and at once when somebody misses it. Who loses it stops all that, and waits with the others.
/// </summary>
internal sealed partial class HostingSeat(Datastore datastore, Func<Store, CancellationToken, Task<HostingTerm>> begin, Func<HostingTerm, CancellationToken, Task> run, TimeProvider time, ILogger logger)
{
    public const string HostingName = "host";

    private static readonly TimeSpan Try = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private volatile HostingTerm? term;
    private volatile TaskCompletionSource nudged = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Held? held;

    /// <summary>The hosting control plane, while this server has it.</summary>
    public RunningControlPlane? Running => term is { Hosting: { Ended: false } here } ? here : null;

    /// <summary>This server's right to it, while it has it.</summary>
    public HostingTerm? Term => Running is null ? null : term;

    /// <summary>Somebody misses the hosting control plane.</summary>
    public void Nudge() => nudged.TrySetResult();

    /// <summary>The storage tells of a store that was taken over.</summary>
    public void Lost(Store store)
    {
        if (Volatile.Read(ref held) is { } current && current.Store == store) current.End();
    }

    /// <summary>Until cancelled. What is wrong with the hosting control plane itself, and not with the way to it, is thrown.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var complained = false;
        while (!cancellation.IsCancellationRequested)
        {
            nudged = new(TaskCreationOptions.RunContinuationsAsynchronously);
            try
            {
                var store = await datastore.OpenStoreAsync(HostingName, cancellation);
                complained = false;
                await SitAsync(store, cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (StorageException e) when (e.Failure == StorageFailure.NotOwner)
            {
                // Another server has it.
            }
            catch (Exception e) when (e is StorageException or KubeApiException or HttpRequestException)
            {
                if (!complained) NotNow(logger, e.Message);
                complained = true;
            }
            await WaitAsync(cancellation);
        }
    }

    private async Task SitAsync(Store store, CancellationToken cancellation)
    {
        using var current = new Held(store, cancellation);
        Volatile.Write(ref held, current);
        try
        {
            if (store.Ended) return;
            await using var now = await begin(store, current.Ended);
            term = now;
            Sits(logger);
            await run(now, current.Ended);
        }
        catch (Exception) when (current.Ended.IsCancellationRequested)
        {
            // It went away under the work.
        }
        finally
        {
            Volatile.Write(ref held, null);
            term = null;
        }
        if (!cancellation.IsCancellationRequested) Left(logger);
    }

    private async Task WaitAsync(CancellationToken cancellation)
    {
        try
        {
            await Task.Delay(Pause, time, cancellation);
            await nudged.Task.WaitAsync(Try, time, cancellation);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
        }
    }

    [LoggerMessage(173, LogLevel.Information, "This server runs the hosting control plane and the operator")]
    private static partial void Sits(ILogger logger);

    [LoggerMessage(174, LogLevel.Warning, "Another server has taken the hosting control plane over; this one stands by")]
    private static partial void Left(ILogger logger);

    [LoggerMessage(175, LogLevel.Warning, "The hosting control plane cannot be run now, will try again: {Why}")]
    private static partial void NotNow(ILogger logger, string why);

    private sealed class Held(Store store, CancellationToken cancellation) : IDisposable
    {
        private readonly CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);

        public Store Store => store;

        public CancellationToken Ended => ended.Token;

        public void End()
        {
            try
            {
                // Not on the storage's thread: whoever waits for the token would run there.
                _ = ended.CancelAsync();
            }
            catch (ObjectDisposedException)
            {
                // It is over already.
            }
        }

        public void Dispose() => ended.Dispose();
    }
}
