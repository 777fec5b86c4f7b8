using Npgsql;

namespace KubeFlex.Storage.Dialects.Postgres;

/// <summary>
/// The tables, and how older ones become newer ones. Several servers may start at once: whoever has to change something takes a lock that lasts as
/// long as its transaction and looks again. A role that may not create anything can still use what is there.
/// </summary>
internal static class PostgresSchema
{
    private const int OldestServer = 15;

    /// <summary>"KFLX", the number of the lock around migrations.</summary>
    private const long MigrationLock = 0x4B464C58;

    /// <summary>Each is applied once, in order; what has been released never changes.</summary>
    private static string[] Migrations(PostgresTables tables) =>
    [
        $"""
        create table {tables.Store} (
            id bigint generated always as identity primary key,
            name text collate "C" unique,      -- null: deleted, rows still to be removed
            owner text not null,
            epoch bigint not null,
            compacted bigint not null,
            created bigint not null            -- unix milliseconds
        ) with (fillfactor = 70);
        create table {tables.Log} (
            store bigint not null,
            sequence bigint not null,
            revision bigint not null,
            create_revision bigint not null,
            version bigint not null,
            lease bigint not null,
            kind smallint not null,            -- 0 put, 1 delete
            key bytea not null,
            value bytea,
            primary key (store, sequence)
        ) with (autovacuum_vacuum_scale_factor = 0.05);
        create table {tables.Lease} (
            store bigint not null,
            id bigint not null,
            ttl bigint not null,               -- seconds
            expires bigint not null,           -- unix milliseconds; 0: kept alive, its whole time starts again with the next owner
            primary key (store, id)
        ) with (fillfactor = 70);
        create table {tables.Writer} (
            id text primary key,
            fence bigint not null,             -- grows when the server gives up on a connection: what is still on its way there must not count
            batch bigint not null,             -- number of its last committed batch
            at timestamptz not null
        ) with (fillfactor = 30);
        create table {tables.Member} (
            id text primary key,               -- a store's owner
            url text not null,
            expires timestamptz not null
        ) with (fillfactor = 30);
        """,
        $"""
        create table {tables.Setting} (
            key text primary key,
            value text not null
        );
        """,
        $"""
        alter table {tables.Store} add column writer text;    -- whose batches it has been in since its last claim
        """,
    ];

    public static void Prepare(NpgsqlConnection connection, PostgresTables tables, string where)
    {
        if (connection.PostgreSqlVersion.Major < OldestServer)
            throw new StorageException(StorageFailure.Unavailable, $"{where} is PostgreSQL {connection.PostgreSqlVersion}; KubeFlex needs {OldestServer} or later");
        var migrations = Migrations(tables);
        if (Version(connection, tables, where, migrations.Length) == migrations.Length) return;

        using var transaction = connection.BeginTransaction();
        Execute(connection, $"select pg_advisory_xact_lock({MigrationLock})");
        // The session remembers that there was no such table when it looked first, and forgets that only when it next locks a table: an advisory lock is none.
        Execute(connection, "select 1 from pg_catalog.pg_namespace limit 0");
        if (tables.Schema is { } schema && !Exists(connection, "select to_regnamespace($1)::text", PostgresTables.Quote(schema)))
            Execute(connection, $"create schema {PostgresTables.Quote(schema)}");
        var version = Version(connection, tables, where, migrations.Length);
        if (version == 0)
        {
            if (tables.Schema is null && !Exists(connection, "select current_schema()::text where $1 <> ''", "-"))
                throw new StorageException(StorageFailure.Unavailable, $"{where}: no schema of the role's search_path exists; name one in the URL: ?schema=NAME");
            Execute(connection, $"create table {tables.Version} (version integer not null); insert into {tables.Version} values (0)");
        }
        for (; version < migrations.Length; version++) Execute(connection, migrations[version]);
        Execute(connection, $"update {tables.Version} set version = {version}");
        transaction.Commit();
    }

    /// <summary>0 when there is none; refuses what a newer version wrote.</summary>
    private static long Version(NpgsqlConnection connection, PostgresTables tables, string where, int known)
    {
        if (!Exists(connection, "select to_regclass($1)::text", tables.Version)) return 0;
        using var command = new NpgsqlCommand($"select version from {tables.Version}", connection);
        var version = Convert.ToInt64(command.ExecuteScalar(), null);
        if (version > known)
            throw new StorageException(StorageFailure.Unavailable, $"{where} was written by a newer KubeFlex (schema {version}, this one knows {known}); use that version");
        return version;
    }

    private static bool Exists(NpgsqlConnection connection, string sql, string argument)
    {
        using var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = argument } } };
        return command.ExecuteScalar() is string;
    }

    private static void Execute(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }
}
