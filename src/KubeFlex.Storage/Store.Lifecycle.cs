using KubeFlex.Storage.Engine;

namespace KubeFlex.Storage;

/// <summary>Waking (reading the log back), sleeping, ending.</summary>
public sealed partial class Store
{
    private Task<StoreView>? waking;
    private long quietSince;
    private bool quiet;

    private Task<StoreView> WakeAsync()
    {
        lock (writing)
        {
            if (refusal is { } no) return Task.FromException<StoreView>(Committer.Again(no));
            if (view is { } awake) return Task.FromResult(awake);
            return waking ??= Task.Run(Wake);
        }
    }

    private StoreView Wake()
    {
        try
        {
            var log = new LogReader(compacted.Revision);
            datastore.Dialect.Load(Id, log.Add);
            if (log.Revision != 0 && log.Revision != revision && datastore.Self is not null) throw TakenOver();
            if (log.Revision != 0 && log.Revision != revision)
                throw new StorageException(StorageFailure.Unavailable, $"the log of store \"{Name}\" ends at revision {log.Revision} where {revision} was expected: another program has written to the database");
            lock (writing)
            {
                (pending, pendingRevision, pendingSequence) = (log.Index(), revision, log.Sequence);
                sequence = log.Sequence;
                pendingBytes = liveBytes = log.LiveBytes;
                hub.Restore(log.History, revision);
                leases.Attach(pending);
                var loaded = new StoreView(compacted, pending, revision);
                Volatile.Write(ref view, loaded);
                // Rows that a compaction had no time to remove.
                if (log.Superfluous.Count > 0 && refusal is null) Queue(new(this, generation, pending, pendingRevision) { Removed = log.Superfluous });
                return loaded;
            }
        }
        finally
        {
            lock (writing) waking = null;
            used = true;
            datastore.KeepHouse();
        }
    }

    private StorageException TakenOver()
    {
        var reason = new StorageException(StorageFailure.NotOwner, $"store \"{Name}\" has been taken over by another server");
        datastore.StepDown(this, reason);
        return reason;
    }

    /// <summary>Drops the index unless somebody needs it; the next request reads it back.</summary>
    internal bool TryHibernate()
    {
        lock (writing)
        {
            if (view is null) return true;
            if (outstanding > 0 || compacting > 0 || waking is not null || !hub.TryForget()) return false;
            Volatile.Write(ref view, null);
            pending = VersionTree.Empty;
            leases.Attach(pending);
            return true;
        }
    }

    /// <summary>Whether the index is in memory.</summary>
    internal bool Awake => Volatile.Read(ref view) is not null;

    private bool SleepIfQuiet(long now)
    {
        if (used || !quiet)
        {
            (used, quiet, quietSince) = (false, true, now);
            return false;
        }
        return options.Time.GetElapsedTime(quietSince, now) >= options.HibernateAfter && TryHibernate();
    }

    /// <summary>Refuses everything from now on. Queued writes still finish.</summary>
    internal void Refuse(StorageException reason)
    {
        lock (writing) refusal ??= reason;
    }

    /// <summary>Ends the watches.</summary>
    internal void Close() => hub.Close();
}
