using System.Buffers;

namespace KubeFlex.Storage.Dialects.Sqlite;

/// <summary>
/// Rows of one store in one row of the log. What moves from the journal comes in groups, and a group is cheaper to write, to read and to keep than its rows. A pack has the id
/// of its first row; its columns are <c>kind</c> 2, <c>revision</c> and <c>version</c> the revision and the sequence number of its last row, and <c>value</c> the rows
/// (<see cref="JournalRow"/>). No other row of the log lies between its first and its last one, so that the log is in order when packs are opened as they come.
/// </summary>
internal static class LogPack
{
    /// <summary>As the log's column has it, beside 0 for a put and 1 for a delete.</summary>
    public const int Kind = 2;

    /// <summary>Bytes of rows. When one row of a pack goes, the others are written anew.</summary>
    public const int Most = 32 << 10;

    /// <summary>Writes a store's rows, in packs where they are neighbours and small enough; one row alone stays what it is.</summary>
    /// <param name="insert">A statement of <see cref="SqliteSchema.Insert"/>.</param>
    /// <param name="store">Whose rows.</param>
    /// <param name="rows">In order.</param>
    public static void Write(SqliteStatement insert, long store, IReadOnlyList<KeyValue> rows)
    {
        for (int from = 0, count; from < rows.Count; from += count)
        {
            count = Length(rows, from);
            if (count > 1) Bind(insert, store, rows, from, count);
            else SqliteSchema.Bind(insert, store, rows[from]);
            insert.Run();
        }
    }

    /// <summary>The rows of a pack in order.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static void Open(ReadOnlySpan<byte> packed, Action<KeyValue> row)
    {
        for (var at = 0; at < packed.Length;) at += JournalRow.Decode(packed[at..], (_, one) => row(one));
    }

    private static int Length(IReadOnlyList<KeyValue> rows, int from)
    {
        var bytes = JournalRow.Size(rows[from]);
        var next = from + 1;
        for (; next < rows.Count && rows[next].Sequence == rows[next - 1].Sequence + 1; next++)
        {
            bytes += JournalRow.Size(rows[next]);
            if (bytes > Most) break;
        }
        return next - from;
    }

    private static void Bind(SqliteStatement insert, long store, IReadOnlyList<KeyValue> rows, int from, int count)
    {
        var size = 0;
        for (var i = from; i < from + count; i++) size += JournalRow.Size(rows[i]);
        var packed = ArrayPool<byte>.Shared.Rent(size);
        var at = 0;
        for (var i = from; i < from + count; i++)
        {
            JournalRow.Encode(packed.AsSpan(at), store, rows[i]);
            at += JournalRow.Size(rows[i]);
        }
        var last = rows[from + count - 1];
        insert.Bind(1, SqliteSchema.Id(store, rows[from].Sequence));
        insert.Bind(2, last.ModRevision);
        insert.Bind(3, Kind);
        insert.Bind(4, []);
        insert.Bind(5, packed.AsSpan(0, size));
        insert.Bind(6, 0);
        insert.Bind(7, last.Sequence);
        insert.Bind(8, 0);
        ArrayPool<byte>.Shared.Return(packed);
    }
}
