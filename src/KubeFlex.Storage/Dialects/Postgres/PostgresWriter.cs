using System.Diagnostics;
using Npgsql;

namespace KubeFlex.Storage.Dialects.Postgres;

/// <summary>
/// Makes batches durable, one round trip each. The hard part is a connection that breaks before the answer to COMMIT: then nobody knows whether
/// the batch has happened. Example: batch 7 is on its way and the connection is cut.
/// 1. Each batch writes its number into this server's row of the writer table, in the same transaction. So the row tells what has happened.
/// 2. But batch 7 may still be on its way, in a buffer of a pooler, say. So we first end the transaction if it runs, and then raise the fence in the
///    row; a batch counts only under the fence it was sent with. That update waits for whatever still holds the row, and answers with
///    the last batch's number: 7, it has happened; 6, it has not and never will.
/// 3. It has not: it is sent again, as 8, and its callers do not notice. It has: what it would have answered is asked for anew.
/// While the database stays away, the callers are told that it is not known, and the batch goes on waiting for the answer.
/// </summary>
internal sealed class PostgresWriter
{
    /// <summary>A restarted or failed-over database is back within this, and callers wait so long for it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>When the datastore closes, a batch whose outcome is not known gets this long.</summary>
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly PostgresSessions sessions = new();
    private readonly PostgresStatements statements;
    private readonly PostgresConnections connections;
    private long fence = 1;
    private long number;

    public PostgresWriter(PostgresConnections connections, PostgresTables tables)
    {
        this.connections = connections;
        statements = new(tables, sessions, Guid.NewGuid().ToString("N"));
    }

    public void Write(WriteBatch batch)
    {
        var started = Stopwatch.GetTimestamp();
        var tries = 0;
        while (true)
        {
            tries++;
            Exception failure;
            switch (Try(batch, out failure!))
            {
                case Attempt.Done:
                    return;
                case Attempt.Unknown when Settle(batch, started, failure):
                    Recall(batch);
                    return;
                case Attempt.Collided when tries < 10:
                    continue;
                case Attempt.Collided or Attempt.Refused:
                    throw PostgresErrors.Explain(failure, connections.Where);
            }
            if (!PostgresErrors.Passing(failure) || Stopwatch.GetElapsedTime(started) > Patience || connections.Closing.WaitHandle.WaitOne(Pause))
                throw PostgresErrors.Explain(failure, connections.Where);
        }
    }

    private Attempt Try(WriteBatch batch, out Exception? failure)
    {
        NpgsqlConnection connection;
        try
        {
            connection = connections.OpenWriting();
        }
        catch (Exception e) when (PostgresErrors.Concerns(e))
        {
            failure = e;
            return PostgresErrors.Passing(e) ? Attempt.Away : Attempt.Refused;
        }
        using (connection)
        {
            try
            {
                statements.Execute(connection, batch, fence, ++number);
                failure = null;
                return Attempt.Done;
            }
            catch (Exception e) when (PostgresErrors.Refused(e))
            {
                failure = e;
                Undo(connection);
                if (sessions.Changed(e))
                {
                    // The driver believes that its statements are there.
                    connections.Forget();
                    return Attempt.Collided;
                }
                return PostgresErrors.Collided(e) ? Attempt.Collided : Attempt.Refused;
            }
            catch (Exception e) when (PostgresErrors.Concerns(e))
            {
                failure = e;
                return Attempt.Unknown;
            }
        }
    }

    /// <summary>Finds out whether the last batch has happened; does not come back before it is known, unless the datastore closes.</summary>
    private bool Settle(WriteBatch batch, long started, Exception lost)
    {
        var told = false;
        long closingSince = 0;
        while (true)
        {
            connections.Forget();
            try
            {
                using var connection = connections.OpenWriting();
                (fence, var last) = statements.Fence(connection, fence);
                return last == number;
            }
            catch (Exception e) when (PostgresErrors.Concerns(e))
            {
                lost = e;
            }
            if (!told && Stopwatch.GetElapsedTime(started) > Patience)
            {
                told = true;
                batch.Doubt?.Invoke(Undecided(lost));
            }
            if (!connections.Closing.WaitHandle.WaitOne(told ? Pause * 5 : Pause)) continue;
            if (closingSince == 0) closingSince = Stopwatch.GetTimestamp();
            if (Stopwatch.GetElapsedTime(closingSince) > LastPatience) throw Undecided(lost);
            // No longer cancellable, just short.
            using var pause = new ManualResetEventSlim();
            pause.Wait(Pause);
        }
    }

    /// <summary>The batch has happened, but its answers are lost: claims are made once more, and stores without our epoch are another's by now.</summary>
    private void Recall(WriteBatch batch)
    {
        var again = new WriteBatch { Doubt = batch.Doubt };
        again.Claims.AddRange(batch.Claims);
        foreach (var claim in batch.Claims) claim.Leases.Clear();
        foreach (var store in batch.Stores) again.Stores.Add(new(store.Store, store.Epoch));
        // A name given twice is the same name.
        again.Renames.AddRange(batch.Renames);
        if (again.Empty) return;
        try
        {
            Write(again);
        }
        catch (StorageException e)
        {
            throw new StorageException(StorageFailure.Undecided, e.Message, e);
        }
        for (var i = 0; i < batch.Stores.Count; i++) batch.Stores[i].Fenced = batch.Stores[i].Doubtful = again.Stores[i].Fenced;
    }

    private StorageException Undecided(Exception lost)
    {
        var why = PostgresErrors.Explain(lost, connections.Where);
        return new(StorageFailure.Undecided, $"the connection was lost while the write was being committed, and it is not known yet whether it was ({why.Message})", why)
        {
            Brief = "the storage is unavailable, and it is not known whether the write has happened",
        };
    }

    private static void Undo(NpgsqlConnection connection)
    {
        try
        {
            using var rollback = new NpgsqlCommand("rollback", connection);
            rollback.ExecuteNonQuery();
        }
        catch (Exception e) when (PostgresErrors.Concerns(e))
        {
            // The connection is gone, and the transaction with it.
        }
    }

    private enum Attempt
    {
        Done,

        /// <summary>No connection: nothing was sent.</summary>
        Away,

        /// <summary>The database said no, and has undone it.</summary>
        Refused,

        /// <summary>It fell victim to another transaction.</summary>
        Collided,

        /// <summary>The connection broke.</summary>
        Unknown,
    }
}
