using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace KubeFlex.Storage.Archive;

/// <summary>
/// Writes a backup to a stream, from front to back; what is in memory at a time is one buffer. The layout, numbers little-endian, varints as in
/// protocol buffers:
/// <code>
/// magic (8)  version (u16)  header length (u32)  header (JSON)  blocks: length (u32) bytes …  0 (u32)  SHA-256 of all before (32)
/// </code>
/// The bytes of the blocks, unpacked as the header says, are records: length (varint), type (one byte), fields. Integers are varints, texts and
/// bytes have their length (varint) before them.
/// </summary>
public sealed class ArchiveWriter : IAsyncDisposable
{
    private const int Buffered = 128 << 10;

    private readonly BlockWriteStream blocks;
    private readonly Stream packed;
    private readonly ArrayBufferWriter<byte> buffer = new(Buffered);
    private readonly ArrayBufferWriter<byte> record = new(4 << 10);
    private bool disposed;
    private long stores, others;

    private ArchiveWriter(BlockWriteStream blocks, ArchiveHeader header) => (this.blocks, packed) = (blocks, header.Pack(blocks));

    /// <summary>Bytes of the file so far.</summary>
    public long Written => blocks.Written;

    /// <summary>Begins a backup; the stream stays the caller's.</summary>
    public static async Task<ArchiveWriter> CreateAsync(Stream to, ArchiveHeader header, CancellationToken cancellation)
    {
        var blocks = new BlockWriteStream(to);
        var json = header.ToJson();
        var head = new byte[14 + json.Length];
        ArchiveHeader.Magic.CopyTo(head);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(8), ArchiveHeader.Version);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(10), (uint)json.Length);
        json.CopyTo(head, 14);
        await blocks.RawAsync(head, cancellation);
        return new(blocks, header);
    }

    /// <summary>Adds a file of the server.</summary>
    public ValueTask WriteAsync(ArchivedFile file, CancellationToken cancellation)
    {
        others++;
        Begin(RecordType.File);
        Bytes(Encoding.UTF8.GetBytes(file.Name));
        Bytes(file.Content);
        return EndAsync(cancellation);
    }

    /// <summary>Adds a key of another store that belongs to a store.</summary>
    public ValueTask WriteAsync(ArchivedObject item, CancellationToken cancellation)
    {
        others++;
        Begin(RecordType.Object);
        Bytes(Encoding.UTF8.GetBytes(item.Store));
        Bytes(item.Key);
        Bytes(item.Value);
        return EndAsync(cancellation);
    }

    /// <summary>Adds a store under a name; <paramref name="leaveOut"/> are keys that make sense only where it is now.</summary>
    public async ValueTask WriteAsync(StoreSnapshot store, string name, bool dedicated, Func<KeyValue, bool>? leaveOut, CancellationToken cancellation)
    {
        stores++;
        Begin(RecordType.Store);
        Bytes(Encoding.UTF8.GetBytes(name));
        Number(store.Revision);
        Number(store.Compacted);
        Number(dedicated ? 1 : 0);
        await EndAsync(cancellation);

        long versions = 0;
        foreach (var (item, current) in store.Versions)
        {
            if (leaveOut?.Invoke(item) == true) continue;
            versions++;
            Begin(current ? RecordType.Current : RecordType.Former);
            Number(item.ModRevision);
            Number(item.CreateRevision);
            Number(item.Version);
            Number(item.Lease);
            Bytes(item.Key);
            Bytes(item.Value);
            await EndAsync(cancellation);
        }
        foreach (var lease in store.Leases)
        {
            Begin(RecordType.Lease);
            Number(lease.Id);
            Number(lease.Ttl);
            Number(lease.Remaining);
            await EndAsync(cancellation);
        }
        Begin(RecordType.StoreEnd);
        Number(versions);
        Number(store.Leases.Count);
        await EndAsync(cancellation);
    }

    /// <summary>Completes the file; without this it is an incomplete one, which no reader accepts.</summary>
    public async ValueTask FinishAsync(CancellationToken cancellation)
    {
        Begin(RecordType.End);
        Number(stores);
        Number(others);
        await EndAsync(cancellation);
        await FlushAsync(cancellation);
        // What a packer writes when it is disposed belongs to the file.
        await DisposePackerAsync();
        await blocks.FinishAsync(cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await DisposePackerAsync();
        await blocks.DisposeAsync();
    }

    private async ValueTask DisposePackerAsync()
    {
        if (disposed) return;
        disposed = true;
        if (packed != blocks) await packed.DisposeAsync();
    }

    private void Begin(RecordType type)
    {
        record.ResetWrittenCount();
        record.GetSpan(1)[0] = (byte)type;
        record.Advance(1);
    }

    private void Number(long number) => Varint(record, (ulong)number);

    private void Bytes(ReadOnlySpan<byte> bytes)
    {
        Varint(record, (ulong)bytes.Length);
        record.Write(bytes);
    }

    private ValueTask EndAsync(CancellationToken cancellation)
    {
        Varint(buffer, (ulong)record.WrittenCount);
        buffer.Write(record.WrittenSpan);
        return buffer.WrittenCount >= Buffered ? FlushAsync(cancellation) : ValueTask.CompletedTask;
    }

    private async ValueTask FlushAsync(CancellationToken cancellation)
    {
        // No block may grow past what readers take.
        for (var rest = buffer.WrittenMemory; !rest.IsEmpty;)
        {
            var part = rest[..Math.Min(rest.Length, 1 << 20)];
            await packed.WriteAsync(part, cancellation);
            rest = rest[part.Length..];
        }
        buffer.ResetWrittenCount();
    }

    private static void Varint(ArrayBufferWriter<byte> to, ulong number)
    {
        var span = to.GetSpan(10);
        var at = 0;
        for (; number >= 0x80; number >>= 7) span[at++] = (byte)(number | 0x80);
        span[at++] = (byte)number;
        to.Advance(at);
    }
}

internal enum RecordType : byte
{
    File = 1,
    Object = 2,
    Store = 3,
    Current = 4,
    Former = 5,
    Lease = 6,
    StoreEnd = 7,
    End = 8,
}
