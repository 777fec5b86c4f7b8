namespace KubeFlex.Etcd.Http2;

/// <summary>
/// Overwrites the <c>:authority</c> of requests, in place, in the bytes of a connection as they come. Clients of etcd 3.4 send there what they were told to
/// connect to, also <c>http://127.0.0.1:2379</c> or the path of a unix socket; etcd does not look at it, and Kestrel ends the stream with PROTOCOL_ERROR.
/// <para>
/// Nothing needs to be decompressed for that (RFC 7541, section 6): a literal value of the static table's first name is <c>:authority</c>. Example, in
/// hexadecimal: <c>41 84 9d 29 ae 30</c> is that name and four bytes of Huffman code that say <c>http:</c>; it becomes <c>41 04 65 65 65 65</c>, the plain text
/// <c>eeee</c>. No byte is added, so frames and their lengths stay as they are. Later requests refer to this one's entry of the dynamic table, which has
/// the same place and is at most as long as the client believes: what the client evicts, Kestrel may keep for longer, and nobody refers to it.
/// </para>
/// </summary>
internal sealed class AuthorityMask
{
    /// <summary>RFC 9113, section 3.4.</summary>
    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    private const int FrameHeaderLength = 9, PriorityLength = 5;
    private const byte HeadersFrame = 1, ContinuationFrame = 9;
    private const byte PaddedFlag = 0x08, PriorityFlag = 0x20;
    private const int AuthorityIndex = 1;
    private const byte Filling = (byte)'e';

    private enum Part
    {
        Field,
        FieldNumber,
        NameLength,
        NameLengthNumber,
        Name,
        ValueLength,
        ValueLengthNumber,
        Value,
    }

    private readonly byte[] head = new byte[FrameHeaderLength];

    // Of the preface, and then of a frame's header; -1 when this is no HTTP/2.
    private int begun;
    private bool started;

    // Of the frame in hand: bytes of its payload, what comes before the field block, and what comes after it.
    private int left, before, padding;
    private bool fields, padded;

    // In the field block, which goes on over frames.
    private Part part;
    private bool literal, authority;
    private int shift;
    private uint number;

    /// <summary>Looks at the bytes that come next, each once.</summary>
    public void Apply(Span<byte> bytes)
    {
        while (!bytes.IsEmpty && begun >= 0) bytes = bytes[(left > 0 ? Payload(bytes) : started ? Header(bytes) : Start(bytes))..];
    }

    private int Start(ReadOnlySpan<byte> bytes)
    {
        var count = Math.Min(bytes.Length, Preface.Length - begun);
        if (!bytes[..count].SequenceEqual(Preface.Slice(begun, count))) begun = -1;
        else if ((begun += count) == Preface.Length) (started, begun) = (true, 0);
        return count;
    }

    private int Header(ReadOnlySpan<byte> bytes)
    {
        var count = Math.Min(bytes.Length, FrameHeaderLength - begun);
        bytes[..count].CopyTo(head.AsSpan(begun));
        if ((begun += count) < FrameHeaderLength) return count;
        begun = 0;
        left = head[0] << 16 | head[1] << 8 | head[2];
        fields = head[3] is HeadersFrame or ContinuationFrame;
        (padded, before, padding) = (false, 0, 0);
        if (head[3] == HeadersFrame)
        {
            (part, padded) = (Part.Field, (head[4] & PaddedFlag) != 0);
            before = (head[4] & PriorityFlag) != 0 ? PriorityLength : 0;
        }
        return count;
    }

    private int Payload(Span<byte> bytes)
    {
        var count = 1;
        if (padded) (padded, padding) = (false, bytes[0]);
        else if (!fields || left <= padding) count = Math.Min(left, bytes.Length);
        else if (before > 0) before -= count = Math.Min(Math.Min(before, left), bytes.Length);
        else count = Fields(bytes[..Math.Min(left - padding, bytes.Length)]);
        left -= count;
        return count;
    }

    private int Fields(Span<byte> bytes)
    {
        ref var next = ref bytes[0];
        switch (part)
        {
            case Part.Field:
                // Section 6: an indexed field, a literal one that is added to the table, a new size of the table, other literal ones.
                literal = (next & 0x80) == 0 && (next & 0xE0) != 0x20;
                Begin(next, (next & 0x80) != 0 ? 7 : (next & 0x40) != 0 ? 6 : (next & 0x20) != 0 ? 5 : 4);
                return 1;
            case Part.NameLength:
                Begin(next, 7);
                return 1;
            case Part.ValueLength:
                // No Huffman code any more.
                if (authority) next &= 0x7F;
                Begin(next, 7);
                return 1;
            case Part.Name or Part.Value:
                var count = (int)Math.Min(number, (uint)bytes.Length);
                if (part == Part.Value && authority) bytes[..count].Fill(Filling);
                number -= (uint)count;
                if (number == 0) part = part == Part.Name ? Part.ValueLength : Part.Field;
                return count;
            default:
                // Section 5.1, the bytes after the first. Numbers beyond what is sensible end the connection in Kestrel, whatever becomes of them here.
                if (shift < 28) number += (uint)(next & 0x7F) << shift;
                shift += 7;
                if ((next & 0x80) == 0) Ended();
                return 1;
        }
    }

    /// <summary>A number with its first bits in a byte.</summary>
    private void Begin(byte first, int bits)
    {
        var mask = (1u << bits) - 1;
        (number, shift) = (first & mask, 0);
        part++;
        if (number < mask) Ended();
    }

    private void Ended()
    {
        if (part == Part.FieldNumber)
        {
            authority = literal && number == AuthorityIndex;
            part = !literal ? Part.Field : number == 0 ? Part.NameLength : Part.ValueLength;
        }
        else if (part == Part.NameLengthNumber) part = number > 0 ? Part.Name : Part.ValueLength;
        else part = number > 0 ? Part.Value : Part.Field;
    }
}
