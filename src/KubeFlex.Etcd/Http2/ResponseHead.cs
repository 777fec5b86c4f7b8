using System.Globalization;
using System.Text;

namespace KubeFlex.Etcd.Http2;

/// <summary>Header blocks of answers, as literals that go into no table (RFC 7541, section 6.2.2): nearly all are one of two constants.</summary>
internal static class ResponseHead
{
    private const byte StatusOk = 0x88;

    // Names of the static table.
    private const int Status = 8, ContentLength = 28, ContentType = 31;

    /// <summary>In front of messages.</summary>
    public static readonly byte[] Grpc = [StatusOk, .. Literal(ContentType, "application/grpc")];

    /// <summary>Trailers of a call that went well.</summary>
    public static readonly byte[] Ok = Literal("grpc-status", "0");

    /// <summary>Trailers of one that did not; <paramref name="message"/> is encoded already.</summary>
    public static byte[] Trailers(int status, string message)
    {
        var code = Literal("grpc-status", status.ToString(CultureInfo.InvariantCulture));
        return message.Length == 0 ? code : [.. code, .. Literal("grpc-message", message)];
    }

    /// <summary>Of an answer that is no call's.</summary>
    public static byte[] Plain(int status, string? contentType, long length)
    {
        byte[] block = [.. Literal(Status, status.ToString(CultureInfo.InvariantCulture)), .. Literal(ContentLength, length.ToString(CultureInfo.InvariantCulture))];
        return contentType is null ? block : [.. block, .. Literal(ContentType, contentType)];
    }

    private static byte[] Literal(int name, string value) => [.. Number(0, 4, name), .. Text(value)];

    private static byte[] Literal(string name, string value) => [0, .. Text(name), .. Text(value)];

    private static byte[] Text(string text) => [.. Number(0, 7, text.Length), .. Encoding.ASCII.GetBytes(text)];

    private static byte[] Number(byte first, int bits, int number)
    {
        var most = (1 << bits) - 1;
        if (number < most) return [(byte)(first | number)];
        List<byte> bytes = [(byte)(first | most)];
        for (number -= most; number >= 0x80; number >>= 7) bytes.Add((byte)(number | 0x80));
        return [.. bytes, (byte)number];
    }
}
