using Microsoft.Data.Sqlite;

namespace KubeFlex.Storage.Dialects.Sqlite;

/// <summary>
/// A SQLite file: write-ahead log, every commit synced. One connection writes; others read beside it when a store is opened. Another process is
/// kept out by a lock on a file beside it, which the operating system releases with the process, however that ends.
/// </summary>
internal sealed class SqliteDialect : IDialect
{
    private const int IdleReaders = 2;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly string path;
    private readonly FileStream exclusive;
    private readonly SqliteWriter writer;
    private readonly Stack<SqliteConnection> readers = new();
    private bool disposed;

    private SqliteDialect(string path, FileStream exclusive, SqliteWriter writer)
    {
        (this.path, this.exclusive, this.writer) = (path, exclusive, writer);
    }

    /// <summary>Opens or creates the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="pragma">For tests that make the writer fail.</param>
    /// <param name="pause">How long nobody uses the journal before it moves although it is not full; null for the usual time.</param>
    public static SqliteDialect Open(string path, string? pragma = null, TimeSpan? pause = null)
    {
        path = Path.GetFullPath(path);
        var exclusive = Lock(path);
        SqliteConnection? connection = null;
        try
        {
            connection = Connect(path, SqliteOpenMode.ReadWriteCreate);
            SqliteSchema.Prepare(connection, path);
            // SqliteCheckpoint moves the log; SQLite's own threshold is only the net below it.
            // What moves from the journal changes pages of many stores: with SQLite's 2 MiB it would write them to the log and read them back several times over.
            SqliteSchema.Execute(connection, "pragma synchronous=full; pragma cache_size=-32768; pragma wal_autocheckpoint=50000; pragma journal_size_limit=134217728");
            if (pragma is not null) SqliteSchema.Execute(connection, pragma);
            return new(path, exclusive, new(connection, path, () => Connect(path, SqliteOpenMode.ReadWrite), pause ?? Pause));
        }
        catch (Exception e)
        {
            connection?.Dispose();
            exclusive.Dispose();
            if (SqliteErrors.Knows(e)) throw SqliteErrors.Explain(e, path);
            throw;
        }
    }

    public bool Local => true;

    public IReadOnlyList<string> Stores() => Read(connection =>
    {
        var names = new List<string>();
        using var command = connection.CreateCommand();
        command.CommandText = "select name from store where name is not null order by name";
        using var reader = command.ExecuteReader();
        while (reader.Read()) names.Add(reader.GetString(0));
        return names;
    });

    public IReadOnlyList<long> Dropped() => Read(connection =>
    {
        var ids = new List<long>();
        using var command = connection.CreateCommand();
        command.CommandText = "select id from store where name is null";
        using var reader = command.ExecuteReader();
        while (reader.Read()) ids.Add(reader.GetInt64(0));
        return ids;
    });

    public void Load(long store, Action<KeyValue> row)
    {
        // Asked before the log is read: what moves in between is met twice, and nothing is missed.
        using var waiting = writer.Waiting(store).GetEnumerator();
        var more = waiting.MoveNext();
        void Before(long sequence)
        {
            for (; more && waiting.Current.Sequence < sequence; more = waiting.MoveNext()) row(waiting.Current);
            if (more && waiting.Current.Sequence == sequence) more = waiting.MoveNext();
        }
        void Next(KeyValue next)
        {
            Before(next.Sequence);
            row(next);
        }
        Read(connection =>
        {
            using var command = connection.CreateCommand();
            command.CommandText = "select id, revision, kind, key, value, create_revision, version, lease from log where id >= $first and id < $end order by id";
            command.Parameters.AddWithValue("$first", SqliteSchema.FirstId(store));
            command.Parameters.AddWithValue("$end", SqliteSchema.FirstId(store + 1));
            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                if (reader.GetInt64(2) == LogPack.Kind)
                {
                    LogPack.Open(reader.GetFieldValue<byte[]>(4), Next);
                    continue;
                }
                Next(new()
                {
                    Sequence = SqliteSchema.Sequence(reader.GetInt64(0)),
                    ModRevision = reader.GetInt64(1),
                    Key = reader.GetFieldValue<byte[]>(3),
                    Value = reader.IsDBNull(4) ? [] : reader.GetFieldValue<byte[]>(4),
                    CreateRevision = reader.GetInt64(5),
                    Version = reader.GetInt64(6),
                    Lease = reader.GetInt64(7),
                });
            }
            return 0;
        });
        Before(long.MaxValue);
    }

    public void Write(WriteBatch batch)
    {
        try
        {
            writer.Write(batch);
        }
        catch (Exception e) when (SqliteErrors.Knows(e))
        {
            throw SqliteErrors.Explain(e, path);
        }
    }

    public void Interrupt()
    {
        // A local disk answers, or the file system fails the call.
    }

    public long Size() => Files(path).Sum(file => new FileInfo(file) is { Exists: true } info ? info.Length : 0);

    /// <summary>A database's files.</summary>
    public static IEnumerable<string> Files(string path) => [path, path + "-wal", path + "-shm", .. SqliteJournal.Paths(path), path + ".lock"];

    public void Dispose()
    {
        lock (readers)
        {
            if (disposed) return;
            disposed = true;
            foreach (var reader in readers) reader.Dispose();
            readers.Clear();
        }
        writer.Dispose();
        exclusive.Dispose();
    }

    private T Read<T>(Func<SqliteConnection, T> read)
    {
        try
        {
            SqliteConnection? connection;
            lock (readers)
            {
                if (disposed) throw new StorageException(StorageFailure.Closed, "the datastore is closed");
                readers.TryPop(out connection);
            }
            if (connection is null)
            {
                connection = Connect(path, SqliteOpenMode.ReadWrite);
                SqliteSchema.Execute(connection, "pragma query_only=1; pragma cache_size=-256");
            }
            try
            {
                return read(connection);
            }
            finally
            {
                lock (readers)
                {
                    if (!disposed && readers.Count < IdleReaders) readers.Push(connection);
                    else connection.Dispose();
                }
            }
        }
        catch (Exception e) when (SqliteErrors.Knows(e))
        {
            throw SqliteErrors.Explain(e, path);
        }
    }

    private static SqliteConnection Connect(string path, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false, DefaultTimeout = 5 }.ToString());
        connection.Open();
        return connection;
    }

    /// <summary>Opens a file for us alone: no other process at the same time, no other user (stores hold secrets).</summary>
    internal static FileStream Private(string path, FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 1 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new(path, options);
    }

    private static FileStream Lock(string path)
    {
        FileStream? exclusive = null;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            exclusive = Private(path + ".lock", FileMode.OpenOrCreate);
            // SQLite would create it readable for everybody, and its other files take over its mode. An empty file is an empty database.
            if (!File.Exists(path)) Private(path, FileMode.OpenOrCreate).Dispose();
            return exclusive;
        }
        // EWOULDBLOCK on Linux and on macOS, ERROR_SHARING_VIOLATION on Windows.
        catch (IOException e) when ((e.HResult & 0xFFFF) is 11 or 35 or 32)
        {
            throw new StorageException(StorageFailure.Unavailable, $"{path} is in use by another KubeFlex server; stop that one or name another file", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            exclusive?.Dispose();
            throw new StorageException(StorageFailure.Unavailable, $"{path} cannot be opened: {e.Message.TrimEnd('.')}; check that its directory may be written to", e);
        }
    }
}
