using System.Buffers.Binary;
using System.Text;

namespace KubeFlex.Storage.Archive;

/// <summary>
/// Reads a backup from front to back; one record is in memory at a time. Whatever is wrong with the file is an <see cref="ArchiveException"/>.
/// Only after <see cref="ReadAsync"/> has answered null is the checksum known to be right: nothing may be made visible before.
/// </summary>
public sealed class ArchiveReader : IAsyncDisposable
{
    /// <summary>More than a transaction can write, less than a damaged length could ask for.</summary>
    private const int LongestRecord = 64 << 20;

    private readonly BlockReadStream blocks;
    private readonly Stream unpacked;
    private byte[] buffer = new byte[64 << 10];
    private int start, end;
    private long stores, others, versions, leases;
    private bool inStore, finished;

    private ArchiveReader(BlockReadStream blocks, ArchiveHeader header) => (this.blocks, Header, unpacked) = (blocks, header, header.Unpack(blocks));

    /// <summary>What the file says about itself.</summary>
    public ArchiveHeader Header { get; }

    /// <summary>Bytes of the file read so far.</summary>
    public long Consumed => blocks.Consumed;

    /// <summary>Reads the head; the stream stays the caller's.</summary>
    public static async Task<ArchiveReader> OpenAsync(Stream from, CancellationToken cancellation)
    {
        var blocks = new BlockReadStream(from);
        var head = new byte[14];
        var whole = await blocks.RawAsync(head, cancellation);
        if (blocks.Consumed == 0) throw new ArchiveException("the file is empty: it is no backup");
        if (!head.AsSpan(0, 8).SequenceEqual(ArchiveHeader.Magic))
            throw new ArchiveException(head.AsSpan(1, 3).SequenceEqual(ArchiveHeader.Magic[1..4])
                ? "the backup was copied as text, which damages it; copy it as binary" : "the file is no KubeFlex backup: it does not begin like one");
        if (!whole) throw ArchiveException.Truncated(blocks.Consumed);
        var version = BinaryPrimitives.ReadUInt16LittleEndian(head.AsSpan(8));
        if (version is 0 or > ArchiveHeader.Version)
            throw new ArchiveException($"the backup has version {version} of the format, and this program reads version {ArchiveHeader.Version}: use the version of KubeFlex that wrote it, or a newer one");
        var length = BinaryPrimitives.ReadUInt32LittleEndian(head.AsSpan(10));
        if (length > ArchiveHeader.MostBytes) throw ArchiveException.Damaged("its header has an impossible length");
        var json = new byte[length];
        if (!await blocks.RawAsync(json, cancellation)) throw ArchiveException.Truncated(blocks.Consumed);
        return new(blocks, ArchiveHeader.FromJson(json));
    }

