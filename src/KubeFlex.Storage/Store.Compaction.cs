using KubeFlex.Storage.Engine;

namespace KubeFlex.Storage;

/// <summary>
/// Compaction. Example: put a (2), put a (3), delete b (4), put c (5), compact at 5. Change 3 made version 2 superfluous and change 4 itself is
/// a tombstone that nobody can ask for any more; both rows go, key b leaves the index, and the history starts at 5. Change 5 stays with what it
/// replaced: a watch from 5 on still tells previous values.
/// </summary>
public sealed partial class Store
{
    /// <summary>Changes per step: a few milliseconds of the database, between which the writers get their turn.</summary>
    private const int CompactionStep = 250;

    private readonly Queue<(long Stamp, long Revision)> samples = new(0);
    private SemaphoreSlim? trimming;
    private long compactedPending;
    private int compacting;
    private int limiting;

    /// <summary>Forgets the history before <paramref name="revision"/>; what was current at it stays readable and watchable (as in etcd).</summary>
    public async ValueTask CompactAsync(long revision, CancellationToken cancellation)
    {
        StoreWork? mark = null;
        while (mark is null)
        {
            await ViewAsync(cancellation);
            lock (writing)
            {
                if (refusal is { } no) throw Committer.Again(no);
                if (view is null) continue;
                if (revision <= compactedPending) throw new StorageException(StorageFailure.Compacted, "required revision has been compacted");
                if (revision > view.Revision) throw new StorageException(StorageFailure.Future, "required revision is a future revision");
                compactedPending = revision;
                compacting++;
                trimming ??= new(1);
                mark = Queue(new(this, generation, pending, pendingRevision) { Compacted = revision });
            }
        }
        try
        {
            await mark.Task;
            await trimming!.WaitAsync(cancellation);
            try
            {
                while (Trim() is { } step) await step.Task;
            }
            finally
            {
                trimming.Release();
            }
        }
        finally
        {
            lock (writing) compacting--;
        }
    }

    private StoreWork? Trim()
    {
        var changes = hub.Before(compacted.Revision, CompactionStep);
        if (changes.Count == 0) return null;
        lock (writing)
        {
            if (refusal is { } no) throw Committer.Again(no);
            var removed = new List<long>();
            foreach (var change in changes)
            {
                // A replaced tombstone went when its own turn came.
                if (change.Older is { Deleted: false } replaced) removed.Add(replaced.Sequence);
                if (!change.Deleted) continue;
                removed.Add(change.Sequence);
                if (ReferenceEquals(pending.Find(change.Key), change)) pending = pending.Without(change.Key);
            }
            return Queue(new(this, generation, pending, pendingRevision) { Removed = removed, Trimmed = changes.Count });
        }
    }

    /// <summary>One round: forgets old history, sleeps when nobody needs it. True when another round is needed later.</summary>
    internal bool KeepHouse(long now)
    {
        if (Volatile.Read(ref view) is not { } current)
        {
            samples.Clear();
            return false;
        }
        // A sample says: everything up to this revision is at least this old.
        if (samples.Count == 0 || samples.Last().Revision != current.Revision) samples.Enqueue((now, current.Revision));
        long target = 0;
        while (samples.TryPeek(out var sample) && options.Time.GetElapsedTime(sample.Stamp, now) >= options.HistoryAge && target < sample.Revision)
        {
            target = sample.Revision;
            if (samples.Count > 1) samples.Dequeue();
        }
        target = Math.Min(target, current.Revision - options.HistoryRevisions);
        if (target > CompactedRevision && Worthwhile(target)) _ = CompactBehindAsync(target);

        if (options.HibernateAfter == TimeSpan.Zero) return current.Revision - options.HistoryRevisions > CompactedRevision;
        return !SleepIfQuiet(now);
    }

    /// <summary>Moving the mark costs a commit; history that is one write longer than allowed is not worth it.</summary>
    private bool Worthwhile(long target) => target - CompactedRevision > options.HistoryRevisions / 10 || hub.Held().Bytes > 1 << 20;

    /// <summary>History past the hard limits goes whatever its age. On the committer's thread, and once more when a round is over.</summary>
    private void LimitHistory()
    {
        if (Volatile.Read(ref limiting) != 0) return;
        var (changes, bytes) = hub.Held();
        if (changes <= options.HistoryLimit && bytes <= options.HistoryBytes) return;
        // A quarter more than needed, so that a busy store does not compact with every batch.
        var target = hub.RevisionBefore(options.HistoryLimit / 4 * 3, options.HistoryBytes / 4 * 3);
        if (target <= CompactedRevision || Interlocked.Exchange(ref limiting, 1) != 0) return;
        _ = LimitBehindAsync(target);
    }

    private async Task LimitBehindAsync(long target)
    {
        var done = await CompactBehindAsync(target);
        Volatile.Write(ref limiting, 0);
        // What was written meanwhile found this round under way, and perhaps nothing is written for a long time.
        if (done) LimitHistory();
    }

    /// <summary>False when it failed: then the next write, or the next round of housekeeping, tries again.</summary>
    private async Task<bool> CompactBehindAsync(long target)
    {
        // Called from the committer and the timer: neither may run what follows.
        await Task.Yield();
        try
        {
            await CompactAsync(target, CancellationToken.None);
            return true;
        }
        catch (StorageException e) when (e.Failure is StorageFailure.Compacted or StorageFailure.Closed or StorageFailure.NotOwner)
        {
            // Somebody else did it, or it no longer matters.
            return e.Failure == StorageFailure.Compacted;
        }
        catch (StorageException e)
        {
            options.Warn?.Invoke($"compaction of store \"{Name}\" failed", e);
            return false;
        }
    }
}
