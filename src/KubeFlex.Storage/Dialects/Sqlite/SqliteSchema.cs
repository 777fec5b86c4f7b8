using Microsoft.Data.Sqlite;

namespace KubeFlex.Storage.Dialects.Sqlite;

/// <summary>The tables, and how older files become newer ones: each migration is one transaction that also moves <c>user_version</c>.</summary>
internal static class SqliteSchema
{
    /// <summary>"KFLX": tells our files from other programs' databases.</summary>
    private const int ApplicationId = 0x4B464C58;

    /// <summary>A row's id is its store's number and its sequence number there: a store is one stretch of one B-tree, appended to at its end.</summary>
    public const int SequenceBits = 40;

    private static readonly string[] Migrations =
    [
        $"""
        create table store (
            id integer primary key,
            name text unique,             -- null: deleted, rows still to be removed
            owner text not null,
            epoch integer not null,
            compacted integer not null,
            created integer not null      -- unix milliseconds
        );
        create table log (
            id integer primary key,       -- store << {SequenceBits} | sequence
            revision integer not null,
            kind integer not null,        -- 0 put, 1 delete
            key blob not null,
            value blob,
            create_revision integer not null,
            version integer not null,
            lease integer not null
        );
        """,
        """
        create table lease (
            store integer not null,
            id integer not null,
            ttl integer not null,         -- seconds
            expires integer not null,     -- unix milliseconds; 0: kept alive, see LeaseRow
            primary key (store, id)
        ) without rowid;
        """,
        """
        create table journal (
            id integer primary key,
            data blob not null            -- rows of the log that have not moved there yet, see SqliteJournal
        );
        """,
        // Rows in the journal may be in the log already: version 3 would take that for damage.
        "",
        // Version 4 would not look for the rows in the journal's files, nor open packs (LogPack). Drain has moved the rows of its table.
        """
        drop table journal;
        create table journal (
            id blob not null,             -- of this database: its journal's files name it, see JournalFile
            moved integer not null        -- the last generation whose rows have all moved into the log, see SqliteJournal
        );
        insert into journal (id, moved) values (randomblob(16), 0);
        """,
    ];

    /// <summary>The first version whose journal is in files of its own, and the first that had one.</summary>
    private const int JournalFiles = 5, JournalTable = 3;

    public static long FirstId(long store) => store << SequenceBits;

    public static long Id(long store, long sequence) => store << SequenceBits | sequence;

    public static long Sequence(long id) => id & ((1L << SequenceBits) - 1);

    /// <summary>A statement that puts a row into the log, see <see cref="Bind"/>; <paramref name="verb"/> as SQLite's grammar has it.</summary>
    public static string Insert(string verb) => verb + " into log (id, revision, kind, key, value, create_revision, version, lease) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

    /// <summary>A row's columns, for a statement of <see cref="Insert"/>.</summary>
    public static void Bind(SqliteStatement insert, long store, KeyValue row)
    {
        insert.Bind(1, Id(store, row.Sequence));
        insert.Bind(2, row.ModRevision);
        insert.Bind(3, row.Deleted ? 1 : 0);
        insert.Bind(4, row.Key);
        if (row.Deleted) insert.BindNull(5);
        else insert.Bind(5, row.Value);
        insert.Bind(6, row.CreateRevision);
        insert.Bind(7, row.Version);
        insert.Bind(8, row.Lease);
    }

    /// <summary>Makes the file ours and current; refuses what another program or a newer version wrote.</summary>
    public static void Prepare(SqliteConnection connection, string path)
    {
        var version = Number(connection, "pragma user_version");
        var application = Number(connection, "pragma application_id");
        var tables = Number(connection, "select count(*) from sqlite_master");
        if (application != ApplicationId && (application != 0 || tables > 0))
            throw new StorageException(StorageFailure.Unavailable, $"{path} is a SQLite database of another program; name another file");
        if (version > Migrations.Length)
            throw new StorageException(StorageFailure.Unavailable, $"{path} was written by a newer KubeFlex (schema {version}, this one knows {Migrations.Length}); use that version");

        // Before the first table, else it has no effect.
        if (tables == 0) Execute(connection, "pragma auto_vacuum=incremental");
        Execute(connection, "pragma journal_mode=wal");
        if (version is >= JournalTable and < JournalFiles) Drain(connection);
        for (; version < Migrations.Length; version++)
            Execute(connection, $"begin immediate; {Migrations[version]} pragma application_id={ApplicationId}; pragma user_version={version + 1}; commit");
    }

    /// <summary>The id of the database for the files of its journal, and the last generation that has moved.</summary>
    public static (byte[] Id, long Moved) Journal(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "select id, moved from journal";
        using var reader = command.ExecuteReader();
        reader.Read();
        return (reader.GetFieldValue<byte[]>(0), reader.GetInt64(1));
    }

    /// <summary>Moves the rows of an older version's journal into the log; some may be there already.</summary>
    private static void Drain(SqliteConnection connection)
    {
        Execute(connection, "begin immediate");
        using (var insert = new SqliteStatement(connection, Insert("insert or ignore")))
        {
            using var command = connection.CreateCommand();
            command.CommandText = "select data from journal order by id";
            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                var data = reader.GetFieldValue<byte[]>(0);
                for (var at = 0; at < data.Length;)
                {
                    at += JournalRow.Decode(data.AsSpan(at), (store, row) =>
                    {
                        Bind(insert, store, row);
                        insert.Run();
                    });
                }
            }
        }
        Execute(connection, "delete from journal; commit");
    }

    public static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        do
        {
            // Some pragmas work row by row.
            while (reader.Read()) { }
        }
        while (reader.NextResult());
    }

    public static long Number(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt64(command.ExecuteScalar(), null);
    }
}
