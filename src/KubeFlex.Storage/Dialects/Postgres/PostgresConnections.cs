using Npgsql;

namespace KubeFlex.Storage.Dialects.Postgres;

/// <summary>The few connections of a datastore: one for the writer, some for readers, all closed when idle for a minute.</summary>
internal sealed class PostgresConnections : IDisposable
{
    /// <summary>Connections that the server sees at most.</summary>
    public const int Most = Readers + 2;

    private const int Readers = 4;

    // The writer's is always the same one: what is prepared in a session is prepared once.
    private readonly NpgsqlDataSource source, writing;
    private readonly SemaphoreSlim reading = new(Readers);
    private readonly CancellationTokenSource closing = new();

    public PostgresConnections(PostgresTarget target)
    {
        Where = target.ToString();
        var settings = new NpgsqlConnectionStringBuilder(target.Connection)
        {
            // Nothing that another could stumble over outlives its transaction, so a pooler (PgBouncer) may give each of them another session; see PostgresSessions.
            NoResetOnClose = true,
            MaxAutoPrepare = 0,
            Enlist = false,
            Pooling = true,
            MinPoolSize = 0,
            MaxPoolSize = Most - 1,
            ConnectionIdleLifetime = 60,
            ConnectionPruningInterval = 20,
            // A server that vanishes without a word: nobody waits longer than this.
            CommandTimeout = 30,
            CancellationTimeout = 2000,
            // A batch, and the rows of a store that wakes, in few pieces.
            ReadBufferSize = 64 << 10,
            WriteBufferSize = 64 << 10,
        };
        // A unix socket knows no such thing and refuses it.
        if (!settings.Host!.StartsWith('/')) (settings.TcpKeepAlive, settings.TcpKeepAliveTime, settings.TcpKeepAliveInterval) = (true, 15, 5);
        source = Source(settings);
        settings.MaxPoolSize = 1;
        writing = Source(settings);
    }

    /// <summary>Only the driver's parts we use; the server's own types are known without asking it for a list.</summary>
    public static NpgsqlDataSource Source(NpgsqlConnectionStringBuilder settings)
    {
        var builder = new NpgsqlSlimDataSourceBuilder(settings.ToString());
        builder.EnableArrays();
        builder.EnableTransportSecurity();
        builder.EnableIntegratedSecurity();
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        return builder.Build();
    }

    /// <summary>Names the database, without the password.</summary>
    public string Where { get; }

    /// <summary>The datastore closes: waits for a database that is away end.</summary>
    public CancellationToken Closing => closing.Token;

    public void Interrupt() => closing.Cancel();

    /// <summary>For the writer of batches, which needs one at a time; dispose it to give it back.</summary>
    public NpgsqlConnection OpenWriting() => writing.OpenConnection();

    /// <summary>For a write beside it; dispose it to give it back.</summary>
    public NpgsqlConnection Open() => source.OpenConnection();

    /// <summary>Reads, with failures explained.</summary>
    public T Read<T>(Func<NpgsqlConnection, T> read)
    {
        try
        {
            reading.Wait(closing.Token);
            try
            {
                using var connection = source.OpenConnection();
                return read(connection);
            }
            finally
            {
                reading.Release();
            }
        }
        catch (Exception) when (closing.IsCancellationRequested)
        {
            throw new StorageException(StorageFailure.Closed, "the datastore is closed");
        }
        catch (Exception e) when (PostgresErrors.Concerns(e))
        {
            throw PostgresErrors.Explain(e, Where);
        }
    }

    /// <summary>Connections that broke leave the pool together, instead of failing one request after another.</summary>
    public void Forget()
    {
        source.Clear();
        writing.Clear();
    }

    public void Dispose()
    {
        closing.Cancel();
        source.Dispose();
        writing.Dispose();
    }
}
