using System.Diagnostics;
using KubeFlex.Storage.Dialects;

namespace KubeFlex.Storage.Engine;

/// <summary>
/// Group commit: takes whatever all stores have queued, makes it durable as one database transaction, and while that one waits for the disk
/// the next one fills. Steps of one store stay in order, since they are queued under the store's lock and there is one queue.
/// Works on a thread of its own while there is work, since databases block and the pool's few threads belong to requests; the thread goes
/// away soon after the work does. One writer alone may commit on its own thread instead, where that is quick: half of what it waits for would be changes of
/// threads.
/// </summary>
internal sealed class Committer(IDialect dialect, DatastoreOptions options)
{
    /// <summary>Steps in one database transaction: enough to pay for the disk's wait, few enough to keep the wait of the last one short.</summary>
    private const int MostSteps = 1_000;
    private const long MostBytes = 4 << 20;

    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait for clients that were just answered and will ask again, and the shortest that a timer can tell.</summary>
    private static readonly TimeSpan MostGathering = TimeSpan.FromMilliseconds(5), LeastGathering = TimeSpan.FromMilliseconds(1);

    /// <summary>So many steps are worth a commit, where that is quick: while one waits for more of them, the disk rests.</summary>
    private const int Worth = 16;

    /// <summary>Batches that are taken as they come after one for which waiting was in vain.</summary>
    private const int Impatient = 4;

    /// <summary>A commit that takes longer is not worth a thread of the pool, since beside it two changes of threads are nothing; and it should do as much as it can.</summary>
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(3);

    // Of all datastores of the process together: at most one thread of the pool waits for a disk.
    private static int lent;

    private readonly object gate = new();
    private readonly Queue<Work> queue = new();
    private readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long queuedBytes;
    private int wanted = 1;
    private int impatient;
    private bool running;

    // Somebody commits, the committer's thread or a lone writer.
    private bool busy;
    private bool stopping;

    // Of the last batch.
    private TimeSpan took = TimeSpan.MaxValue;

    private StorageException? failing;

    // Whether the last batch has happened is not known, and takes long to learn: until then nothing new is taken.
    private StorageException? doubt;

    /// <summary>Whether its thread is there.</summary>
    public bool Running
    {
        get
        {
            lock (gate) return running;
        }
    }

    /// <summary>Refuses a new transaction while the database is away or cannot keep up.</summary>
    public void Admit()
    {
        if (Volatile.Read(ref doubt) is { InnerException: StorageException away }) throw Again(away);
        if (Volatile.Read(ref queuedBytes) > options.QueuedBytes)
            throw new StorageException(StorageFailure.LimitExceeded, "too many requests: the database cannot keep up, try again later");
    }

    /// <summary>
    /// Queues a step. True when <paramref name="lend"/> and nobody else is there: then the caller has to call <see cref="CommitHere"/> as soon as it holds no lock.
    /// </summary>
    public bool Enqueue(Work work, bool lend = false)
    {
        lock (gate)
        {
            if (stopping)
            {
                work.TrySetException(new StorageException(StorageFailure.Closed, "the datastore is closed"));
                return false;
            }
            queue.Enqueue(work);
            queuedBytes += work.Bytes;
            // It keeps its place, since its store has built upon it; its caller need not wait.
            if (doubt is not null) work.TrySetException(Again(doubt));
            if (lend && !busy && queue.Count == 1 && dialect.Local && took < Quick && Interlocked.CompareExchange(ref lent, 1, 0) == 0) return busy = true;
            if (queue.Count >= wanted) Call();
            return false;
        }
    }

    /// <summary>Commits what is queued on the caller's thread.</summary>
    public void CommitHere()
    {
        var steps = new List<Work>();
        lock (gate) Take(steps);
        try
        {
            Commit(steps);
        }
        finally
        {
            Volatile.Write(ref lent, 0);
            lock (gate)
            {
                busy = false;
                if (queue.Count > 0) Call();
                else if (stopping && running) Monitor.Pulse(gate);
                else if (stopping) stopped.TrySetResult();
            }
        }
    }

    /// <summary>Sets the committer's own thread to work. Under the gate.</summary>
    private void Call()
    {
        if (running)
        {
            Monitor.Pulse(gate);
            return;
        }
        running = true;
        new Thread(Run, 256 << 10) { IsBackground = true, Name = "storage committer" }.Start();
    }

    /// <summary>Finishes what is queued and refuses the rest.</summary>
    public Task StopAsync()
    {
        lock (gate)
        {
            stopping = true;
            if (running) Monitor.Pulse(gate);
            else if (!busy) stopped.TrySetResult();
        }
        return stopped.Task;
    }

    private void Run()
    {
        var steps = new List<Work>();
        for (var mine = false; Await(steps, mine); mine = true)
        {
            Commit(steps);
            var answered = steps.Count;
            steps.Clear();
            Gather(answered, took / 4);
        }
        if (stopping) stopped.TrySetResult();
    }

