using KubeFlex.Storage.Dialects.Postgres;

namespace KubeFlex.Storage;

/// <summary>
/// Where a datastore is: <c>sqlite:FILE</c> (also <c>sqlite:///ABSOLUTE/FILE</c>), or a PostgreSQL URL as libpq takes it,
/// <c>postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full&amp;…</c>. What the URL leaves open comes from where libpq looks: PGUSER,
/// PGPASSWORD, PGPASSFILE, ~/.pgpass and so on. Its text never shows the password.
/// </summary>
public sealed class DatastoreUrl
{
    private const string Forms = "write sqlite:FILE or postgres://USER@HOST:PORT/DATABASE";

    private DatastoreUrl(string? file, PostgresTarget? postgres) => (File, Postgres) = (file, postgres);

    /// <summary>The SQLite file's full path; null for PostgreSQL.</summary>
    public string? File { get; }

    internal PostgresTarget? Postgres { get; }

    /// <summary>A SQLite file.</summary>
    public static DatastoreUrl Sqlite(string file) => new(Path.GetFullPath(file), null);

    /// <summary>Reads a URL; throws <see cref="StorageException"/> with all that is wrong with it.</summary>
    public static DatastoreUrl Parse(string text) =>
        TryParse(text, out var url, out var errors) ? url! : throw new StorageException(StorageFailure.Invalid, string.Join("; ", errors));

    /// <summary>Reads a URL, and collects every error; none of them shows a password.</summary>
    public static bool TryParse(string text, out DatastoreUrl? url, out IReadOnlyList<string> errors)
    {
        url = null;
        if (text.StartsWith("sqlite:", StringComparison.Ordinal))
        {
            var file = text["sqlite:".Length..];
            if (file.StartsWith("//", StringComparison.Ordinal)) file = file[2..];
            if (file.StartsWith("localhost/", StringComparison.Ordinal) && text.StartsWith("sqlite://localhost/", StringComparison.Ordinal)) file = file["localhost".Length..];
            List<string> wrong = [];
            if (file.Length == 0) wrong.Add("sqlite: names no file; write sqlite:FILE");
            else if (file == ":memory:") wrong.Add("sqlite::memory: would lose everything with the process; write sqlite:FILE");
            else if (text.StartsWith("sqlite://", StringComparison.Ordinal) && file[0] != '/')
                wrong.Add($"\"{text}\" has a host where none can be; write sqlite:{file} or sqlite:///ABSOLUTE/FILE");
            if (file.Contains('?', StringComparison.Ordinal)) wrong.Add("a sqlite: URL takes no parameters");
            if (file.Contains('\0', StringComparison.Ordinal)) wrong.Add("a file's name cannot hold NUL");
            errors = wrong;
            if (wrong.Count == 0) url = Sqlite(file);
        }
        else if (text.StartsWith("postgres://", StringComparison.Ordinal) || text.StartsWith("postgresql://", StringComparison.Ordinal))
        {
            var (target, wrong) = PostgresUrl.Parse(text, Environment.GetEnvironmentVariable);
            errors = wrong;
            if (target is not null) url = new(null, target);
        }
        else
        {
            // Only what stands before the colon: the rest may hold a password.
            var scheme = text.IndexOf(':', StringComparison.Ordinal) is > 0 and < 20 and var colon ? $"\"{text[..colon]}:\" is no kind of datastore: " : "a datastore is named by a URL: ";
            errors = [scheme + Forms];
        }
        return url is not null;
    }

    /// <summary>
    /// Another database on the same PostgreSQL server, for a control plane of its own; named after this one's and <paramref name="name"/>. Null for SQLite.
    /// </summary>
    public DatastoreUrl? Beside(string name) => Postgres is null ? null : new(null, Postgres.Beside(name));

    /// <summary>The URL without its password.</summary>
    public override string ToString() => Postgres?.Url ?? $"sqlite:{File}";
}
