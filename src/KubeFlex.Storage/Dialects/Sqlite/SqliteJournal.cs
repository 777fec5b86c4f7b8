using System.Buffers.Binary;
using Microsoft.Data.Sqlite;

namespace KubeFlex.Storage.Dialects.Sqlite;

/// <summary>
/// What many stores write at once. In the log a store is one stretch of the tree, so a batch in which a thousand stores write one row each changes a thousand
/// pages or more, for one megabyte of rows. Such a batch goes into the table <c>journal</c> instead, in pieces at its end, and only after several of them all
/// their rows move into the log together, so that a changed page takes several new rows.
/// <para>
/// Example: batches 1 to 7, a thousand stores each, put 1.1 MB each into the journal. With batch 8 it is full: in the same transaction 8,000 rows go into
/// the log in the order of their numbers, eight per store, and the journal is empty.
/// </para>
/// A journal row is as durable as a row of the log, in the same transaction as the fence. It never meets anything else: any other batch first moves what is
/// there, and so does the opening of the file. Rows of a store in the journal are therefore always newer than those in the log.
/// </summary>
internal sealed class SqliteJournal : IDisposable
{
    /// <summary>From so many stores in one batch on, with so few rows each.</summary>
    private const int FewestStores = 16, MostRows = 4;

    /// <summary>Bytes that wait before they move: the move holds the writer up, and a longer one would be felt.</summary>
    private const int Most = 8 << 20;

    /// <summary>Bytes of a piece; a larger row has a piece of its own.</summary>
    private const int Piece = 60 << 10;

    private const int Head = (6 * sizeof(long)) + (2 * sizeof(int));

    private readonly SqliteStatement add, clear;
    private readonly Action<long, KeyValue> insert;
    private readonly List<(long Store, KeyValue Row)> waiting = [];
    private readonly List<(long Store, KeyValue Row)> added = [];
    private byte[] piece = new byte[Piece];
    private long bytes;
    private bool moved;

    /// <summary><paramref name="insert"/> puts a row into the log.</summary>
    public SqliteJournal(SqliteConnection connection, Action<long, KeyValue> insert)
    {
        this.insert = insert;
        add = new(connection, "insert into journal (data) values (?1)");
        clear = new(connection, "delete from journal");
        Read(connection, (store, row) => waiting.Add((store, row)));
        bytes = waiting.Sum(one => (long)Size(one.Row));
    }

    public bool Empty => waiting.Count == 0;

    /// <summary>Whether a batch is of the kind that the journal is for.</summary>
    public static bool Suits(WriteBatch batch) =>
        batch.Stores.Count >= FewestStores && batch.Claims.Count + batch.Renames.Count + batch.Drops.Count + batch.Purges.Count == 0
        && batch.Stores.TrueForAll(store => store.Changes.Count <= MostRows && store.Removed.Count == 0);

    /// <summary>A row of the batch in hand.</summary>
    public void Add(long store, KeyValue row) => added.Add((store, row));

    /// <summary>Writes what was added, and moves everything when that is enough. Inside the transaction.</summary>
    public void Write()
    {
        if (added.Count == 0) return;
        bytes += added.Sum(one => (long)Size(one.Row));
        if (bytes > Most)
        {
            Move();
            return;
        }
        var length = 0;
        foreach (var (store, row) in added)
        {
            var size = Size(row);
            if (length > 0 && length + size > piece.Length) length = Put(length);
            if (size > piece.Length) piece = new byte[size];
            Encode(piece.AsSpan(length), store, row);
            length += size;
        }
        Put(length);
        if (piece.Length > Piece) piece = new byte[Piece];
    }

    private int Put(int length)
    {
        add.Bind(1, piece.AsSpan(0, length));
        add.Run();
        return 0;
    }

    /// <summary>Moves everything, what was added included, into the log. Inside the transaction.</summary>
    public void Move()
    {
        // In the order of the tree: each page is looked for once.
        foreach (var (store, row) in waiting.Concat(added).OrderBy(one => SqliteSchema.Id(one.Store, one.Row.Sequence))) insert(store, row);
        clear.Run();
        moved = true;
    }

    /// <summary>The transaction is over.</summary>
    public void Settle(bool committed)
    {
        if (committed && moved) waiting.Clear();
        else if (committed) waiting.AddRange(added);
        if (moved || !committed) bytes = waiting.Sum(one => (long)Size(one.Row));
        added.Clear();
        moved = false;
    }

    public void Dispose()
    {
        add.Dispose();
        clear.Dispose();
    }

    /// <summary>All rows in the journal, in the order they were written.</summary>
    public static void Read(SqliteConnection connection, Action<long, KeyValue> row)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "select data from journal order by id";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var data = reader.GetFieldValue<byte[]>(0);
            for (var at = 0; at < data.Length;) at += Decode(data.AsSpan(at), row);
        }
    }

    private static int Size(KeyValue row) => Head + row.Key.Length + row.Value.Length;

    private static void Encode(Span<byte> to, long store, KeyValue row)
    {
        foreach (var number in (ReadOnlySpan<long>)[store, row.Sequence, row.ModRevision, row.CreateRevision, row.Version, row.Lease])
        {
            BinaryPrimitives.WriteInt64LittleEndian(to, number);
            to = to[sizeof(long)..];
        }
        foreach (var length in (ReadOnlySpan<int>)[row.Key.Length, row.Value.Length])
        {
            BinaryPrimitives.WriteInt32LittleEndian(to, length);
            to = to[sizeof(int)..];
        }
        row.Key.CopyTo(to);
        row.Value.CopyTo(to[row.Key.Length..]);
    }

    private static int Decode(ReadOnlySpan<byte> from, Action<long, KeyValue> row)
    {
        var lengths = from[(6 * sizeof(long))..];
        var (key, value) = (BinaryPrimitives.ReadInt32LittleEndian(lengths), BinaryPrimitives.ReadInt32LittleEndian(lengths[sizeof(int)..]));
        row(Number(from, 0), new()
        {
            Sequence = Number(from, 1),
            ModRevision = Number(from, 2),
            CreateRevision = Number(from, 3),
            Version = Number(from, 4),
            Lease = Number(from, 5),
            Key = from.Slice(Head, key).ToArray(),
            Value = from.Slice(Head + key, value).ToArray(),
        });
        return Head + key + value;
    }

    private static long Number(ReadOnlySpan<byte> from, int place) => BinaryPrimitives.ReadInt64LittleEndian(from[(place * sizeof(long))..]);
}
