using Microsoft.Data.Sqlite;

namespace KubeFlex.Storage.Dialects.Sqlite;

/// <summary>
/// Moves the write-ahead log into the file without stopping the writer: SQLite's own way does it inside a commit, and whoever waits for that one
/// waits tens of milliseconds. A second connection moves what is there while the writer goes on; then the writer moves the little that came
/// meanwhile, which leaves the log empty, and its next commit starts the log anew.
/// </summary>
internal sealed class SqliteCheckpoint(Func<SqliteConnection> connect)
{
    private const long Every = 32L << 20;

    /// <summary>What the writer may move itself; more is moved beside it once more.</summary>
    private const long Little = 4L << 20;

    /// <summary>Each pass has less to do than the one before, unless the disk is too slow for that.</summary>
    private const int MostPasses = 4;

    private const int Page = 4096;

    private long written;
    private Task? behind;
    private int passes;
    private long counted;

    /// <summary>The writer has committed a batch, or rows of the journal (null). Under its lock.</summary>
    public void Written(WriteBatch? batch, SqliteWriter writer)
    {
        if (writer.Logged is { } logged) (written, counted) = (written + logged - counted, logged);
        else written += batch is null ? Little : Estimate(batch);
        if (behind is { IsCompleted: true })
        {
            behind = null;
            if (written > Little && passes < MostPasses) Start();
            else
            {
                passes = 0;
                Move(writer.Connection);
            }
        }
        else if (behind is null && written > Every) Start();
    }

    // A row is copied at least once, and every store touched dirties at least one page.
    private static long Estimate(WriteBatch batch)
    {
        var bytes = (batch.Claims.Count + (batch.Purges.Count * 64L)) * Page;
        foreach (var store in batch.Stores)
        {
            bytes += Page + (store.Removed.Count * 64L);
            foreach (var change in store.Changes) bytes += change.Key.Length + change.Value.Length + 64;
        }
        return bytes;
    }

    private void Start()
    {
        (written, passes) = (0, passes + 1);
        // Not on one of the pool's few threads: those belong to requests.
        behind = Task.Factory.StartNew(
            () =>
            {
                using var connection = connect();
                Move(connection);
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Waits for the one under way.</summary>
    public void Stop()
    {
        try
        {
            behind?.Wait();
        }
        catch (AggregateException)
        {
            // As below.
        }
    }

    private static void Move(SqliteConnection connection)
    {
        try
        {
            SqliteSchema.Execute(connection, "pragma wal_checkpoint(passive)");
        }
        catch (SqliteException)
        {
            // The log keeps everything and is tried again later; a disk that is really full fails the next commit, which has callers to tell.
        }
    }
}
