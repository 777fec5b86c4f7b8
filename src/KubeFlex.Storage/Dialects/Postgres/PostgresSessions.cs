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
    /// Settings that our transactions need, as a list of expressions. The server's side of a connection whose client has vanished must not hold its locks for hours. Plans are made without
    /// looking at the parameters, of which the server would make several copies, a megabyte each. <paramref name="transaction"/>: "true" for the
    /// transaction in hand, "false" for the session.
    /// </summary>
    public static string Settings(string transaction) =>
        string.Join(", ", new[] { ("tcp_keepalives_idle", "10"), ("tcp_keepalives_interval", "5"), ("tcp_keepalives_count", "3"), ("plan_cache_mode", "force_generic_plan") }
            .Select(one => $"set_config('{one.Item1}', '{one.Item2}', {transaction})"));

    /// <summary>Asks the server once for each connection, and prepares the session if it lasts.</summary>
    public bool Last(NpgsqlConnection connection)
    {
        if (misled) return false;
        if (connection.ProcessID == asked) return lasting;
        using (var ask = new NpgsqlCommand("select pg_backend_pid()", connection)) lasting = (int)ask.ExecuteScalar()! == connection.ProcessID;
        if (lasting)
        {
            using var set = new NpgsqlCommand("select " + Settings("false"), connection);
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
