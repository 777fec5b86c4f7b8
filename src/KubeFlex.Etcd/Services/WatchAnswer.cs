using Google.Protobuf;
using KubeFlex.Etcd.Grpc;
using KubeFlex.Etcd.Http2;
using KubeFlex.Etcd.Protocol;
using KubeFlex.Storage;

namespace KubeFlex.Etcd.Services;

/// <summary>Writes WatchResponses with events straight from the storage's objects: what a thousand watchers get is copied a thousand times, but made once.</summary>
internal static class WatchAnswer
{
    private const int HeaderTag = 1 << 3 | 2, WatchIdTag = 2 << 3, FragmentTag = 7 << 3, EventsTag = 11 << 3 | 2;
    private const int TypeTag = 1 << 3, CurrentTag = 2 << 3 | 2, PreviousTag = 3 << 3 | 2;
    private const byte Delete = 1;

    /// <summary>Bytes of an event in its response, tag and length included.</summary>
    public static long Size(Watching watch, StoreEvent change) => Nested(Content(watch, change));

    /// <summary>Puts a response into the body's buffer; nothing is sent before a flush.</summary>
    public static void Write(PooledBuffer body, Watching watch, IReadOnlyList<StoreEvent> changes, WatchBatch batch)
    {
        // A client goes on from here when its connection breaks: never further than it has seen.
        var last = batch.To - 1;
        while (!watch.Wants(changes[last])) last--;
        var header = Member.Header(changes[last].Revision).ToByteArray();
        var head = 2 + header.Length + (watch.Id == 0 ? 0 : 1 + KeyValueWriter.VarintSize((ulong)watch.Id)) + (batch.Fragment ? 2 : 0);
        GrpcFrames.WriteHeader(body, head + batch.Bytes);
        var to = body.GetSpan(head);
        (to[0], to[1]) = (HeaderTag, (byte)header.Length);
        header.CopyTo(to[2..]);
        to = to[(2 + header.Length)..];
        if (watch.Id != 0)
        {
            to[0] = WatchIdTag;
            to = KeyValueWriter.Varint(to[1..], (ulong)watch.Id);
        }
        if (batch.Fragment) (to[0], to[1]) = (FragmentTag, 1);
        body.Advance(head);
        for (var i = batch.From; i < batch.To; i++)
        {
            if (watch.Wants(changes[i])) Write(body, watch, changes[i]);
        }
    }

    private static void Write(PooledBuffer body, Watching watch, StoreEvent change)
    {
        var content = Content(watch, change);
        var whole = (int)Nested(content);
        var to = body.GetSpan(whole);
        to[0] = EventsTag;
        to = KeyValueWriter.Varint(to[1..], (ulong)content);
        if (change.Kind == EventKind.Delete)
        {
            (to[0], to[1], to[2]) = (TypeTag, Delete, CurrentTag);
            to = KeyValueWriter.WriteDeleted(KeyValueWriter.Varint(to[3..], (ulong)KeyValueWriter.DeletedSize(change.Current)), change.Current);
        }
        else
        {
            to[0] = CurrentTag;
            to = KeyValueWriter.Write(KeyValueWriter.Varint(to[1..], (ulong)KeyValueWriter.Size(change.Current)), change.Current);
        }
        if (watch.PreviousValues && change.Previous is { } previous)
        {
            to[0] = PreviousTag;
            KeyValueWriter.Write(KeyValueWriter.Varint(to[1..], (ulong)KeyValueWriter.Size(previous)), previous);
        }
        body.Advance(whole);
    }

    private static long Content(Watching watch, StoreEvent change) =>
        (change.Kind == EventKind.Delete ? 2 + Nested(KeyValueWriter.DeletedSize(change.Current)) : Nested(KeyValueWriter.Size(change.Current)))
        + (watch.PreviousValues && change.Previous is { } previous ? Nested(KeyValueWriter.Size(previous)) : 0);

    private static long Nested(long content) => 1 + KeyValueWriter.VarintSize((ulong)content) + content;
}
