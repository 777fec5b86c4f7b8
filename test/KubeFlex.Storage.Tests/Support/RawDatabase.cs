using KubeFlex.Storage.Dialects.Sqlite;
using Microsoft.Data.Sqlite;

namespace KubeFlex.Storage.Tests.Support;

/// <summary>A look into a datastore's SQLite file past the datastore.</summary>
internal static class RawDatabase
{
    public static SqliteConnection Connect(string path)
    {
        var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        return connection;
    }

    public static long Number(string path, string sql)
    {
        using var connection = Connect(path);
        return SqliteSchema.Number(connection, sql);
    }

    public static void Execute(string path, string sql)
    {
        using var connection = Connect(path);
        SqliteSchema.Execute(connection, sql);
    }
}
