using System.Net.Sockets;
using System.Security.Authentication;
using Npgsql;

namespace KubeFlex.Storage.Dialects.Postgres;

/// <summary>The one place where the driver's and the server's errors become sentences that name the database, the cause and the way out.</summary>
internal static class PostgresErrors
{
    /// <summary>What the driver throws when the database is not as it should be.</summary>
    public static bool Concerns(Exception error) =>
        error is NpgsqlException or SocketException or IOException or TimeoutException or AuthenticationException or ObjectDisposedException or OperationCanceledException;

    /// <summary>The server took part in the decision: it refused a statement, and so nothing of the transaction has happened.</summary>
    public static bool Refused(Exception error) => error is PostgresException { InvariantSeverity: "ERROR" };

    /// <summary>The same again may well succeed: it fell victim to another transaction.</summary>
    public static bool Collided(Exception error) => error is PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected };

    /// <summary>The database may be back in a moment.</summary>
    public static bool Passing(Exception error) => error switch
    {
        PostgresException e => e.SqlState is "57P01" or "57P02" or "57P03" or "53300" || e.SqlState.StartsWith("08", StringComparison.Ordinal),
        NpgsqlException { InnerException: AuthenticationException } => false,
        NpgsqlException { InnerException: SocketException or IOException or TimeoutException } => true,
        _ => false,
    };

    public static StorageException Explain(Exception error, string where) =>
        error as StorageException ?? new(StorageFailure.Unavailable, Sentence(error, where), error) { Brief = Brief(error) };

    private static string? Brief(Exception error) => error is PostgresException { SqlState: "53100" } ? "the storage is full" : null;

    private static string Sentence(Exception error, string where) => error switch
    {
        PostgresException e => Sentence(e, where),
        _ when Find<AuthenticationException>(error) is { } tls => $"{where}: the TLS connection was refused: {Text(tls)}; see sslmode and sslrootcert in the URL",
        _ when Find<SocketException>(error) is { } socket => $"{where} cannot be reached: {Text(socket)}; check that it runs and accepts connections there",
        _ when Find<TimeoutException>(error) is not null => $"{where} does not answer in time; check its load and the network",
        _ when error.Message.Contains("No password has been provided", StringComparison.Ordinal) =>
            $"{where} asks for a password: put one into the URL, PGPASSWORD or a password file (PGPASSFILE, ~/.pgpass)",
        NpgsqlException e when e.Message.Contains("SSL", StringComparison.Ordinal) => $"{where}: {Text(e)}; see sslmode in the URL",
        _ => $"{where}: {Text(Innermost(error))}",
    };

    private static string Sentence(PostgresException e, string where) => e.SqlState switch
    {
        "28P01" or "28000" => $"{where} refuses the user: {e.MessageText}",
        "3D000" => $"{where}: {e.MessageText}; create it: createdb NAME",
        "42501" or "3F000" => $"{where}: {e.MessageText}; the role needs the right to use its schema, and at the first start to create tables there",
        "53100" or "53200" => $"{where} has no space left: {e.MessageText}; free some on its server and try again",
        "53300" => $"{where} has no connection left: {e.MessageText}; KubeFlex needs up to {PostgresConnections.Most}",
        "25006" => $"{where} is read-only, perhaps a standby; name the primary server",
        "57P03" => $"{where} is starting or stopping: {e.MessageText}",
        "57014" => $"{where} did not finish in time: {e.MessageText}",
        "23505" => $"{where} holds rows that this server has not written: {e.MessageText}; another program writes to our tables",
        _ => $"{where}: {e.MessageText} ({e.SqlState})",
    };

    private static T? Find<T>(Exception? error) where T : Exception
    {
        for (; error is not null; error = error.InnerException)
        {
            if (error is T found) return found;
        }
        return null;
    }

    private static Exception Innermost(Exception error)
    {
        while (error.InnerException is { } inner) error = inner;
        return error;
    }

    private static string Text(Exception error) => error.Message.TrimEnd('.');
}
