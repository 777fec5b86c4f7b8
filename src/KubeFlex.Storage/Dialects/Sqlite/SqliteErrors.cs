using Microsoft.Data.Sqlite;

namespace KubeFlex.Storage.Dialects.Sqlite;

/// <summary>The one place where SQLite's codes become sentences that name the file, the cause and the way out.</summary>
internal static class SqliteErrors
{
    public static StorageException Explain(SqliteException error, string path) => new(StorageFailure.Unavailable, Sentence(error, path), error)
    {
        Brief = error.SqliteErrorCode == 13 ? "the storage is full" : null,
    };

    private static string Sentence(SqliteException error, string path) => error.SqliteErrorCode switch
    {
        5 or 6 => $"{path} is locked by another program; close it there and try again",
        8 => $"{path} cannot be written: the file, its directory or the file system is read-only",
        10 => $"reading or writing {path} failed (SQLite {error.SqliteExtendedErrorCode}); check the disk",
        11 => $"{path} is corrupt; restore it from a backup, or move it away to start empty",
        13 => $"no space left for {path}; free some on its disk and try again",
        14 => $"{path} cannot be opened; check that its directory exists and may be written to",
        26 => $"{path} is not a SQLite database or is corrupt; restore it from a backup, or move it away to start empty",
        _ => $"{path}: {error.Message}",
    };
}
