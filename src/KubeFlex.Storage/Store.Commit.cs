using KubeFlex.Storage.Dialects;
using KubeFlex.Storage.Engine;

namespace KubeFlex.Storage;

/// <summary>
/// The write path. Worked example, two writers and a failing disk: the durable revision is 7. A puts and gets revision 8, B puts on top of that and
/// gets 9 before 8 is durable; both wait in the committer's queue. The commit of 8 fails: A fails, B fails too, since it was built upon 8, and the
/// next writer starts from 7 again, so that nobody ever saw an 8 that is not on disk.
/// </summary>
public sealed partial class Store
{
    // Where the queued steps lead: the next transaction is checked against this and not against what is durable, so writers never wait in line.
    private VersionTree pending = VersionTree.Empty;
    private long pendingRevision;
    private long pendingSequence;
    private long pendingBytes;
    private int generation;
    private int outstanding;

    // The durable end of the log and the bytes that live there, to go back to.
    private long sequence;
    private long liveBytes;

    // The committer's notes about the batch in hand; its thread alone touches them.
    private readonly List<StoreWork> gathered = [];
    private StoreWrites? writes;
    private StorageException? lastFailure;

    private Action<Store, IReadOnlyList<StoreEvent>>[] listeners = [];

    /// <summary>
    /// Runs a transaction; completes when it is durable. Throws <see cref="StorageException"/> when it could not be made so: then nothing of it
    /// happened. Once queued it is not taken back: cancelling counts only before that.
    /// <para>
    /// With <paramref name="mayBlock"/> the call may hold its thread for one sync of a quick local disk: a lone writer is answered sooner.
    /// </para>
    /// </summary>
    public async ValueTask<TransactionResult> CommitAsync(Transaction transaction, CancellationToken cancellation, bool mayBlock = false)
    {
        cancellation.ThrowIfCancellationRequested();
        var bytes = TransactionCheck.Check(transaction, options);
        while (true)
        {
            // One that only looks is answered from memory.
            if (!datastore.Held) await datastore.HoldAsync(cancellation);
            if (Volatile.Read(ref view) is null) await WakeAsync().WaitAsync(cancellation);
            if (Submit(transaction, bytes, mayBlock, out var result, out var work, out var commits))
            {
                if (commits) datastore.Committer.CommitHere();
                if (work is not null) await work.Task;
                return result!;
            }
        }
    }

    /// <summary>False when the store went to sleep meanwhile.</summary>
    private bool Submit(Transaction transaction, long bytes, bool mayBlock, out TransactionResult? result, out StoreWork? work, out bool commits)
    {
        lock (writing)
        {
            (result, work, commits) = (null, null, false);
            if (refusal is { } no) throw Committer.Again(no);
            if (view is null) return false;
            ThrowIfFrozen();
            used = true;
            datastore.Committer.Admit();

            var run = new TransactionRun(pending, pendingRevision, pendingSequence, compacted, leases.Pending);
            result = run.Execute(transaction);
            // What wrote nothing and saw only durable state is answered at once; else it waits behind what it saw.
            if (run.Changes is null && Volatile.Read(ref outstanding) == 0) return true;
            var grown = Growth(run.Changes);
            if (grown > 0 && pendingBytes + grown > options.StoreBytes)
                throw new StorageException(StorageFailure.LimitExceeded, $"mvcc: database space exceeded: keys and values of a store, and {KeyValue.Overhead} for each, have at most {options.StoreBytes} bytes; delete some");
            Take(run);
            work = Queue(new(this, generation, pending, pendingRevision) { Changes = run.Changes, Bytes = bytes + 200 }, mayBlock, out commits);
            return true;
        }
    }

    private void Take(TransactionRun run)
    {
        (pending, pendingRevision, pendingSequence) = (run.Tree, run.Revision, run.Sequence);
        pendingBytes += Growth(run.Changes);
        if (run.Changes is not null) leases.Follow(run.Changes);
    }

    private static long Growth(List<KeyValue>? changes)
    {
        long bytes = 0;
        foreach (var change in changes ?? [])
        {
            bytes += change.LiveBytes;
            if (change.Older is { } older) bytes -= older.LiveBytes;
        }
        return bytes;
    }

