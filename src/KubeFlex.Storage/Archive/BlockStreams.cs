using System.Buffers.Binary;
using System.Security.Cryptography;

namespace KubeFlex.Storage.Archive;

/// <summary>
/// Takes the packed records and writes them as blocks (length, bytes), so that a reader knows where they end without understanding the
/// packing. All bytes of the file pass through the hash.
/// </summary>
internal sealed class BlockWriteStream(Stream to) : Stream
{
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] length = new byte[4];

    public long Written { get; private set; }

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Bytes outside of blocks: the head.</summary>
    public async ValueTask RawAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        hash.AppendData(bytes.Span);
        Written += bytes.Length;
        await to.WriteAsync(bytes, cancellation);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty) return;
        BinaryPrimitives.WriteInt32LittleEndian(length, buffer.Length);
        await RawAsync(length, cancellationToken);
        await RawAsync(buffer, cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>The empty block and the checksum.</summary>
    public async ValueTask FinishAsync(CancellationToken cancellation)
    {
        await RawAsync(new byte[4], cancellation);
        var sum = hash.GetHashAndReset();
        Written += sum.Length;
        await to.WriteAsync(sum, cancellation);
        await to.FlushAsync(cancellation);
    }

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("backups are written asynchronously");

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) hash.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>The content of the blocks; compares the checksum when it meets the last one.</summary>
internal sealed class BlockReadStream(Stream from) : Stream
{
    private const int LongestBlock = 16 << 20;

    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private int left;

    public long Consumed { get; private set; }

    /// <summary>Everything has been read and was right.</summary>
    public bool Verified { get; private set; }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Bytes outside of blocks: the head. False when there are fewer.</summary>
    public async ValueTask<bool> RawAsync(Memory<byte> bytes, CancellationToken cancellation)
    {
        var count = await from.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellation);
        hash.AppendData(bytes.Span[..count]);
        Consumed += count;
        return count == bytes.Length;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Verified || buffer.IsEmpty) return 0;
        if (left == 0)
        {
            var length = new byte[4];
            if (!await RawAsync(length, cancellationToken)) throw ArchiveException.Truncated(Consumed);
            left = BinaryPrimitives.ReadInt32LittleEndian(length);
            if (left is < 0 or > LongestBlock) throw ArchiveException.Damaged($"the block before byte {Consumed} has an impossible length");
            if (left == 0)
            {
                await VerifyAsync(cancellationToken);
                return 0;
            }
        }
        var count = await from.ReadAsync(buffer[..Math.Min(left, buffer.Length)], cancellationToken);
        if (count == 0) throw ArchiveException.Truncated(Consumed);
        hash.AppendData(buffer.Span[..count]);
        (left, Consumed) = (left - count, Consumed + count);
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    private async ValueTask VerifyAsync(CancellationToken cancellation)
    {
        var right = hash.GetHashAndReset();
        var given = new byte[right.Length + 1];
        var count = await from.ReadAtLeastAsync(given, given.Length, throwOnEndOfStream: false, cancellation);
        Consumed += count;
        if (count < right.Length) throw ArchiveException.Truncated(Consumed);
        if (!given.AsSpan(0, right.Length).SequenceEqual(right)) throw ArchiveException.Damaged("its checksum is wrong");
        if (count > right.Length) throw ArchiveException.Damaged("something follows its end");
        Verified = true;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("backups are read asynchronously");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) hash.Dispose();
        base.Dispose(disposing);
    }
}
