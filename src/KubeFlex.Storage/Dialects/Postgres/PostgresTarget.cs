using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace KubeFlex.Storage.Dialects.Postgres;

/// <summary>A database and how to connect to it.</summary>
/// <param name="Connection">The driver's settings; holds the password.</param>
/// <param name="Schema">Where our tables are, or null: where the role's search path leads.</param>
internal sealed record PostgresTarget(string Connection, string? Schema)
{
    /// <summary>PostgreSQL cuts longer names off without a word.</summary>
    private const int LongestName = 63;

    public string Database => Settings().Database!;

    /// <summary>As a URL without password and parameters.</summary>
    public string Url
    {
        get
        {
            var settings = Settings();
            var host = settings.Host!.Contains('/', StringComparison.Ordinal) ? Uri.EscapeDataString(settings.Host) : settings.Host;
            return $"postgres://{Uri.EscapeDataString(settings.Username!)}@{host}{(settings.Host.Contains(',', StringComparison.Ordinal) ? "" : $":{settings.Port}")}/{Uri.EscapeDataString(settings.Database!)}";
        }
    }

    public override string ToString()
    {
        var settings = Settings();
        return $"PostgreSQL database \"{settings.Database}\" at {settings.Host}{(settings.Host!.Contains(',', StringComparison.Ordinal) ? "" : $":{settings.Port}")}";
    }

    public PostgresTarget Beside(string name)
    {
        var database = $"{Database}_{name}";
        if (Encoding.UTF8.GetByteCount(database) > LongestName)
        {
            // Two long names stay two.
            var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(database)))[..12];
            var kept = database;
            while (Encoding.UTF8.GetByteCount(kept) > LongestName - 13) kept = kept[..^1];
            database = $"{kept}_{hash}";
        }
        return In(database);
    }

    public PostgresTarget In(string database) => this with { Connection = new NpgsqlConnectionStringBuilder(Connection) { Database = database }.ToString() };

    private NpgsqlConnectionStringBuilder Settings() => new(Connection);
}