    private StoreWork Queue(StoreWork work) => Queue(work, mayBlock: false, out _);

    /// <summary><paramref name="commits"/>: the caller has to, see <see cref="Committer.Enqueue"/>.</summary>
    private StoreWork Queue(StoreWork work, bool mayBlock, out bool commits)
    {
        (work.Leases, work.LiveBytes) = (leases.Pending, pendingBytes);
        Interlocked.Increment(ref outstanding);
        commits = datastore.Committer.Enqueue(work, mayBlock);
        return work;
    }

    /// <summary>The committer puts a step into its batch; true for the store's first one. On the committer's thread, like <see cref="Settle"/>.</summary>
    internal bool Gather(StoreWork work, WriteBatch batch)
    {
        if (work.Generation != generation)
        {
            Interlocked.Decrement(ref outstanding);
            work.TrySetException(Committer.Again(lastFailure!));
            return false;
        }
        if (work.Writes)
        {
            if (writes is null) batch.Stores.Add(writes = new(Id, epoch));
            if (work.Changes is not null) writes.Changes.AddRange(work.Changes);
            if (work.Removed is not null) writes.Removed.AddRange(work.Removed);
            if (work.LeaseRows is not null) writes.Leases.AddRange(work.LeaseRows);
            if (work.Compacted > 0) writes.Compacted = work.Compacted;
        }
        gathered.Add(work);
        return gathered.Count == 1;
    }

    /// <summary>The batch is durable, or it failed.</summary>
    internal void Settle(StorageException? failure, Answers answers)
    {
        failure ??= writes?.Failure;
        if (failure is null && writes is { Fenced: true }) failure = TakenOver();
        if (failure is null) Publish(answers);
        else GoBack(writes is { Doubtful: true } ? new(StorageFailure.Undecided, failure.Message + "; whether the write happened before is not known") : failure);
        gathered.Clear();
        writes = null;
    }

    private void Publish(Answers answers)
    {
        var last = gathered[^1];
        var trimmed = 0;
        foreach (var work in gathered)
        {
            trimmed += work.Trimmed;
            // The mark moves in a step of its own before any step that trims: readers look at it after walking.
            if (work.Compacted > 0) compacted.Revision = work.Compacted;
        }
        var changes = writes?.Changes ?? [];
        var hearing = Volatile.Read(ref listeners);
        var events = hub.Publish(changes, trimmed, last.Revision, hearing.Length > 0, () =>
        {
            if (changes.Count > 0) sequence = changes[^1].Sequence;
            liveBytes = last.LiveBytes;
            Volatile.Write(ref view, new(compacted, last.Tree, last.Revision));
            Volatile.Write(ref revision, last.Revision);
            leases.Durable = last.Leases;
            // Not under the writers' lock: the hub's gate is held here, and it is always the inner one.
            Interlocked.Add(ref outstanding, -gathered.Count);
        });
        if (events is not null)
        {
            foreach (var listener in hearing) Tell(listener, events);
        }
        // Last, so that whoever has an answer finds watchers and listeners (caches!) not behind it.
        foreach (var work in gathered) answers.Add(work);
        if (changes.Count > 0)
        {
            LimitHistory();
            datastore.KeepHouse();
        }
    }

    private void Tell(Action<Store, IReadOnlyList<StoreEvent>> listener, List<StoreEvent> events)
    {
        try
        {
            listener(this, events);
        }
        catch (Exception e)
        {
            // A listener's bug must not stop the commits of every store.
            options.Warn?.Invoke($"a listener of store \"{Name}\" failed", e);
        }
    }

    private void GoBack(StorageException failure)
    {
        lock (writing)
        {
            generation++;
            Interlocked.Add(ref outstanding, -gathered.Count);
            lastFailure = failure;
            (pending, pendingRevision, pendingSequence) = (view!.Tree, view.Revision, sequence);
            pendingBytes = liveBytes;
            compactedPending = compacted.Revision;
            leases.GoBack(pending);
        }
        foreach (var work in gathered) work.TrySetException(Committer.Again(failure));
    }
}
