using System.Globalization;
using System.Text;

namespace KubeFlex.Etcd.Http2;

/// <summary>
/// What we want to know of a request's header list, and whether it is one (RFC 9113, section 8.2 and 8.3). <c>:authority</c> may be anything: etcdctl 3.4 sends its whole endpoint there, the
/// path of a unix socket included. One per connection, filled anew for each block.
/// </summary>
internal sealed class RequestHead : IHeaderSink
{
    /// <summary>Bytes of a header list, names and values and 32 per field.</summary>
    public const int Most = 32 << 10;

    private byte[] text = new byte[256];
    private int used, size;
    private Part method, path, type, timeout;
    private bool scheme, authority, regular;

    /// <summary>The stream is to end with PROTOCOL_ERROR.</summary>
    public bool Malformed { get; private set; }

    /// <summary>More than <see cref="Most"/>; what came then is not kept.</summary>
    public bool TooLarge => size > Most;

    /// <summary>It has what only the beginning of a request may have.</summary>
    public bool HasPseudo { get; private set; }

    /// <summary>-1 when it is not said.</summary>
    public long ContentLength { get; private set; }

    public bool Complete => !Malformed && method.Length > 0 && scheme && Path is [(byte)'/', ..];

    public ReadOnlySpan<byte> Method => Of(method);

    public ReadOnlySpan<byte> Path => Of(path);

    public ReadOnlySpan<byte> ContentType => Of(type);

    /// <summary>Null when there is none.</summary>
    public string? Timeout => timeout.Length == 0 ? null : Encoding.ASCII.GetString(Of(timeout));

    public void Reset()
    {
        (used, size, ContentLength) = (0, 0, -1);
        method = path = type = timeout = default;
        scheme = authority = regular = HasPseudo = Malformed = false;
    }

    public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        size += name.Length + value.Length + HeaderField.Overhead;
        if (TooLarge) return;
        if (name is [(byte)':', ..])
        {
            HasPseudo = true;
            Malformed |= regular || !Pseudo(name, value);
            return;
        }
        regular = true;
        Malformed |= name.IsEmpty || name.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E) || name.ContainsAnyInRange((byte)'A', (byte)'Z') || value.ContainsAny((byte)0, (byte)'\r', (byte)'\n');
        switch (name.Length)
        {
            case 2 when name.SequenceEqual("te"u8):
                Malformed |= !value.SequenceEqual("trailers"u8);
                break;
            case 12 when name.SequenceEqual("content-type"u8):
                type = Keep(value);
                break;
            case 12 when name.SequenceEqual("grpc-timeout"u8):
                timeout = Keep(value);
                break;
            case 14 when name.SequenceEqual("content-length"u8):
                if (long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var length) && (ContentLength < 0 || ContentLength == length)) ContentLength = length;
                else Malformed = true;
                break;
            // Section 8.2.2: what is of HTTP/1.1's connections.
            case 10 when name.SequenceEqual("connection"u8) || name.SequenceEqual("keep-alive"u8):
            case 16 when name.SequenceEqual("proxy-connection"u8):
            case 17 when name.SequenceEqual("transfer-encoding"u8):
            case 7 when name.SequenceEqual("upgrade"u8):
                Malformed = true;
                break;
        }
    }

    private bool Pseudo(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (name.SequenceEqual(":path"u8)) return Once(ref path, value);
        if (name.SequenceEqual(":method"u8)) return Once(ref method, value);
        if (name.SequenceEqual(":scheme"u8)) return !scheme && (scheme = true);
        return name.SequenceEqual(":authority"u8) && !authority && (authority = true);
    }

    private bool Once(ref Part part, ReadOnlySpan<byte> value)
    {
        if (part.Length > 0) return false;
        part = Keep(value);
        return !value.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E);
    }

    private Part Keep(ReadOnlySpan<byte> value)
    {
        if (text.Length - used < value.Length) Array.Resize(ref text, Math.Max(text.Length * 2, used + value.Length));
        value.CopyTo(text.AsSpan(used));
        used += value.Length;
        return new(used - value.Length, value.Length);
    }

    private ReadOnlySpan<byte> Of(Part part) => text.AsSpan(part.Start, part.Length);

    private readonly record struct Part(int Start, int Length);
}