    /// <summary>The next record; null when the file has ended, is complete, and its checksum is right.</summary>
    public async ValueTask<ArchiveRecord?> ReadAsync(CancellationToken cancellation)
    {
        if (finished) return null;
        try
        {
            var length = await LengthAsync(cancellation);
            await EnsureAsync(length, cancellation);
            var record = Parse(buffer.AsSpan(start, length));
            start += length;
            if (record is not null) return record;
            await FinishAsync(cancellation);
            return null;
        }
        // The brotli decoder calls damaged input an invalid operation.
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException)
        {
            throw ArchiveException.Damaged($"what stands before byte {Consumed} cannot be unpacked", e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (unpacked != blocks) await unpacked.DisposeAsync();
        await blocks.DisposeAsync();
    }

    private async ValueTask FinishAsync(CancellationToken cancellation)
    {
        var one = new byte[1];
        if (start < end || await unpacked.ReadAsync(one, cancellation) > 0 || await blocks.ReadAsync(one, cancellation) > 0 || !blocks.Verified)
            throw ArchiveException.Damaged("something follows its last record");
        finished = true;
    }

    private async ValueTask<int> LengthAsync(CancellationToken cancellation)
    {
        var length = 0;
        for (var shift = 0; shift < 35; shift += 7)
        {
            await EnsureAsync(1, cancellation);
            var next = buffer[start++];
            if (shift == 28 && next > 7) break;
            length |= (next & 0x7f) << shift;
            if (next >= 0x80) continue;
            if (length is > 0 and <= LongestRecord) return length;
            break;
        }
        throw ArchiveException.Damaged($"the record before byte {Consumed} has an impossible length");
    }

    private async ValueTask EnsureAsync(int count, CancellationToken cancellation)
    {
        if (end - start >= count) return;
        if (buffer.Length - start < count)
        {
            var rest = buffer.AsSpan(start, end - start);
            if (buffer.Length >= count) rest.CopyTo(buffer);
            else
            {
                var larger = new byte[count];
                rest.CopyTo(larger);
                buffer = larger;
            }
            (start, end) = (0, end - start);
        }
        while (end - start < count)
        {
            var read = await unpacked.ReadAsync(buffer.AsMemory(end), cancellation);
            if (read == 0) throw ArchiveException.Damaged($"its records end before byte {Consumed}, in the middle");
            end += read;
        }
    }

    private ArchiveRecord? Parse(ReadOnlySpan<byte> record)
    {
        var fields = new Fields(record[1..]);
        var type = (RecordType)record[0];
        if (inStore != type is RecordType.Current or RecordType.Former or RecordType.Lease or RecordType.StoreEnd && type is >= RecordType.File and <= RecordType.End)
            throw ArchiveException.Damaged("its records are out of order");
        ArchiveRecord? parsed;
        switch (type)
        {
            case RecordType.File:
                others++;
                parsed = new ArchivedFile(fields.Text(), fields.Bytes());
                break;
            case RecordType.Object:
                others++;
                parsed = new ArchivedObject(fields.Text(), fields.Bytes(), fields.Bytes());
                break;
            case RecordType.Store:
                stores++;
                (inStore, versions, leases) = (true, 0, 0);
                parsed = new ArchivedStore(fields.Text(), fields.Number(), fields.Number(), fields.Number() == 1);
                break;
            case RecordType.Current or RecordType.Former:
                versions++;
                parsed = new ArchivedVersion(Version(ref fields), type == RecordType.Current);
                break;
            case RecordType.Lease:
                leases++;
                parsed = new ArchivedLease(fields.Number(), fields.Number(), fields.Number());
                break;
            case RecordType.StoreEnd:
                inStore = false;
                var ended = new ArchivedStoreEnd(fields.Number(), fields.Number());
                if (ended.Versions != versions || ended.Leases != leases) throw ArchiveException.Damaged("a store in it has lost keys");
                parsed = ended;
                break;
            case RecordType.End:
                if (fields.Number() != stores || fields.Number() != others) throw ArchiveException.Damaged("stores are missing in it");
                parsed = null;
                break;
            default:
                throw ArchiveException.Damaged($"the record before byte {Consumed} is of an unknown type");
        }
        fields.MustBeEmpty();
        return parsed;
    }

    private static KeyValue Version(ref Fields fields)
    {
        var (modified, created, version, lease) = (fields.Number(), fields.Number(), fields.Number(), fields.Number());
        return new() { ModRevision = modified, CreateRevision = created, Version = version, Lease = lease, Key = fields.Bytes(), Value = fields.Bytes() };
    }

    private ref struct Fields(ReadOnlySpan<byte> rest)
    {
        private ReadOnlySpan<byte> rest = rest;

        public long Number()
        {
            ulong number = 0;
            for (var (at, shift) = (0, 0); at < rest.Length && shift < 64; at++, shift += 7)
            {
                number |= (ulong)(rest[at] & 0x7f) << shift;
                if (rest[at] >= 0x80) continue;
                rest = rest[(at + 1)..];
                return (long)number;
            }
            throw ArchiveException.Damaged("a record ends too early");
        }

        public byte[] Bytes()
        {
            var length = Number();
            if (length < 0 || length > rest.Length) throw ArchiveException.Damaged("a record ends too early");
            var bytes = rest[..(int)length].ToArray();
            rest = rest[(int)length..];
            return bytes;
        }

        public string Text() => Encoding.UTF8.GetString(Bytes());

        public readonly void MustBeEmpty()
        {
            if (!rest.IsEmpty) throw ArchiveException.Damaged("a record is too long");
        }
    }
}
