using Microsoft.Data.Sqlite;

namespace KubeFlex.Storage.Dialects.Sqlite;

/// <summary>
/// The writing connection with its prepared statements, and the journal. One caller at a time; beside it a thread moves the journal's rows into the log, on the same connection.
/// </summary>
internal sealed class SqliteWriter : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly string path;
    private readonly SqliteTables tables;
    private readonly SqliteLogWrites? log;
    private readonly SqliteJournal journal;
    private readonly JournalMover mover;
    private readonly SqliteCheckpoint checkpoint;
    private readonly TimeSpan pause;
    private readonly Timer rest;

    // Held through a transaction.
    private readonly Lock database = new();

    // Whether the caller wants the lock: locks are not fair.
    private volatile bool wanted;

    // Epochs as they are in the database. Nobody else changes them: the file is ours alone.
    private readonly Dictionary<long, long?> epochs = [];

    // Of the batch in hand, for the journal.
    private readonly List<(long Store, KeyValue Row)> rows = [];

    /// <param name="connection">Disposed with this.</param>
    /// <param name="path">The file.</param>
    /// <param name="connect">Makes another connection.</param>
    /// <param name="pause">After so long without a batch for the journal, what it holds moves into the log.</param>
    public SqliteWriter(SqliteConnection connection, string path, Func<SqliteConnection> connect, TimeSpan pause)
    {
        (this.connection, this.path, this.pause) = (connection, path, pause);
        checkpoint = new(connect);
        mover = new(Move);
        tables = new(connection, path);
        journal = new(connection, path);
        log = SqliteLogWrites.Of(connection);
        rest = new(_ => Rest());
        if (!journal.Empty) rest.Change(pause, Timeout.InfiniteTimeSpan);
    }

    public SqliteConnection Connection => connection;

    /// <summary>Rows of a store that may not be in the log yet, in the order they were written; on any thread.</summary>
    public List<KeyValue> Waiting(long store) => journal.RowsOf(store);

    /// <summary>Bytes written to the log so far; null where nobody counts them.</summary>
    public long? Logged => log?.Written;

    public void Write(WriteBatch batch)
    {
        var suited = SqliteJournal.Suited(batch);
        var alone = suited.Count == batch.Stores.Count && !batch.MovesStores;
        if (!alone) WriteTables(batch, suited);
        if (suited.Count == 0) return;
        try
        {
            WriteJournal(suited);
        }
        catch (Exception e) when (!alone && (e is StorageException || SqliteErrors.Knows(e)))
        {
            // The rest of the batch has happened.
            var failure = e as StorageException ?? SqliteErrors.Explain(e, path);
            foreach (var store in suited) store.Failure = failure;
        }
    }

    public void Dispose()
    {
        rest.Dispose();
        mover.Dispose();
        checkpoint.Stop();
        tables.Dispose();
        journal.Dispose();
        log?.Dispose();
        connection.Dispose();
    }

    /// <summary>All of a batch but some stores.</summary>
    private void WriteTables(WriteBatch batch, List<StoreWrites> without)
    {
        wanted = true;
        lock (database)
        {
            wanted = false;
            if (batch.MovesStores) epochs.Clear();
            Transact(() =>
            {
                if (journal.Conflicts(batch)) journal.MoveAll();
                foreach (var claim in batch.Claims) tables.Claim(claim);
                var removed = false;
                var apart = without.Count == 0 ? [] : without.ToHashSet();
                foreach (var store in batch.Stores)
                {
                    if (!apart.Contains(store)) removed |= tables.Append(store);
                }
                foreach (var renames in batch.Renames) tables.Rename(renames);
                foreach (var store in batch.Drops) tables.Drop(store);
                foreach (var store in batch.Purges) removed |= tables.Purge(store);
                if (removed) tables.Reclaim();
            });
            checkpoint.Written(batch, this);
        }
    }

    private void WriteJournal(List<StoreWrites> stores)
    {
        if (journal.Full)
        {
            mover.Start();
            mover.Wait();
        }
        try
        {
            foreach (var store in stores)
            {
                store.Fenced = KnownEpoch(store.Store) != store.Epoch;
                if (store.Fenced) continue;
                foreach (var change in store.Changes) rows.Add((store.Store, change));
            }
            if (rows.Count > 0) journal.Commit(rows);
        }
        finally
        {
            rows.Clear();
        }
        if (journal.Moving) mover.Start();
        rest.Change(pause, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Nobody has used the journal for some time: its rows need not be in memory, nor be read at the next opening.</summary>
    private void Rest()
    {
        journal.Rest();
        if (journal.Empty) return;
        mover.Start();
        try
        {
            rest.Change(pause, Timeout.InfiniteTimeSpan);
        }
        catch (ObjectDisposedException)
        {
            // The datastore has been closed meanwhile.
        }
    }

    /// <summary>One step of the mover.</summary>
    private bool Move()
    {
        while (wanted) Thread.Yield();
        lock (database)
        {
            try
            {
                Transact(journal.Move);
            }
            catch (Exception e) when (SqliteErrors.Knows(e))
            {
                throw SqliteErrors.Explain(e, path);
            }
            checkpoint.Written(null, this);
        }
        return journal.Moving;
    }

    private void Transact(Action work)
    {
        var committed = false;
        try
        {
            tables.Transact(work);
            committed = true;
        }
        finally
        {
            journal.Settle(committed);
        }
    }

    private long? KnownEpoch(long store)
    {
        if (epochs.TryGetValue(store, out var known)) return known;
        wanted = true;
        lock (database)
        {
            wanted = false;
            return epochs[store] = tables.EpochOf(store);
        }
    }
}
