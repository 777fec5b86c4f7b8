using Npgsql;

namespace KubeFlex.Storage.Dialects.Postgres;

/// <summary>Whole databases: made, found and removed from the database "postgres" that every server has, or else "template1".</summary>
internal static class PostgresDatabases
{
    public static bool Exists(PostgresTarget target) => Run(target, connection => Exists(connection, target.Database));

    public static void Create(PostgresTarget target) => Run(target, connection =>
    {
        if (Exists(connection, target.Database)) return 0;
        try
        {
            Execute(connection, $"create database {PostgresTables.Quote(target.Database)} template template0 encoding 'UTF8'");
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.UniqueViolation)
        {
            // Another server was quicker.
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new StorageException(StorageFailure.Unavailable,
                $"a database of its own ({target.Database}) cannot be made: role \"{new NpgsqlConnectionStringBuilder(target.Connection).Username}\" lacks the right CREATEDB; grant it (alter role … createdb), or use backend: shared", e);
        }
        return 0;
    });

    public static void Drop(PostgresTarget target) => Run(target, connection =>
    {
        if (Exists(connection, target.Database)) Execute(connection, $"drop database if exists {PostgresTables.Quote(target.Database)} with (force)");
        return 0;
    });

    private static T Run<T>(PostgresTarget target, Func<NpgsqlConnection, T> work)
    {
        try
        {
            try
            {
                return In(target.In("postgres"), work);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InvalidCatalogName)
            {
                return In(target.In("template1"), work);
            }
        }
        catch (Exception e) when (PostgresErrors.Concerns(e))
        {
            throw PostgresErrors.Explain(e, target.ToString());
        }
    }

    private static T In<T>(PostgresTarget target, Func<NpgsqlConnection, T> work)
    {
        using var source = PostgresConnections.Source(new(target.Connection) { Pooling = false });
        using var connection = source.OpenConnection();
        return work(connection);
    }

    private static bool Exists(NpgsqlConnection connection, string database)
    {
        using var command = new NpgsqlCommand("select 1 from pg_database where datname = $1", connection) { Parameters = { new() { Value = database } } };
        return command.ExecuteScalar() is not null;
    }

    private static void Execute(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 60 };
        command.ExecuteNonQuery();
    }
}
