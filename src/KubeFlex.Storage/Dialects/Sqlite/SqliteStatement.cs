using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace KubeFlex.Storage.Dialects.Sqlite;

/// <summary>
/// A prepared statement of the writer, one layer below the driver's commands: those cost several times what SQLite needs for a small row. Inside a
/// transaction that has the write lock, so that nothing here ever waits for another connection.
/// </summary>
internal sealed class SqliteStatement : IDisposable
{
    private readonly sqlite3 database;
    private readonly sqlite3_stmt statement;

    public SqliteStatement(SqliteConnection connection, string sql)
    {
        database = connection.Handle!;
        Check(raw.sqlite3_prepare_v3(database, sql, raw.SQLITE_PREPARE_PERSISTENT, out statement));
    }

    /// <summary>Parameters count from 1.</summary>
    public void Bind(int parameter, long value) => Check(raw.sqlite3_bind_int64(statement, parameter, value));

    /// <summary>An empty value stays one, and does not become null.</summary>
    public void Bind(int parameter, ReadOnlySpan<byte> value) => Check(value.Length == 0 ? raw.sqlite3_bind_zeroblob(statement, parameter, 0) : raw.sqlite3_bind_blob(statement, parameter, value));

    public void BindNull(int parameter) => Check(raw.sqlite3_bind_null(statement, parameter));

    /// <summary>Runs a statement that answers nothing.</summary>
    /// <returns>How many rows it changed.</returns>
    public int Run()
    {
        var code = raw.sqlite3_step(statement);
        if (code == raw.SQLITE_DONE) code = raw.sqlite3_reset(statement);
        else Fail();
        Check(code);
        return raw.sqlite3_changes(database);
    }

    /// <summary>The number in the first column of the first row; null without a row.</summary>
    public long? Number()
    {
        var code = raw.sqlite3_step(statement);
        if (code is not (raw.SQLITE_ROW or raw.SQLITE_DONE)) Fail();
        long? number = code == raw.SQLITE_ROW ? raw.sqlite3_column_int64(statement, 0) : null;
        Check(raw.sqlite3_reset(statement));
        return number;
    }

    public void Dispose() => statement.Dispose();

    // Resetting gives the reason of the failed step once more.
    private void Fail()
    {
        try
        {
            Check(raw.sqlite3_errcode(database));
        }
        finally
        {
            raw.sqlite3_reset(statement);
        }
    }

    private void Check(int code) => SqliteException.ThrowExceptionForRC(code, database);
}
