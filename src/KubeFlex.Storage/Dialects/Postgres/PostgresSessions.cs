using Npgsql;

namespace KubeFlex.Storage.Dialects.Postgres;

/// <summary>
/// Whether a connection leads to one and the same session of the server for as long as it lasts. Then statements are prepared in it: to parse and plan them
/// anew for every batch was most of the database's time for a small one.
/// <para>
/// A pooler in between may give each transaction another session, which knows nothing of what was prepared. It shows in the session's number: the server names it
/// when a connection is made, a pooler names one of its own. Should one pass the server's on and change sessions all the same, the server does not find
/// a statement, the batch has not happened, and from then on nothing is prepared.
/// </para>
/// </summary>
internal sealed class PostgresSessions
{
    private int asked;
    private bool lasting;
    private bool misled;

    /// <summary>
    /// Settings for the server's side of a connection whose client has vanished: its locks must not outlast it for hours. <paramref name="transaction"/>: "true" for the
    /// transaction in hand, "false" for the session.
    /// </summary>
    public static string Vigilant(string transaction) =>
        string.Join(", ", new[] { ("idle", 10), ("interval", 5), ("count", 3) }.Select(one => $"set_config('tcp_keepalives_{one.Item1}', '{one.Item2}', {transaction})"));

    /// <summary>Asks the server once for each connection, and prepares the session if it lasts.</summary>
    public bool Last(NpgsqlConnection connection)
    {
        if (misled) return false;
        if (connection.ProcessID == asked) return lasting;
        using (var ask = new NpgsqlCommand("select pg_backend_pid()", connection)) lasting = (int)ask.ExecuteScalar()! == connection.ProcessID;
        if (lasting)
        {
            using var set = new NpgsqlCommand("select " + Vigilant("false"), connection);
            set.ExecuteNonQuery();
        }
        asked = connection.ProcessID;
        return lasting;
    }

    /// <summary>Whether an error says that sessions change after all.</summary>
    public bool Changed(Exception error)
    {
        var changed = error is PostgresException { SqlState: PostgresErrorCodes.InvalidSqlStatementName or PostgresErrorCodes.DuplicatePreparedStatement };
        misled |= changed;
        return changed;
    }
}
