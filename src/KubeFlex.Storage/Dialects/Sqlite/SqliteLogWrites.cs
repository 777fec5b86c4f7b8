using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace KubeFlex.Storage.Dialects.Sqlite;

/// <summary>
/// Gathers what the writer appends to its write-ahead log. SQLite writes each page with two small system calls; a batch of a thousand stores changes a
/// page of each, and spent half its time in them. The writes of a transaction follow one another in the file, so they are kept until the sync that ends the
/// transaction (or until somebody reads, or the buffer is full) and leave in large pieces.
/// <para>
/// Nothing is weakened: with <c>synchronous=full</c> SQLite syncs the log before it shows a commit to any connection, and the sync begins by writing what was
/// kept. A write that fails there fails the commit, as a failed sync does. At other levels commits are shown without a sync, so there it does nothing.
/// </para>
/// <para>
/// The file grows in steps of zeros, ahead of what is written: to sync what lies inside a file takes half the time of a sync that makes it longer. SQLite does not mind what
/// follows the last frame: it reads up to the first one whose checksum is wrong, as it does where an earlier, longer log was overwritten.
/// </para>
/// It steps between SQLite and the file by the file's table of methods (<c>sqlite3_io_methods</c>), which is how SQLite's own layers of file systems
/// stack.
/// </summary>
internal sealed unsafe class SqliteLogWrites : IDisposable
{
    private const int JournalPointer = 28;

    /// <summary>SQLite's own file layer takes less than 128 KiB at once.</summary>
    private const int Most = 124 << 10;

    /// <summary>The file grows by its own length at first, and by so many bytes at most.</summary>
    private const int MostGrowth = 1 << 20;

    private static readonly byte[] Zeros = new byte[64 << 10];

    private readonly Methods** file;
    private readonly Methods* original;
    private readonly Layer* layer;
    private readonly byte* kept;
    private long at;
    private int length;

    // Of the file, as far as it is known; what is beyond is written as if there were no end.
    private long end;

    private SqliteLogWrites(Methods** file)
    {
        this.file = file;
        original = *file;
        kept = (byte*)NativeMemory.Alloc(Most);
        layer = (Layer*)NativeMemory.Alloc((nuint)sizeof(Layer));
        *layer = new() { Methods = *original, Self = GCHandle.ToIntPtr(GCHandle.Alloc(this)) };
        layer->Methods.Read = &Read;
        layer->Methods.Write = &Write;
        layer->Methods.Truncate = &Truncate;
        layer->Methods.Sync = &Sync;
        layer->Methods.FileSize = &FileSize;
        long size;
        end = original->FileSize(file, &size) == 0 ? size : long.MaxValue;
        *file = &layer->Methods;
    }

    /// <summary>For a connection whose log is open; null where commits are not synced. Dispose it before the connection.</summary>
    public static SqliteLogWrites? Of(SqliteConnection connection)
    {
        if (SqliteSchema.Number(connection, "pragma synchronous") != 2) return null;
        Methods** file = null;
        var code = Control(connection.Handle!.DangerousGetHandle(), "main", JournalPointer, &file);
        // Without a table of methods the log is not open; without version 3 the table is not the one described below.
        return code == 0 && file != null && *file != null && (*file)->Version >= 3 ? new(file) : null;
    }

    /// <summary>Bytes that the writer has put into the log since it was opened.</summary>
    public long Written { get; private set; }

    public void Dispose()
    {
        // Between transactions nothing is kept.
        *file = original;
        GCHandle.FromIntPtr(layer->Self).Free();
        NativeMemory.Free(layer);
        NativeMemory.Free(kept);
    }

    private int Flush()
    {
        if (length == 0) return 0;
        // Dropped even when it fails: then the transaction fails, and the next one writes to the same places.
        var bytes = length;
        length = 0;
        var written = original->Write(file, kept, bytes, at);
        if (written == 0) Grow(at + bytes);
        return written;
    }

    /// <summary>Zeros after the last byte, when that is the file's last. They may fail: then the disk is full, and the next commit will say so.</summary>
    private void Grow(long last)
    {
        if (last <= end) return;
        var target = last + Math.Min(last, MostGrowth);
        for (end = last; end < target;)
        {
            var count = (int)Math.Min(Zeros.Length, target - end);
            fixed (byte* zeros = Zeros)
            {
                if (original->Write(file, zeros, count, end) != 0) return;
            }
            end += count;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(Methods** file, byte* bytes, int count, long offset)
    {
        var self = Self(file);
        self.Written += count;
        if (self.length > 0 && (offset != self.at + self.length || self.length + count > Most) && self.Flush() is var failed and not 0) return failed;
        if (count > Most)
        {
            self.end = Math.Max(self.end, offset + count);
            return self.original->Write(file, bytes, count, offset);
        }
        if (self.length == 0) self.at = offset;
        Buffer.MemoryCopy(bytes, self.kept + self.length, Most - self.length, count);
        self.length += count;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(Methods** file, byte* bytes, int count, long offset)
    {
        var self = Self(file);
        return self.Flush() is var failed and not 0 ? failed : self.original->Read(file, bytes, count, offset);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Truncate(Methods** file, long size)
    {
        var self = Self(file);
        if (self.Flush() is var failed and not 0) return failed;
        self.end = size;
        return self.original->Truncate(file, size);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Sync(Methods** file, int flags)
    {
        var self = Self(file);
        return self.Flush() is var failed and not 0 ? failed : self.original->Sync(file, flags);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int FileSize(Methods** file, long* size)
    {
        var self = Self(file);
        return self.Flush() is var failed and not 0 ? failed : self.original->FileSize(file, size);
    }

    private static SqliteLogWrites Self(Methods** file) => (SqliteLogWrites)GCHandle.FromIntPtr(((Layer*)*file)->Self).Target!;

    [DllImport("e_sqlite3", EntryPoint = "sqlite3_file_control", CallingConvention = CallingConvention.Cdecl)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    private static extern int Control(nint database, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, int operation, void* argument);

    /// <summary><c>sqlite3_io_methods</c>, version 3; its first member must stay first in <see cref="Layer"/>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Methods
    {
        public int Version;
        public nint Close;
        public delegate* unmanaged[Cdecl]<Methods**, byte*, int, long, int> Read;
        public delegate* unmanaged[Cdecl]<Methods**, byte*, int, long, int> Write;
        public delegate* unmanaged[Cdecl]<Methods**, long, int> Truncate;
        public delegate* unmanaged[Cdecl]<Methods**, int, int> Sync;
        public delegate* unmanaged[Cdecl]<Methods**, long*, int> FileSize;
        public nint Lock, Unlock, CheckReservedLock, FileControl, SectorSize, DeviceCharacteristics;
        public nint ShmMap, ShmLock, ShmBarrier, ShmUnmap;
        public nint Fetch, Unfetch;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Layer
    {
        public Methods Methods;
        public nint Self;
    }
}
