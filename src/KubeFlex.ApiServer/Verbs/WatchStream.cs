using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Answers;
using KubeFlex.ApiServer.Registry;
using KubeFlex.ApiServer.Requests;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Json;
using KubeFlex.Storage;

namespace KubeFlex.ApiServer.Verbs;

/// <summary>Frames events of one watch: a JSON document per line. The bookmark clock writes between events, never inside one.</summary>
internal sealed class WatchStream : IDisposable
{
    private readonly ApiRequest r;
    private readonly Selection selection;
    private readonly PipeWriter writer;
    private readonly CancellationToken cancellation;
    private readonly SemaphoreSlim gate = new(1, 1);
    private StoreWatcher? watcher;
    private long first;
    private long progressSeen;
    private long written;
    private int pending;
    private bool columnsSent;
    private bool closed;

    public WatchStream(ApiRequest r, Selection selection, CancellationToken cancellation)
    {
        (this.r, this.selection, this.cancellation) = (r, selection, cancellation);
        writer = r.Http.Response.BodyWriter;
    }

    /// <summary>Ties the stream to its watcher; events before <paramref name="firstRevision"/> are not delivered.</summary>
    public void Begin(StoreWatcher source, long firstRevision) => (watcher, first) = (source, firstRevision);

    public async ValueTask InitialAsync(byte[] stored)
    {
        if (!selection.IsEmpty && !selection.Matches(stored)) return;
        Frame("ADDED"u8, stored);
        pending += stored.Length;
        if (pending < 64 * 1024) return;
        pending = 0;
        await FlushAsync();
    }

    /// <summary>The bookmark that ends the initial events (<c>sendInitialEvents</c>).</summary>
    public ValueTask InitialEndAsync(long revision)
    {
        WriteBookmark(revision, initialEnd: true);
        return ValueTask.CompletedTask;
    }

    public async ValueTask EventsAsync(IReadOnlyList<StoreEvent> events)
    {
        await gate.WaitAsync(cancellation);
        try
        {
            foreach (var e in events) Event(e);
            written = events[^1].Revision;
            await FlushAsync();
        }
        finally { gate.Release(); }
    }

    public async ValueTask ErrorAsync(ApiError error)
    {
        writer.Write("{\"type\":\"ERROR\",\"object\":"u8);
        writer.Write(KubeJson.ToUtf8(error.ToStatus()));
        writer.Write("}\n"u8);
        await FlushAsync();
    }

    public async ValueTask FlushAsync() => await writer.FlushAsync(cancellation);

    /// <summary>Called by the shared clock; does nothing when the stream is busy (it will have news of its own).</summary>
    public async Task TryBookmarkAsync()
    {
        if (closed || !await gate.WaitAsync(0, CancellationToken.None)) return;
        try
        {
            if (closed || watcher is null) return;
            // Events read but not yet written must not be overtaken: only what was delivered a whole period ago is claimed.
            var settled = Math.Max(progressSeen, written);
            progressSeen = watcher.Progress;
            if (settled == 0) return;
            WriteBookmark(settled, initialEnd: false);
            await FlushAsync();
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The watch is ending; its own loop knows.
        }
        finally { gate.Release(); }
    }

    /// <summary>Before a watch ends by its timeout, clients learn how far they are.</summary>
    public async Task LastBookmarkAsync()
    {
        if (!r.Options.AllowWatchBookmarks || watcher is null) return;
        WriteBookmark(watcher.Progress, initialEnd: false);
        await writer.FlushAsync(r.Cancellation);
    }

    public void Dispose()
    {
        closed = true;
        r.Plane.Shared.Bookmarks.Remove(this);
    }

    // What a change means for a watch with a selector: entering it is ADDED, leaving it DELETED.
    private void Event(StoreEvent e)
    {
        if (e.Revision < first) return;
        var was = e.Previous is not null && (selection.IsEmpty || selection.Matches(e.Previous.Value));
        if (e.Kind == EventKind.Delete)
        {
            if (was) Frame("DELETED"u8, ObjectBytes.WithVersion(e.Previous!.Value, e.Revision));
            return;
        }
        var isNow = selection.IsEmpty || selection.Matches(e.Current.Value);
        if (isNow) Frame(was ? "MODIFIED"u8 : "ADDED"u8, e.Current.Value);
        else if (was) Frame("DELETED"u8, ObjectBytes.WithVersion(e.Previous!.Value, e.Revision));
    }

    private void Frame(ReadOnlySpan<byte> type, byte[] stored)
    {
        writer.Write("{\"type\":\""u8);
        writer.Write(type);
        writer.Write("\",\"object\":"u8);
        writer.Write(Shown(stored));
        writer.Write("}\n"u8);
    }

    private byte[] Shown(byte[] stored)
    {
        if (r.Accept.Shape == Shape.Object) return ObjectAnswer.InVersion(r.Entry, stored);
        var obj = ObjectAnswer.Parsed(r.Entry, stored);
        if (r.Accept.Shape != Shape.Table) return KubeJson.ToUtf8(ObjectAnswer.Metadata(obj, r.Accept.TransformVersion));
        var table = ObjectAnswer.Table(r, [obj], Meta.Of(obj).Text("resourceVersion"), columns: !columnsSent);
        columnsSent = true;
        return KubeJson.ToUtf8(table);
    }

    private void WriteBookmark(long revision, bool initialEnd)
    {
        var metadata = new JsonObject { ["resourceVersion"] = revision.ToString(CultureInfo.InvariantCulture) };
        if (initialEnd) metadata["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
        var kind = r.Accept.Shape switch { Shape.Object => r.Resource.Kind.Kind, Shape.Table => "Table", _ => "PartialObjectMetadata" };
        var version = r.Accept.Shape == Shape.Object ? r.Resource.Kind.ApiVersion : $"meta.k8s.io/{r.Accept.TransformVersion}";
        var bookmark = new JsonObject { ["kind"] = kind, ["apiVersion"] = version, ["metadata"] = metadata };
        if (r.Accept.Shape == Shape.Table)
        {
            bookmark["columnDefinitions"] = columnsSent ? null : Machinery.Tables.TableRenderer.Columns(r.Resource);
            bookmark["rows"] = new JsonArray();
            columnsSent = true;
        }
        writer.Write("{\"type\":\"BOOKMARK\",\"object\":"u8);
        writer.Write(KubeJson.ToUtf8(bookmark));
        writer.Write("}\n"u8);
    }
}
