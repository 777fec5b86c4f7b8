using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;

namespace KubeFlex.Storage.Dialects.Sqlite;

/// <summary>
/// One file of the journal: records of one generation, one behind the other from the beginning of the file, and whatever an earlier generation left behind them.
/// A record is what one batch wrote, synced as a whole:
/// <code>
/// generation, length    64 bits each, little-endian
/// rows                  see <see cref="JournalRow"/>; together as long as the length says
/// checksum              64 bits, XxHash3 of the database's id, the record's place in the file and everything above
/// </code>
/// The first place where there is no such record of the generation is the generation's end: a record that a crash cut off, one of an earlier generation, zeros, or another
/// database's. The id is secret, so that no tenant can write a value that looks like a record.
/// </summary>
/// <param name="path">The file, made when it is first needed.</param>
/// <param name="database">The database's id.</param>
/// <param name="sync">For tests that make it fail; null waits for the disk.</param>
internal sealed class JournalFile(string path, byte[] database, Action<FileStream>? sync = null) : IDisposable
{
    private const int Head = 2 * sizeof(long), Tail = sizeof(long);

    /// <summary>What is written at once.</summary>
    private const int Chunk = 256 << 10;

    /// <summary>The file grows ahead by so much: to sync what lies inside a file takes half the time of a sync that makes it longer.</summary>
    private const int Growth = 1 << 20;

    private static readonly byte[] Zeros = new byte[64 << 10];

    private FileStream? file;

    // Of the file.
    private long end;

    /// <summary>Opens the file if it is there.</summary>
    /// <returns>The generation of its first record; 0 when there is none.</returns>
    public long Open()
    {
        if (!File.Exists(path)) return 0;
        var opened = Opened();
        var head = new byte[Head];
        if (Fill(opened, head, 0) < Head) return 0;
        var generation = BinaryPrimitives.ReadInt64LittleEndian(head);
        return Rows(generation, 0) is null ? 0 : generation;
    }

    /// <summary>Reads a generation's rows in the order they were written.</summary>
    /// <returns>Where its next record goes.</returns>
    public long Read(long generation, Action<long, KeyValue> row)
    {
        long at = 0;
        while (Rows(generation, at) is { } record)
        {
            for (var next = 0; next < record.Length;) next += JournalRow.Decode(record.AsSpan(next), row);
            at += Head + record.Length + Tail;
        }
        return at;
    }

    /// <summary>Writes a record and waits for the disk. When that fails, nothing was written.</summary>
    /// <returns>Where the next one goes.</returns>
    public long Append(long generation, long at, IReadOnlyList<(long Store, KeyValue Row)> rows)
    {
        var opened = Opened();
        long length = 0;
        var most = 0;
        foreach (var (_, row) in rows)
        {
            var size = JournalRow.Size(row);
            length += size;
            most = Math.Max(most, size);
        }
        var chunk = ArrayPool<byte>.Shared.Rent(Math.Max(Chunk, most));
        try
        {
            var record = new Record(opened, chunk, at, Hash(at));
            var head = record.Room(Head);
            BinaryPrimitives.WriteInt64LittleEndian(head, generation);
            BinaryPrimitives.WriteInt64LittleEndian(head[sizeof(long)..], length);
            foreach (var (store, row) in rows) JournalRow.Encode(record.Room(JournalRow.Size(row)), store, row);
            var end = record.Seal();
            Grow(opened, end);
            (sync ?? Sync)(opened);
            return end;
        }
        catch (IOException)
        {
            Void(opened, at);
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    /// <summary>Gives the disk back what the file takes; none of its generations counts any more.</summary>
    public void Empty()
    {
        if (end == 0) return;
        try
        {
            file?.SetLength(0);
            end = 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It stays as it is.
        }
    }

    public void Dispose() => file?.Dispose();

    private FileStream Opened()
    {
        if (file is null)
        {
            // The first sync of a new file makes its name durable too, on ext4, XFS, Btrfs, APFS and NTFS.
            file = SqliteDialect.Private(path, FileMode.OpenOrCreate);
            end = file.Length;
        }
        return file;
    }

    /// <summary>The rows of a generation's record; null when there is no such record there.</summary>
    private byte[]? Rows(long generation, long at)
    {
        Span<byte> head = stackalloc byte[Head];
        if (file is null || generation <= 0 || Fill(file, head, at) < Head) return null;
        var length = BinaryPrimitives.ReadInt64LittleEndian(head[sizeof(long)..]);
        if (BinaryPrimitives.ReadInt64LittleEndian(head) != generation || length <= 0 || length > Math.Min(end - at - Head - Tail, Array.MaxLength)) return null;
        var rows = new byte[length];
        Span<byte> tail = stackalloc byte[Tail];
        if (Fill(file, rows, at + Head) < length || Fill(file, tail, at + Head + length) < Tail) return null;
        var hash = Hash(at);
        hash.Append(head);
        hash.Append(rows);
        return hash.GetCurrentHashAsUInt64() == BinaryPrimitives.ReadUInt64LittleEndian(tail) ? rows : null;
    }

    private XxHash3 Hash(long at)
    {
        var hash = new XxHash3();
        Span<byte> place = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(place, at);
        hash.Append(database);
        hash.Append(place);
        return hash;
    }

    private static int Fill(FileStream from, Span<byte> to, long at)
    {
        var got = 0;
        while (got < to.Length && RandomAccess.Read(from.SafeFileHandle, to[got..], at + got) is > 0 and var more) got += more;
        return got;
    }

    private static void Sync(FileStream file) => RandomAccess.FlushToDisk(file.SafeFileHandle);

    private static long Write(FileStream to, ReadOnlySpan<byte> bytes, long at)
    {
        RandomAccess.Write(to.SafeFileHandle, bytes, at);
        return at + bytes.Length;
    }

    /// <summary>Zeros after the last byte, when that is the file's last. They may fail: then the disk is full, and the next record will say so.</summary>
    private void Grow(FileStream opened, long last)
    {
        if (last <= end) return;
        end = last;
        try
        {
            while (end < last + Growth) end = Write(opened, Zeros, end);
        }
        catch (IOException)
        {
            // A part of them may be there, which does no harm.
        }
    }

    /// <summary>Its callers hear that it failed, so it may not come back after a crash although it is there.</summary>
    private static void Void(FileStream opened, long at)
    {
        try
        {
            RandomAccess.Write(opened.SafeFileHandle, new byte[Head], at);
        }
        catch (IOException)
        {
            // The next record goes to the same place.
        }
    }

    /// <summary>Writes a record in pieces of a chunk.</summary>
    private ref struct Record(FileStream to, byte[] chunk, long at, XxHash3 hash)
    {
        private int used;

        /// <summary>Where the next bytes go, at most as many as the chunk has.</summary>
        public Span<byte> Room(int bytes)
        {
            if (used + bytes > chunk.Length) Flush();
            used += bytes;
            return chunk.AsSpan(used - bytes, bytes);
        }

        /// <summary>Ends it with the checksum; answers where it ends.</summary>
        public long Seal()
        {
            Flush();
            BinaryPrimitives.WriteUInt64LittleEndian(chunk, hash.GetCurrentHashAsUInt64());
            return Write(to, chunk.AsSpan(0, Tail), at);
        }

        private void Flush()
        {
            hash.Append(chunk.AsSpan(0, used));
            at = Write(to, chunk.AsSpan(0, used), at);
            used = 0;
        }
    }
}
