using System.Collections.Concurrent;
using System.Diagnostics;

namespace KubeFlex.Server.Processes;

/// <summary>
/// Starts children from one thread that lives as long as it: the kernel's "parent" of PR_SET_PDEATHSIG is the thread, and one of the pool may end while
/// the server runs on.
/// </summary>
internal sealed class Spawner : IDisposable
{
    private readonly BlockingCollection<Action> work = [];
    private readonly Thread thread;

    public Spawner()
    {
        thread = new Thread(() =>
        {
            foreach (var action in work.GetConsumingEnumerable()) action();
        })
        { IsBackground = true, Name = "KubeFlex spawner" };
        thread.Start();
    }

    /// <summary>Starts a program; fails as <see cref="Process.Start(ProcessStartInfo)"/> does.</summary>
    public Task<Process> StartAsync(ProcessStartInfo start)
    {
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        work.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(start)!);
            }
            catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException or InvalidOperationException)
            {
                started.SetException(e);
            }
        });
        return started.Task;
    }

    /// <summary>Ends the thread, and with it any child that is still there.</summary>
    public void Dispose()
    {
        work.CompleteAdding();
        thread.Join();
        work.Dispose();
    }
}
