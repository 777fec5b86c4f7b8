using System.Text;

namespace KubeFlex.Bench.Etcd;

/// <summary>The few messages of etcd's API (<c>rpc.proto</c>) that the load needs, as bytes.</summary>
internal static class EtcdMessages
{
    public static byte[] Put(string key, byte[] value) => [.. Bytes(1, Encoding.ASCII.GetBytes(key)), .. Bytes(2, value)];

    public static byte[] Range(string key, string end = "") => end.Length == 0 ? Bytes(1, Encoding.ASCII.GetBytes(key)) : [.. Bytes(1, Encoding.ASCII.GetBytes(key)), .. Bytes(2, Encoding.ASCII.GetBytes(end))];

    /// <summary>WatchRequest { WatchCreateRequest create_request = 1 }.</summary>
    public static byte[] Watch(string key) => Bytes(1, Bytes(1, Encoding.ASCII.GetBytes(key)));

    private static byte[] Bytes(int field, byte[] content) => [(byte)(field << 3 | 2), .. Varint(content.Length), .. content];

    private static List<byte> Varint(int value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7) bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return bytes;
    }
}
