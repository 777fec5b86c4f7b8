using System.Buffers;

namespace KubeFlex.Etcd.Http2;

/// <summary>Bytes in one piece that come at one end and go at the other; large arrays are given back as soon as they are empty.</summary>
internal sealed class PooledBuffer : IBufferWriter<byte>
{
    /// <summary>An array of this size is kept for the next call.</summary>
    private const int Kept = 4 << 10;

    private byte[] array = [];
    private int start, end;

    public int Length => end - start;

    public ReadOnlyMemory<byte> Written => array.AsMemory(start, end - start);

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Grow(Math.Max(sizeHint, 1));
        return array.AsSpan(end);
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Grow(Math.Max(sizeHint, 1));
        return array.AsMemory(end);
    }

    public void Advance(int count) => end += count;

    /// <summary>Takes so many away in front.</summary>
    public void Consume(int count)
    {
        start += count;
        if (start == end) Clear();
    }

    public void Clear()
    {
        start = end = 0;
        if (array.Length <= Kept) return;
        ArrayPool<byte>.Shared.Return(array);
        array = [];
    }

    private void Grow(int room)
    {
        if (array.Length - end >= room) return;
        var length = Length;
        // What is free in front is used before anything larger is taken, and only when that moves few bytes.
        if (array.Length - length >= room && start >= length)
        {
            array.AsSpan(start, length).CopyTo(array);
        }
        else
        {
            var wanted = Math.Max(checked(length + room), (int)Math.Min(length * 2L, Array.MaxLength));
            var larger = wanted <= Kept ? new byte[wanted <= Kept / 8 ? Kept / 8 : Kept] : ArrayPool<byte>.Shared.Rent(wanted);
            array.AsSpan(start, length).CopyTo(larger);
            if (array.Length > Kept) ArrayPool<byte>.Shared.Return(array);
            array = larger;
        }
        (start, end) = (0, length);
    }
}