    /// <summary>
    /// Clients that write one thing after another come back soon after their answer. Without a moment's patience the first of ten would get a commit to
    /// itself and the other nine would wait through it: two commits where one does. It sleeps until the last of them has come, or enough: whoever spins here takes the processor from those it waits for.
    /// Clients that do something else in between do not come; then it does not wait for some time.
    /// </summary>
    private void Gather(int answered, TimeSpan patience)
    {
        patience = TimeSpan.FromTicks(Math.Clamp(patience.Ticks, LeastGathering.Ticks, MostGathering.Ticks));
        lock (gate)
        {
            var all = Math.Min(took < Quick ? Worth : MostSteps, queue.Count + answered);
            // One client alone comes back to an idle committer anyway.
            if (all < 2 || queue.Count >= all || stopping || impatient-- > 0) return;
            wanted = all;
            Monitor.Wait(gate, patience);
            wanted = 1;
            impatient = queue.Count < all / 2 ? Impatient : 0;
        }
    }

    /// <summary>
    /// The next batch; false when there has been none for some time, or will be none any more. <paramref name="mine"/>: the last batch was this thread's, and is over. A new thread may
    /// find a writer at work that was alone when it began.
    /// </summary>
    private bool Await(List<Work> steps, bool mine)
    {
        lock (gate)
        {
            if (mine) busy = false;
            while (queue.Count == 0 || busy)
            {
                if ((busy || !stopping) && (Monitor.Wait(gate, Linger) || busy || queue.Count > 0)) continue;
                running = false;
                return false;
            }
            busy = true;
            Take(steps);
            return true;
        }
    }

    private void Take(List<Work> steps)
    {
        long bytes = 0;
        while (steps.Count < MostSteps && bytes < MostBytes && queue.TryDequeue(out var work))
        {
            steps.Add(work);
            bytes += work.Bytes;
        }
        queuedBytes -= bytes;
    }

    private void Commit(List<Work> steps)
    {
        var batch = new WriteBatch { Doubt = failure => Say(failure, steps) };
        var stores = new List<Store>();
        foreach (var step in steps) Sort(step, batch, stores);
        StorageException? failure = null;
        var started = Stopwatch.GetTimestamp();
        try
        {
            if (!batch.Empty) dialect.Write(batch);
        }
        catch (StorageException e)
        {
            failure = e;
        }
        catch (Exception e)
        {
            // Whatever a driver throws, the committer lives on: the next write tries again.
            failure = new(StorageFailure.Unavailable, "the database refused a write: " + e.Message, e);
        }
        took = Stopwatch.GetElapsedTime(started);
        Volatile.Write(ref doubt, null);
        Report(failure ?? batch.Stores.Find(store => store.Failure is not null)?.Failure);
        var answers = new Answers(steps.Count);
        foreach (var store in stores) store.Settle(failure, answers);
        foreach (var step in steps)
        {
            if (step is StoreWork) continue;
            if ((failure ?? (step as ImportWork)?.Writes.Failure) is { } own) step.TrySetException(Again(own));
            else answers.Add(step);
        }
        answers.Give();
    }

    /// <summary>Operators read the cause, once, and when it is over; the callers of every write are told less.</summary>
    private void Report(StorageException? failure)
    {
        if (failure is null == failing is null) return;
        failing = failure;
        if (failure is null) options.Warn?.Invoke("the database takes writes again", null);
        else options.Warn?.Invoke("the database refuses writes:", failure);
    }

    /// <summary>What is under way or waits may still happen, so it is not "failed"; its callers hear just that.</summary>
    private void Say(StorageException failure, List<Work> steps)
    {
        Work[] waiting;
        lock (gate)
        {
            doubt = failure;
            waiting = [.. queue];
        }
        foreach (var work in steps.Concat(waiting)) work.TrySetException(Again(failure));
    }

    private static void Sort(Work step, WriteBatch batch, List<Store> stores)
    {
        switch (step)
        {
            case StoreWork work:
                if (work.Store.Gather(work, batch)) stores.Add(work.Store);
                break;
            case ClaimWork claim:
                batch.Claims.Add(claim.Claim);
                break;
            case ImportWork import:
                batch.Stores.Add(import.Writes);
                break;
            case RenameWork rename:
                batch.Renames.Add(rename.Renames);
                break;
            case DropWork drop:
                batch.Drops.Add(drop.Store);
                break;
            case PurgeWork purge:
                batch.Purges.Add(purge.Purge);
                break;
        }
    }

    /// <summary>Each caller throws an exception of its own: stack traces are not shared.</summary>
    public static StorageException Again(StorageException failure) => new(failure.Failure, failure.Message, failure) { Brief = failure.Brief, Owner = failure.Owner };
}
