using Microsoft.Data.Sqlite;

namespace KubeFlex.EndToEnd.Harness;

/// <summary>A look into the server's database from outside.</summary>
internal static class Database
{
    /// <summary>Names of the stores; a deleted one whose rows are still to be removed is shown as "(deleted)".</summary>
    public static IReadOnlyList<string> Stores(string file) => Query(file, "select coalesce(name, '(deleted)') from store order by 1");

    /// <summary>How many rows of the log belong to a store that is not there.</summary>
    public static long StrayRows(string file) => long.Parse(Query(file, "select count(*) from log where id >> 40 not in (select id from store)")[0], System.Globalization.CultureInfo.InvariantCulture);

    private static List<string> Query(string file, string sql)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read()) rows.Add(reader.GetValue(0).ToString()!);
        return rows;
    }
}
