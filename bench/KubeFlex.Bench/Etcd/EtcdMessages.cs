using System.Text;

namespace KubeFlex.Bench.Etcd;

/// <summary>The few messages of etcd's API (<c>rpc.proto</c>) that the load needs, as bytes.</summary>
internal static class EtcdMessages
{
    public static byte[] Put(string key, byte[] value) => Concat(Bytes(1, Encoding.ASCII.GetBytes(key)), Bytes(2, value));

    public static byte[] Range(string key, string end = "") => end.Length == 0 ? Bytes(1, Encoding.ASCII.GetBytes(key)) : [.. Bytes(1, Encoding.ASCII.GetBytes(key)), .. Bytes(2, Encoding.ASCII.GetBytes(end))];

    /// <summary>WatchRequest { WatchCreateRequest create_request = 1 }.</summary>
    public static byte[] Watch(string key) => Bytes(1, Bytes(1, Encoding.ASCII.GetBytes(key)));

    private static byte[] Bytes(int field, byte[] content)
    {
        Span<byte> head = stackalloc byte[6];
        head[0] = (byte)(field << 3 | 2);
        var at = 1;
        var left = content.Length;
        for (; left >= 0x80; left >>= 7) head[at++] = (byte)(left | 0x80);
        head[at++] = (byte)left;
        return Concat(head[..at], content);
    }

    private static byte[] Concat(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var both = new byte[first.Length + second.Length];
        first.CopyTo(both);
        second.CopyTo(both.AsSpan(first.Length));
        return both;
    }
}
