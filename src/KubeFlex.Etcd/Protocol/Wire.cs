using System.Runtime.InteropServices;
using Google.Protobuf;
using StoredKey = KubeFlex.Storage.KeyValue;

namespace KubeFlex.Etcd.Protocol;

/// <summary>Between the storage's bytes and protobuf's, without copies: both sides never change what they share.</summary>
internal static class Wire
{
    /// <summary>A field's bytes; protobuf's parser made an array of its own for them.</summary>
    public static byte[] Array(this ByteString bytes) =>
        bytes.Length == 0 ? [] : MemoryMarshal.TryGetArray(bytes.Memory, out var segment) && segment.Offset == 0 && segment.Count == segment.Array!.Length
            ? segment.Array : bytes.ToByteArray();

    /// <summary>The end of a range; null for one key.</summary>
    public static byte[]? End(this ByteString bytes) => bytes.Length == 0 ? null : bytes.Array();

    public static ByteString Bytes(byte[] bytes) => bytes.Length == 0 ? ByteString.Empty : UnsafeByteOperations.UnsafeWrap(bytes);

    public static KeyValue Message(this StoredKey item, bool value = true) => new()
    {
        Key = Bytes(item.Key),
        CreateRevision = item.CreateRevision,
        ModRevision = item.ModRevision,
        Version = item.Version,
        Value = value ? Bytes(item.Value) : ByteString.Empty,
        Lease = item.Lease,
    };
}
