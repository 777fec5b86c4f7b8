using System.Diagnostics.CodeAnalysis;

namespace KubeFlex.Runtime.Queues;

/// <summary>
/// Keys that want work, after client-go's workqueue. A key is handed to one worker at a time; added again meanwhile it is handed out once
/// more when that worker is done, however often it was added. An example, with keys a and b:
/// <code>
/// Add(a) Add(b) Add(a)   waiting: a b            a is there already
/// Take → a               waiting: b   working: a
/// Add(a)                 waiting: b   working: a again: a
/// Take → b               waiting:     working: a b
/// Done(a)                waiting: a   working: b
/// </code>
/// All delays of all keys share one timer. Safe for concurrent use.
/// </summary>
public sealed class WorkQueue<TKey> : IDisposable where TKey : notnull
{
    // System.Threading.Timer refuses periods over 2^32-2 ms; the timer looks again after a day.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(1);

    private readonly Lock gate = new();
    private readonly TimeProvider time;
    private readonly BackoffOptions backoff;
    private readonly Action<int>? counted;
    private readonly Queue<TKey> ready = new();
    private readonly HashSet<TKey> wanted = [];
    private readonly HashSet<TKey> working = [];
    private readonly Dictionary<TKey, int> failures = [];
    private readonly Dictionary<TKey, DateTimeOffset> due = [];
    private readonly PriorityQueue<TKey, DateTimeOffset> delayed = new();
    private readonly SemaphoreSlim available = new(0);
    private readonly ITimer timer;
    private bool disposed;

    /// <summary>Makes an empty queue. <paramref name="counted"/> is told each change of <see cref="Count"/>, in order; it must be quick and not come back to the queue.</summary>
    public WorkQueue(TimeProvider time, BackoffOptions? backoff = null, Action<int>? counted = null)
    {
        (this.time, this.counted) = (time, counted);
        this.backoff = backoff ?? new BackoffOptions();
        timer = time.CreateTimer(_ => ReleaseDue(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Keys that wait for a worker, delayed ones left out.</summary>
    public int Count
    {
        get
        {
            lock (gate) return ready.Count;
        }
    }

    /// <summary>Wants work on the key now.</summary>
    public void Add(TKey key)
    {
        lock (gate) AddLocked(key);
    }

    /// <summary>Wants work on the key after a delay; of several delays of one key the earliest counts.</summary>
    public void AddAfter(TKey key, TimeSpan delay)
    {
        lock (gate)
        {
            if (delay <= TimeSpan.Zero)
            {
                AddLocked(key);
                return;
            }
            var at = time.GetUtcNow() + delay;
            if (disposed || (due.TryGetValue(key, out var earlier) && earlier <= at)) return;
            due[key] = at;
            delayed.Enqueue(key, at);
            if (delayed.TryPeek(out _, out var first) && first == at) ArmLocked();
        }
    }

    /// <summary>Wants work on the key after its back-off, which doubles until <see cref="Forget"/>.</summary>
    public void AddRateLimited(TKey key)
    {
        TimeSpan delay;
        lock (gate)
        {
            var count = failures.GetValueOrDefault(key);
            failures[key] = count + 1;
            delay = backoff.Delay(count);
        }
        AddAfter(key, delay);
    }

    /// <summary>Work on the key succeeded: its back-off begins anew.</summary>
    public void Forget(TKey key)
    {
        lock (gate) failures.Remove(key);
    }

    /// <summary>How often the key failed since it was last forgotten.</summary>
    public int Failures(TKey key)
    {
        lock (gate) return failures.GetValueOrDefault(key);
    }

    /// <summary>Waits for a key and takes it. <see cref="Done"/> must follow.</summary>
    public async Task<TKey> TakeAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await available.WaitAsync(cancellation);
            if (TryTake(out var key)) return key;
        }
    }

    /// <summary>Work on a taken key ended, well or not.</summary>
    public void Done(TKey key)
    {
        lock (gate)
        {
            working.Remove(key);
            if (wanted.Contains(key)) EnqueueLocked(key);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            // What still waits waits for nobody.
            counted?.Invoke(0);
        }
        timer.Dispose();
        available.Dispose();
    }

    private bool TryTake([MaybeNullWhen(false)] out TKey key)
    {
        lock (gate)
        {
            if (!ready.TryDequeue(out key)) return false;
            wanted.Remove(key);
            working.Add(key);
            counted?.Invoke(ready.Count);
            return true;
        }
    }

    private void AddLocked(TKey key)
    {
        if (!disposed && wanted.Add(key) && !working.Contains(key)) EnqueueLocked(key);
    }

    private void EnqueueLocked(TKey key)
    {
        ready.Enqueue(key);
        counted?.Invoke(ready.Count);
        if (!disposed) available.Release();
    }

    private void ReleaseDue()
    {
        lock (gate)
        {
            if (disposed) return;
            var now = time.GetUtcNow();
            while (delayed.TryPeek(out var key, out var at) && at <= now)
            {
                delayed.Dequeue();
                // An entry that a shorter delay overtook stays in the heap; the dictionary tells that it is void.
                if (!due.TryGetValue(key, out var valid) || valid != at) continue;
                due.Remove(key);
                AddLocked(key);
            }
            ArmLocked();
        }
    }

    private void ArmLocked()
    {
        if (!delayed.TryPeek(out _, out var at)) return;
        var wait = at - time.GetUtcNow();
        timer.Change(wait < TimeSpan.Zero ? TimeSpan.Zero : wait > LongestTimer ? LongestTimer : wait, Timeout.InfiniteTimeSpan);
    }
}
