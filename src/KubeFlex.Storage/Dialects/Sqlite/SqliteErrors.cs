using Microsoft.Data.Sqlite;

namespace KubeFlex.Storage.Dialects.Sqlite;

/// <summary>The one place where SQLite's codes become sentences that name the file, the cause and the way out.</summary>
internal static class SqliteErrors
{
    /// <summary>Whether <see cref="Explain"/> has a sentence for it.</summary>
    public static bool Knows(Exception error) => error is SqliteException or InvalidDataException or IOException or UnauthorizedAccessException;

    /// <summary>SQLite's, of a row that makes no sense, or of a file beside the database that SQLite knows nothing of (<see cref="SqliteJournal"/>).</summary>
    public static StorageException Explain(Exception error, string path)
    {
        // ENOSPC on Linux and macOS, EDQUOT there and here, ERROR_HANDLE_DISK_FULL and ERROR_DISK_FULL on Windows.
        var full = error is SqliteException { SqliteErrorCode: 13 } || error is IOException && (error.HResult & 0xFFFF) is 28 or 122 or 69 or 39 or 112;
        var sentence = error switch
        {
            _ when full => $"no space left for {path}; free some on its disk and try again",
            SqliteException known => Sentence(known, path),
            InvalidDataException => Corrupt(path),
            _ => $"reading or writing the journal of {path} failed: {error.Message.TrimEnd('.')}; check the disk",
        };
        return new(StorageFailure.Unavailable, sentence, error) { Brief = full ? "the storage is full" : null };
    }

    private static string Sentence(SqliteException error, string path) => error.SqliteErrorCode switch
    {
        5 or 6 => $"{path} is locked by another program; close it there and try again",
        8 => $"{path} cannot be written: the file, its directory or the file system is read-only",
        10 => $"reading or writing {path} failed (SQLite {error.SqliteExtendedErrorCode}); check the disk",
        11 => Corrupt(path),
        14 => $"{path} cannot be opened; check that its directory exists and may be written to",
        26 => $"{path} is not a SQLite database or is corrupt; restore it from a backup, or move it away to start empty",
        _ => $"{path}: {error.Message}",
    };

    private static string Corrupt(string path) => $"{path} is corrupt; restore it from a backup, or move it away to start empty";
}
